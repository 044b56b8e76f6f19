# %% [markdown]
# # Writing into arrays, and looking things up
#
# **Predict first.** `classes` holds 0 to 9. In NumPy, `classes[0] = 1` changes it and `classes[15]`
# is an error. What do the same two lines do to a Keras tensor, and to a JAX array?
# %% [markdown]
# ## Keras
# %%
from typing import Any

import keras

from keras_impl.implementation import KerasTwin
from lessons.toolbox import build_alike, draw_rows, draw_weights, equal, fails, show
from shared.experiment import Experiment
from shared.parameters import largest_difference


def change(classes):
    classes[0] = 1


keras_classes: Any = keras.ops.arange(10)
keras_twin = build_alike(KerasTwin)
show("keras_impl.model:set_parameters")
# %% [markdown]
# ## JAX
# %%
import jax.numpy as jnp
import numpy as np

from jax_impl.implementation import JaxTwin

jax_classes = jnp.arange(10)
changed_copy = jax_classes.at[0].set(1)

jax_twin: Any = JaxTwin(Experiment())
taken_out = jax_twin.model.hidden_1.kernel[...]
before = np.array(taken_out)
jax_twin.set_parameters(draw_weights())
show("jax_impl.model:set_parameters")
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
name, message = "Keras: classes[0] = 1", "not support item assignment"
fails(name, "TypeError", message, change, keras_classes)
fails("JAX: classes[0] = 1", "TypeError", "JAX arrays are immutable", change, jax_classes)
text = "JAX: first of classes.at[0].set(1), and of classes"
equal(text, (1, 0), (int(changed_copy[0]), int(jax_classes[0])))

error, message = "InvalidArgumentError", "index 15 of dimension 0 out of bounds"
fails("Keras: classes[15]", error, message, lambda: keras_classes[15])
equal("JAX: classes[15]", 9, int(jax_classes[15]))

for name, twin in (("Keras", keras_twin), ("Flax", jax_twin)):
    distance = largest_difference(twin.get_parameters(), draw_weights())
    equal(f"{name}: distance from weights copied in", 0.0, distance)
changed = not np.array_equal(taken_out, before)
equal("Flax: an array taken out before has changed", False, changed)
# %% [markdown]
# Neither framework lets you write into an array: a compiled program may compute things in another
# order, twice or not at all, and that is only safe as long as no value changes underneath it. JAX's
# message names the way out: `classes.at[0].set(1)` returns a new array and leaves the old one as it
# is. Inside `jax.jit` the compiler may still write in place where nobody needs the old one.
#
# Training changes *variables*: boxes that hold an array. Keras' `Variable` has `assign`, Flax's
# `Param` takes `kernel[...] = array`. A JAX array taken out before stays as it was.
#
# The index is the trap. TensorFlow on a CPU checks it and stops. JAX, which cannot stop halfway
# through a compiled program, takes the nearest index that exists: 15 becomes 9. An order of rows
# that counts from 1, or one made for 60,000 rows and used on 55,000, then trains on the last row
# again and again, and nothing looks broken. Check orders in NumPy, before they become JAX arrays.
#
# **Exercise.** A batch of 32 rows is taken in the order 1 to 32 instead of 0 to 31. What do NumPy
# and JAX return, and how can JAX be made to show the mistake?
# %%
# Your turn.
# %% tags=["hide-cell"]
from jax_impl.train import loss_fn

rows, order = draw_rows(32), np.arange(1, 33)
images, labels = jnp.asarray(rows.images), jnp.asarray(rows.labels)
clamped = images[order]
filled = images.at[order].get(mode="fill", fill_value=jnp.nan)
loss, _ = loss_fn(jax_twin.model, filled, labels)
fails("NumPy", "IndexError", "index 32 is out of bounds", lambda: rows.images[order])
same = bool((clamped[30] == clamped[31]).all())
equal("JAX: the last two rows taken are the same", True, same)
equal("JAX, mode='fill': loss of the batch", "nan", str(float(loss)))
# %% [markdown] tags=["hide-cell"]
# NumPy raises an IndexError. JAX leaves out row 0 and takes row 31 twice. With
# `images.at[order].get(mode="fill", fill_value=jnp.nan)` the row that does not exist is nan, and so
# is the loss: at least it can be seen.
