# %% [markdown]
# # Writing into arrays
#
# **Predict first.** `classes` holds 0 to 9. In NumPy, `classes[0] = 1` changes it. What does the
# same line do to a Keras tensor, and to a JAX array? And how do weights change in training, then?
# %% [markdown]
# ## Keras
# %%
from typing import Any

import keras
import numpy as np

from lessons.toolbox import equal, fails


def change(classes):
    classes[0] = 1


keras_classes: Any = keras.ops.arange(10)
variable = keras.Variable(keras_classes)
variable.assign(keras_classes + 1)
# %% [markdown]
# ## JAX
# %%
import jax.numpy as jnp
from flax import nnx

jax_classes = jnp.arange(10)
changed_copy = jax_classes.at[0].set(1)
param = nnx.Param(jax_classes)
taken_out = param[...]
param[...] = jax_classes + 1
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
name, message = "Keras: classes[0] = 1", "not support item assignment"
fails(name, "TypeError", message, change, keras_classes)
name, message = "JAX: classes[0] = 1", "JAX arrays are immutable"
fails(name, "TypeError", message, change, jax_classes)
text = "JAX: first of classes.at[0].set(1), and of classes"
equal(text, (1, 0), (int(changed_copy[0]), int(jax_classes[0])))
equal("Keras: first of the variable", 1, int(variable[0]))
text = "Flax: first of the param, and of what was taken out before"
equal(text, (1, 0), (int(param[0]), int(taken_out[0])))
# %% [markdown]
# Neither framework lets you write into an array: a compiled program may compute things in a
# different order, twice or not at all, and that is only safe as long as no value changes underneath
# it. JAX's message names the way out: `classes.at[0].set(1)` returns a new array and leaves the old
# one as it is. Inside `jax.jit` the compiler may still write in place if nobody needs the old one.
#
# Training changes *variables*: boxes that hold an array. Keras' `Variable` has `assign`, Flax's
# `Param` takes `param[...] = array`. A JAX array that was taken out before stays as it was.
#
# In a port, turn each `array[index] += value` into `array = array.at[index].add(value)`, and do not
# forget the `array =`: without it the line does nothing, and nothing says so.
#
# **Exercise.** Count the labels 3, 5, 3 with `counts[labels] += 1` in NumPy, and with
# `counts.at[labels].add(1)` in JAX. How many threes does each count?
# %%
# Your turn.
# %% tags=["hide-cell"]
labels = np.array([3, 5, 3])
in_numpy = np.zeros(10, int)
in_numpy[labels] += 1
in_jax = jnp.zeros(10, int).at[labels].add(1)
equal("NumPy: threes", 1, int(in_numpy[3]))
equal("JAX: threes", 2, int(in_jax[3]))
# %% [markdown] tags=["hide-cell"]
# NumPy counts one three: it reads `counts[[3, 5, 3]]`, adds 1 to the three numbers and writes them
# back, place 3 twice. JAX's `at[…].add` adds each, and counts two (as `np.add.at` does).
