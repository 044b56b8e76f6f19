# %% [markdown]
# # Looking things up
#
# **Predict first.** `classes` holds 0 to 9. In NumPy, `classes[15]` is an error. What does the same
# line give in Keras, and in JAX? And what if you take 32 rows in the order 1 to 32, not 0 to 31?
# %% [markdown]
# ## Keras
# %%
from operator import getitem
from typing import Any

import keras

from lessons.toolbox import build_alike, draw_rows, equal, fails

keras_classes: Any = keras.ops.arange(10)
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
kind, message = "InvalidArgumentError", "index 15 of dimension 0"
fails("Keras: classes[15]", kind, message, getitem, keras_classes, 15)
equal("JAX: classes[15]", 9, int(jax_classes[15]))
take, message = keras.ops.take, "indices[31] = 32 is not in [0, 32)"
fails("NumPy: 1 to 32", "IndexError", "index 32", rows.rows, order)
fails("Keras: 1 to 32", kind, message, take, rows.images, order, 0)
same = bool((taken[30] == taken[31]).all())
equal("JAX: the last two of 1 to 32 are the same", True, same)
changed = jax_classes.at[15].set(0)
equal("JAX: at[15].set(0)", [*range(10)], changed.tolist())
# %% [markdown]
# TensorFlow on a CPU checks the index and stops. (On a GPU `tf.gather`, which looks up many rows,
# gives 0 instead, as `tensorflow/python/ops/array_ops.py` says.) JAX cannot stop halfway through a
# compiled program: reading takes the nearest index that exists (9 for 15), writing does nothing.
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
# and so is the loss. `checkify.index_checks` ([lesson 24](24_debugging.py)) name the index.
