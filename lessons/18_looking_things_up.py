# %% [markdown]
# # Looking things up
#
# **Predict first.** `classes` holds 0 to 9. In NumPy, `classes[15]` is an error. What does the same
# line give in Keras, and in JAX? And 32 rows, taken in the order 1 to 32, not 0 to 31?
# %% [markdown]
# ## Keras
# %%
from typing import Any

import keras

from lessons.toolbox import build_alike, draw_rows, equal, fails

keras_classes: Any = keras.ops.arange(10)


def look_up(classes):
    return classes[15]


# %% [markdown]
# ## JAX
# %%
import jax.numpy as jnp
import numpy as np

jax_classes = jnp.arange(10)
rows, order = draw_rows(32), np.arange(1, 33)
images, labels = jnp.asarray(rows.images), jnp.asarray(rows.labels)
taken = images[order]
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
in_numpy, error = np.arange(10), "InvalidArgumentError"
fails("NumPy: classes[15]", "IndexError", "15", look_up, in_numpy)
message = "index 15 of dimension 0 out of bounds"
fails("Keras: classes[15]", error, message, look_up, keras_classes)
equal("JAX: classes[15]", 9, int(look_up(jax_classes)))
take, message = keras.ops.take, "indices[31] = 32 is not in [0, 32)"
fails("NumPy: 1 to 32", "IndexError", "index 32", rows.rows, order)
fails("Keras: 1 to 32", error, message, take, rows.images, order, 0)
same = bool((taken[30] == taken[31]).all())
equal("JAX: the last two of 1 to 32 are the same", True, same)
changed = jax_classes.at[15].set(0)
equal("JAX: at[15].set(0)", [*range(10)], changed.tolist())
# %% [markdown]
# TensorFlow on a CPU checks the index and stops. (On a GPU the lookup of many rows, `tf.gather`,
# stores 0 instead, as its documentation says: `tensorflow/python/ops/array_ops.py`.) JAX cannot
# stop halfway through a compiled program. It takes the nearest index that exists: 15 becomes 9.
# When writing, it leaves out what has no place.
#
# An order that counts from 1 then takes the last row twice and row 0 never; one made for 60,000
# rows and used on 55,000 takes the last row 5,001 times. The loss falls, and nothing looks broken.
#
# In a port, check orders and labels in NumPy, before they become JAX arrays.
#
# **Exercise.** Take the rows 1 to 32 in JAX so that the loss of the batch shows the mistake.
# %%
# Your turn.
# %% tags=["hide-cell"]
from jax_impl.implementation import JaxTwin
from jax_impl.train import loss_fn

port = build_alike(JaxTwin)
filled = images.at[order].get(mode="fill", fill_value=jnp.nan)
loss, _ = loss_fn(port.model, filled, labels)
equal("JAX, mode='fill': loss of the batch", "nan", str(float(loss)))
# %% [markdown] tags=["hide-cell"]
# With `images.at[order].get(mode="fill", fill_value=jnp.nan)` the row that does not exist is nan,
# and so is the loss. `checkify` ([lesson 24](24_debugging.py)) names the index.
