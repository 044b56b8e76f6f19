# %% [markdown]
# # When Python runs the network's code
#
# **Predict first.** Neither framework runs the network's Python code at every step. It runs only to
# record what is computed, and the record does the training. An epoch has batches of 32 rows and a
# last one of 24. In two epochs, six steps, how often does Python run it in Keras, and in JAX?
# %%
from lessons.toolbox import build_alike, draw_rows, equal, near
from shared.experiment import Experiment

rows = draw_rows(32 + 32 + 24)  # 55,000 rows leave 24 as well
# %% [markdown]
# ## Keras
# %%
import keras

from keras_impl.model import build_model
from keras_impl.train import QUIET, prepare_training

keras_calls = []


class Counting(keras.Sequential):
    def call(self, *arguments, **options):
        keras_calls.append("call")  # whenever Python runs this
        return super().call(*arguments, **options)


layers = build_model(Experiment()).layers
keras_network = Counting([keras.Input((28, 28)), *layers])
prepare_training(keras_network, Experiment())
how = {"batch_size": 32, "epochs": 2, **QUIET}
keras_calls.clear()  # building the network ran it, too
keras_network.fit(rows.images, rows.labels, **how)
in_first_fit = len(keras_calls)
keras_network.fit(rows.images, rows.labels, **how)
in_second_fit = len(keras_calls) - in_first_fit
# %% [markdown]
# ## JAX
# %%
from flax import nnx

from jax_impl.implementation import JaxTwin
from jax_impl.train import to_device, train_step

jax_traces = []


@nnx.jit
def step(model, optimizer, images, labels):
    jax_traces.append(len(labels))  # whenever Python runs this
    return train_step(model, optimizer, images, labels)


twin = build_alike(JaxTwin)
images, labels = to_device(rows)
for start in (0, 32, 64) * 2:
    batch = slice(start, start + 32)
    step(twin.model, twin.optimizer, images[batch], labels[batch])
# %% [markdown]
# ## What happened in six steps
# %% tags=["hide-output"]
equal("Keras: runs of `call` in the first fit", 2, in_first_fit)
equal("Keras: runs of `call` in the second fit", 0, in_second_fit)
equal("JAX: rows of the batch in each trace", [32, 24], jax_traces)
# %% [markdown]
# Appending to a list, like `print`, is not an operation on arrays. It leaves nothing in the record
# and happens only when Python itself runs the code: it counts recordings, or *traces*.
#
# JAX records for exact shapes. A batch of 32 rows makes one trace, a batch of 24 another, and each
# is compiled. From then on both are found by their shapes, so the second epoch adds none.
#
# Keras lets TensorFlow leave the number of rows open (the shape is `(None, 28, 28)`), so that one
# record serves both batches. It is made twice all the same, since the first time creates the
# variables in which the accuracy is counted, and TensorFlow then records once more without creating
# any. A second `fit` finds the record and runs no Python code of the network at all.
#
# In a port, count the shapes: two of them are two compilations, which is cheap. A new shape in
# every step would be a compilation in every step. And code that should *do* something in each step,
# print or count, does it only while JAX traces. Return the number instead, and print outside.
#
# **Exercise.** Train the last batch of 24 rows without a second trace, but to the same weights.
# %%
# Your turn.
# %% tags=["hide-cell"]
import jax.numpy as jnp
import numpy as np
from optax import softmax_cross_entropy_with_integer_labels as loss_of

from lessons.toolbox import weights_after
from shared.oracle import Oracle
from shared.parameters import largest_difference

traces = []


@nnx.jit
def weighted_step(model, optimizer, images, labels, counts):
    traces.append(len(labels))

    def loss_fn(model):
        losses = loss_of(model(images), labels)
        return jnp.average(losses, weights=counts)

    optimizer.update(model, nnx.grad(loss_fn)(model))


twin = build_alike(JaxTwin)
for batch in jnp.arange(96).reshape(3, 32):
    counts = batch < 88  # the rows after it do not exist:
    taken = jnp.where(counts, batch, 0)  # row 0 stands in, uncounted
    data = images[taken], labels[taken], counts
    weighted_step(twin.model, twin.optimizer, *data)

# NumPy; its last batch has 24 rows.
expected = weights_after(Oracle, rows, np.arange(88)[None])
error = 1e9 * largest_difference(twin.get_parameters(), expected)
equal("rows of the batch in each trace", [32], traces)
near("largest weight error, in billionths", 0, error, within=100)
# %% [markdown] tags=["hide-cell"]
# Fill the batch up to 32 rows and average the losses with weights: 1 for rows that exist, 0 for the
# others. That divides by 24. (By 32 it would be a different training: lesson 16.) The oracle agrees
# up to float32's rounding. The port itself keeps two shapes, since that code is shorter.
