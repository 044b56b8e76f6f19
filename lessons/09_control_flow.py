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


def keras_if(images):
    largest: Any = keras.ops.max(images)
    if largest > 1.0:
        images = images / 255.0
    return images


def keras_where(images):
    largest: Any = keras.ops.max(images)
    return keras.ops.where(largest > 1.0, images / 255.0, images)


def scaling_network(by) -> Any:
    class Scale(keras.layers.Layer):
        def call(self, images):
            return by(images)

    return keras.Sequential([keras.Input((28, 28)), Scale()])


# %% [markdown]
# ## JAX
# %%
import jax
import jax.numpy as jnp


def jax_if(images):
    if images.max() > 1.0:
        images = images / 255.0
    return images


def jax_where(images):
    return jnp.where(images.max() > 1.0, images / 255.0, images)


def jax_cond(images):
    large = images.max() > 1.0
    return jax.lax.cond(large, lambda: images / 255.0, lambda: images)


# %% [markdown]
# ## What happened
#
# Each way gets the same images of 0 to 255. If it scales them, the brightest pixel is 1.
# %% tags=["hide-output"]
raw = 255 * draw_rows(32).images
tensor, array = tf.constant(raw), jnp.asarray(raw)
by_where = scaling_network(keras_where).predict(raw, verbose=0)
scaled = {
    "Keras: `if`, line by line": keras_if(tensor),
    "JAX: `if`, line by line": jax_if(array),
    "TensorFlow: `if` in tf.function": tf.function(keras_if)(tensor),
    "Keras: keras.ops.where in a layer's call": by_where,
    "JAX: jnp.where in jax.jit": jax.jit(jax_where)(array),
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
# `tf.function` accepts the `if`, because it never runs your function as you wrote it. It reads the
# source first and turns an `if` on a tensor into an operation of the graph (TensorFlow calls this
# AutoGraph). The very same function in the `call` of a Keras layer is refused: Keras 3 leaves
# AutoGraph out when it builds or trains a network. So a layer from Keras 2 may fail in Keras 3.
#
# What works everywhere is to make the choice a computation. `where` computes both results and
# picks; `jax.lax.cond` computes only the chosen one, and wants both of the same shape and type
# (Keras has `keras.ops.cond`). For loops that depend on the data, `jax.lax` and `keras.ops` have
# `while_loop` and `fori_loop`.
#
# In a port, look at every `if`, `while`, `and`, `or` and `not` inside compiled code, and ask
# whether it belongs there: this project scales its images once, in NumPy
# (`shared/data/dataset.py`).
#
# **Exercise.** `train_epoch` in `jax_impl/train.py` contains `if num_full_rows < len(order):`, and
# it is compiled all the same. Why is that no error? Trace it for 56 rows and for 32.
# %%
# Your turn.
# %% tags=["hide-cell"]
from functools import partial

from jax_impl.implementation import JaxTwin
from jax_impl.train import to_device, train_epoch
from shared.experiment import Experiment

twin, data = JaxTwin(Experiment()), to_device(draw_rows(56))
trained = (twin.model, twin.optimizer)
epoch = jax.jit(partial(train_epoch, batch_size=32))
for num_rows, num_steps in ((56, 2), (32, 1)):
    order = jnp.arange(num_rows)
    # Nothing is computed: the steps' losses have only a shape.
    *_, losses = jax.eval_shape(epoch, *trained, data, order)
    equal(f"steps for {num_rows} rows", num_steps, losses.size)
# %% [markdown] tags=["hide-cell"]
# The condition is about a *shape*, and placeholders know their shape: `len(order)` is a plain
# Python number while JAX traces. The `if` is decided then, once: the program for 56 rows has a
# second, smaller step, the one for 32 rows has none. For every other length JAX traces anew.
