# %% [markdown]
# # The gradient of each row
#
# **Predict first.** A batch of 32 rows has 32 losses. You ask for the gradient of these losses, not
# of their mean: with `tape.gradient(losses, weights)` in TensorFlow, and with `jax.grad` of a
# function that returns them. Which of the two gives 32 gradients, one for each row?
# %% [markdown]
# ## Keras
# %%
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_impl.implementation import KerasTwin
from lessons.toolbox import build_alike, draw_rows, equal, fails, near

rows, model = draw_rows(32), build_alike(KerasTwin).model
in_keras: Any = keras.losses.sparse_categorical_crossentropy
runs = {"Keras": 0, "JAX": 0}


def gradient_of_first_kernel(at):
    runs["Keras"] += 1  # whenever Python runs this
    with tf.GradientTape() as tape:
        losses = in_keras(rows.labels[at], model(rows.images[at]))
    return tape.gradient(losses, model.trainable_variables)[0]


of_losses = gradient_of_first_kernel(slice(32))
by_loop = np.stack([gradient_of_first_kernel([n]) for n in range(32)])
# %% [markdown]
# ## JAX
# %%
import jax
import optax

from jax_impl.implementation import JaxTwin
from jax_impl.train import loss_fn, to_device

port, data = build_alike(JaxTwin).model, to_device(rows)
in_jax = optax.softmax_cross_entropy_with_integer_labels
of_batch = jax.grad(lambda port, x, y: in_jax(port(x), y))


def loss_of_row(port, image, label):
    runs["JAX"] += 1
    return loss_fn(port, image[None], label[None])[0]


by_vmap = jax.vmap(jax.grad(loss_of_row), (None, 0, 0))(port, *data)
# %% [markdown]
# ## What happened to the first kernel, 784 × 300
# %% tags=["hide-output"]
equal("Keras: shape", [784, 300], [*of_losses.shape])
error = 1e6 * np.abs(of_losses - by_loop.sum(axis=0)).max()
near("millionths from the sum of Keras' loop", 0, error, within=1)
fails("JAX", "TypeError", "shape: (32,)", of_batch, port, *data)
kernels = np.asarray(by_vmap.hidden_1.kernel)
equal("JAX, vmap: shape", (32, 784, 300), kernels.shape)
error = 1e6 * np.abs(kernels - by_loop).max()
near("millionths from Keras' loop", 0, error, within=1)
equal("runs in Python", {"Keras": 1 + 32, "JAX": 1}, runs)
# %% [markdown]
# Neither. A gradient goes back from *one* number. Given 32, TensorFlow adds them up without saying
# so, and JAX refuses. The sum has lost the rows, and its gradient is 32 times that of the mean.
#
# Keras' loop runs the network 32 times, on one row each. In JAX, `grad` turns a function into
# another: the loss of a row into the gradient of a row. `vmap` turns that one into a function of 32
# rows, with one network for all of them (`None`). Python runs the loss once, on a placeholder row.
# TensorFlow has `tf.vectorized_map` and `tape.jacobian`; `keras.ops` computes no gradients.
#
# In a port, look for gradients taken of several losses: `jax.grad` of their sum does the same. Mind
# the memory: 266,610 numbers of four bytes are 34 MB for 32 rows, 59 GB for 55,000.
#
# **Exercise.** No row should pull harder than 1: shorten each row's gradient, taken over all
# weights, to a norm of at most 1, then take the mean. Is that the same as shortening the mean to 1?
# %%
# Your turn.
# %% tags=["hide-cell"]
arrays, norm = jax.tree.leaves(by_vmap), optax.tree.norm
mean = norm([array.mean(axis=0) for array in arrays])
near("norm of the mean", 1.371, mean, within=0.001)
total, count = optax.per_example_global_norm_clip(arrays, 1.0)
equal("rows shortened", 32, int(count))
near("norm of their mean", 0.176, norm(total) / 32, within=0.001)
# %% [markdown] tags=["hide-cell"]
# No. All 32 gradients are shortened, so every row now pulls equally hard, and most of the pulls
# cancel out: their mean has a norm of 0.176. Shortening the mean keeps its direction, in which rows
# with long gradients count for more.
