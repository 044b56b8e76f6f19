# %% [markdown]
# # An `if` on the data
#
# **Predict first.** A network should take pixels of 0 to 1 and of 0 to 255: `if images.max() > 1.0:
# images = images / 255.0`. Run line by line, this works in both frameworks. Where does it work once
# compiled: in `tf.function`, in the `call` of a Keras layer, in `jax.jit`?
# %% [markdown]
# ## Keras
# %%
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lessons.toolbox import draw_rows, equal, fails, near

ops: Any = keras.ops


def keras_if(images):
    if ops.max(images) > 1.0:
        images = images / 255.0
    return images


def keras_where(images):
    return ops.where(ops.max(images) > 1.0, images / 255.0, images)


def scaling_network(by) -> Any:
    class Scale(keras.layers.Layer):
        def call(self, images):
            return by(images)

    return keras.Sequential([keras.Input((28, 28)), Scale()])


# %% [markdown]
# ## JAX
# %%
import jax


def jax_if(images):
    if images.max() > 1.0:
        images = images / 255.0
    return images


def jax_cond(images):
    large = images.max() > 1.0
    return jax.lax.cond(large, lambda: images / 255.0, lambda: images)


# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
# Once these images are scaled, their brightest pixel is 1.
raw = 255 * draw_rows(32).images
tensor, array = tf.constant(raw), jax.numpy.asarray(raw)
by_where = scaling_network(keras_where).predict(raw, verbose=0)
scaled = {
    "Keras: `if`, line by line": keras_if(tensor),
    "JAX: `if`, line by line": jax_if(array),
    "TensorFlow: `if` in tf.function": tf.function(keras_if)(tensor),
    "Keras: keras.ops.where in a layer's call": by_where,
    "JAX: jax.lax.cond in jax.jit": jax.jit(jax_cond)(array),
}
for text, images in scaled.items():
    near(text, 1.0, np.max(images), within=0.001)
error, message = "OperatorNotAllowedInGraphError", "a Python `bool`"
fails("Keras: in a call", error, message, scaling_network, keras_if)
error, message = "TracerBoolConversionError", "boolean conversion"
fails("JAX: in jax.jit", error, message, jax.jit(jax_if), array)
# %% [markdown]
# To compile a function, each framework runs it once with placeholders instead of arrays. They know
# their shape and type, but hold no numbers yet. `if` is Python's own: it needs True or False at
# once, and a placeholder has neither. So JAX raises an error that names the function.
#
# `tf.function` accepts the `if`, because it reads the source first and turns an `if` on a tensor
# into an operation of the graph (AutoGraph). Keras 3 leaves that out when it builds or trains a
# network, so the same function in a `call` is refused, and a layer from Keras 2 may fail.
#
# What works everywhere is to compute the choice. `keras.ops.where` and `jnp.where` compute both
# results and pick; `cond` computes only the chosen one, and wants both to have the same shape and
# type. `keras.ops` and `jax.lax` have `cond`, and for loops over data `while_loop` and `fori_loop`.
#
# In a port, look at every `if`, `while`, `and`, `or` and `not` inside compiled code, and ask
# whether it belongs there: this project scales once, in NumPy (`shared/data/dataset.py`).
#
# **Exercise.** `train_epoch` in `jax_impl/train.py` contains `if num_full_rows < len(order):`, and
# it is compiled all the same. Why is that no error? Train on orders of 56 rows and of 32.
# %%
# Your turn.
# %% tags=["hide-cell"]
from jax_impl.implementation import JaxTwin
from lessons.toolbox import build_alike

rows = draw_rows(56)
options = {"validation": rows, "on_epoch": lambda _metrics: None}
for num_rows, num_steps in ((56, 2), (32, 1)):
    orders = np.arange(num_rows)[None]
    report = build_alike(JaxTwin).fit(rows, orders=orders, **options)
    found = len(report.step_losses)
    equal(f"steps for {num_rows} rows", num_steps, found)
# %% [markdown] tags=["hide-cell"]
# The condition is about a *shape*, and placeholders know their shape: `len(order)` is a plain
# Python number while JAX traces. The `if` is decided then, once: the program for 56 rows has a
# second, smaller step, the one for 32 rows has none. For every other length JAX traces anew.
