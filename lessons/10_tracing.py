# %% [markdown]
# # When Python runs the network's code
#
# **Predict first.** Neither framework runs the network's Python code at every step. It runs only to
# record what is computed, and the record does the training. An epoch has two batches of 32 rows and
# a last one of 24. In two epochs, six steps, how often does that code run in Keras, and in JAX?
# %%
from lessons.toolbox import build_alike, draw_rows, equal, near

rows = draw_rows(32 + 32 + 24)  # 55,000 rows leave 24 as well
# %% [markdown]
# ## Keras
# %%
from unittest.mock import patch

from keras_impl.implementation import KerasTwin
from keras_impl.train import QUIET

network = build_alike(KerasTwin).model
how = {"batch_size": 32, "epochs": 2, **QUIET}
# Python's `mock` counts the calls of the network, and passes them on.
with patch.object(network, "call", wraps=network.call) as counting:
    network.fit(rows.images, rows.labels, **how)
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
# ## What happened
# %% tags=["hide-output"]
equal("Keras: runs of the network's code", 2, counting.call_count)
equal("JAX: rows of the batch in each trace", [32, 24], jax_traces)
# %% [markdown]
# Counting a call, appending to a list and printing are not operations on arrays. They leave nothing
# in the record and happen only when Python itself runs the code: once for each record, or *trace*.
#
# JAX records for exact shapes: one trace for 32 rows and one for 24, each of them compiled. In the
# second epoch both are found by their shapes. Keras lets TensorFlow leave the number of rows open
# (the shape is `(None, 28, 28)`), so that one record serves both batches. It is made twice all the
# same: the first time creates the variables in which the accuracy is counted, and TensorFlow then
# records once more without creating any.
#
# In a port, count the shapes: two shapes are two compilations, which is cheap; a new shape in each
# step would be a compilation in each step. And code that should print or count in each step does it
# only while JAX traces. Return the number instead, and print outside.
#
# **Exercise.** Train the last batch of 24 rows without a second trace, but to the same weights.
# %%
# Your turn.
# %% tags=["hide-cell"]
import jax.numpy as jnp
from optax import softmax_cross_entropy_with_integer_labels as loss_of

from shared.parameters import largest_difference

jax_traces.clear()


@nnx.jit
def weighted_step(model, optimizer, images, labels, counts):
    def loss_fn(model):
        jax_traces.append(len(labels))
        losses = loss_of(model(images), labels)
        return jnp.average(losses, weights=counts)

    optimizer.update(model, nnx.grad(loss_fn)(model))


filled = build_alike(JaxTwin)
for batch in jnp.tile(jnp.arange(96), 2).reshape(6, 32):
    taken = batch % 88  # rows 0 to 7 fill the last batch up
    data = images[taken], labels[taken], batch < 88
    weighted_step(filled.model, filled.optimizer, *data)
found, expected = filled.get_parameters(), twin.get_parameters()
error = 1e9 * largest_difference(found, expected)
equal("rows of the batch in each trace", [32], jax_traces)
near("difference, in billionths", 0, error, within=100)
# %% [markdown] tags=["hide-cell"]
# Fill the batch up to 32 rows and average the losses with weights: 1 for its own rows, 0 for the
# others. That divides by 24. (By 32 it would be a different training: lesson 16.)
