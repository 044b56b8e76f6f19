# %% [markdown]
# # Export
#
# **Predict first.** Both frameworks write a network as bytes that answer without your Python code.
# This network's 266,610 weights take 1,066,440 bytes. How large is each export: about that much,
# far less, or more? And when the network trains on afterwards, does the export's answer change?
# %% [markdown]
# ## Keras
# %%
from pathlib import Path
from tempfile import TemporaryDirectory

import tensorflow as tf

from keras_impl.implementation import KerasTwin
from lessons.toolbox import build_alike, draw_rows, equal, fails, near

rows, keras_network = draw_rows(60), build_alike(KerasTwin).model
with TemporaryDirectory() as folder:
    keras_network.export(folder, verbose=False)
    files = Path(folder, "variables").iterdir()
    keras_bytes = sum(file.stat().st_size for file in files)
    in_keras = tf.saved_model.load(folder)
keras_answer = in_keras.serve(rows.images).numpy()
keras_network.train_on_batch(rows.images, rows.labels)
# %% [markdown]
# ## JAX
# %%
import jax
from flax import nnx
from jax import export

from jax_impl.implementation import JaxTwin

network = build_alike(JaxTwin).model
graph, state = nnx.split(network)
weights = nnx.to_pure_dict(state)


def answer(weights, images):
    network = nnx.merge(graph, weights)
    logits = jax.vmap(lambda image: network(image[None])[0])
    return nnx.softmax(logits(images))


n_rows = (*export.symbolic_shape("n"), 28, 28)
images = jax.ShapeDtypeStruct(n_rows, "float32")
captured = jax.jit(lambda images: answer(weights, images))
large = export.export(captured)(images).serialize()
small = export.export(jax.jit(answer))(weights, images).serialize()
in_jax = export.deserialize(small)
jax_answer = in_jax.call(weights, rows.images)
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
unit, apart = 4 * 266_610, 1e6 * abs(keras_answer - jax_answer).max()
sizes = [keras_bytes / unit, len(large) / unit, len(small) / unit]
near("Keras: bytes per byte of weights", 2, sizes[0], within=0.01)
near("JAX: same, weights captured", 1, sizes[1], within=0.01)
near("JAX: same, weights passed", 0, sizes[2], within=0.01)
near("answers' difference, in millionths", 0, apart, within=1)
kept = (in_keras.serve(rows.images).numpy() == keras_answer).all()
equal("Keras: export's answer kept after a step", True, kept)
as_is, message = export.export(jax.jit(network)), "as an integer"
fails("JAX: without vmap", "TypeError", message, as_is, images)
# %% [markdown]
# Keras writes TensorFlow's *SavedModel*: a record of the operations, and the weights as variables.
# These are there twice: `keras/src/export/saved_model_export_archive.py` tracks them by two names.
#
# `jax.export` writes a *function*. Weights that the function captured are constants in it. Weights
# that are passed to it are not in it: what is left is less than a hundredth of their size, and
# answers for any weights of these shapes. Neither export learns on: Keras' variables were copied,
# and JAX's arrays never change.
#
# Keras leaves the number of rows open. JAX records exact shapes; `symbolic_shape` makes one of them
# an unknown n. But n is not a Python number, and `len(images)` in `jax_impl/model.py` has to be
# one. Under `jax.vmap` the network sees one row at a time, and never meets n.
#
# In a port, decide what the export should answer (this network returns logits; the softmax was
# added here), and pass weights that will change. Store these beside it, as safetensors, say.
#
# **Exercise.** Export for a TPU, which you do not have. When does that fail, if at all?
# %%
# Your turn.
# %% tags=["hide-cell"]
tpu = export.export(captured, platforms=["tpu"])(images)
call, message = tpu.call, "exported for platforms '('tpu',)'"
fails("asked here", "ValueError", message, call, rows.images)
# %% [markdown] tags=["hide-cell"]
# When you call it. An export holds operations, not machine code, which is compiled where you call
# it. It is for the platforms you name, by default the one at hand; `["cpu", "tpu"]` is for both.
