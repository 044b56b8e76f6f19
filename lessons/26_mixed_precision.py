# %% [markdown]
# # bfloat16
#
# **Predict first.** bfloat16 has the range of float32, but 8 binary digits instead of 24: the next
# number after 1 is 1.0078. In this network one step of SGD changes 92 % of the last kernel's
# weights if they are float32. How many does it change if they are bfloat16?
# %%
import numpy as np

from lessons.toolbox import build_alike, draw_rows, equal, near

rows = draw_rows(32)


def share_changed(twin, num_steps=1):
    start = twin.get_parameters().layers[-1].kernel
    orders = np.tile(np.arange(32), (num_steps, 1))
    twin.fit(rows, validation=rows, orders=orders, on_epoch=id)
    return np.mean(twin.get_parameters().layers[-1].kernel != start)


# %% [markdown]
# ## Keras
# %%
from keras_impl.implementation import KerasTwin

keras_twin = build_alike(KerasTwin)
for layer in keras_twin.model.layers:
    layer.dtype_policy = "mixed_bfloat16"  # as `Dense(…, dtype=…)`
output = keras_twin.model(rows.images)
# %% [markdown]
# ## JAX
# %%
import jax
from flax import nnx

from jax_impl.implementation import JaxTwin
from jax_impl.train import loss_fn, to_device

mixed, pure, full = [build_alike(JaxTwin) for _ in range(3)]
for name in mixed.model.layer_names:  # as `nnx.Linear(…, dtype=…)`
    getattr(mixed.model, name).dtype = jax.numpy.bfloat16
    getattr(pure.model, name).dtype = jax.numpy.bfloat16
weights = nnx.state(pure.model, nnx.Param)  # as `param_dtype=…`
nnx.update(pure.model, jax.tree.map(jax.numpy.bfloat16, weights))
logits, exact = (t.predict(rows.images).logits for t in (mixed, full))
error = np.abs(logits - exact).max()
loss, _ = loss_fn(mixed.model, *to_device(rows))
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
equal("Keras: kernel", "float32", layer.kernel.dtype)
equal("Keras: output", "bfloat16", output.dtype.name)
equal("JAX: loss", "bfloat16", loss.dtype.name)
near("JAX: largest error of a logit", 0.006, error, within=0.002)
changed = [share_changed(t) for t in (keras_twin, mixed, pure)]
near("Keras, kernel float32: changed", 0.92, changed[0], within=0.01)
near("JAX, kernel float32: changed", 0.92, changed[1], within=0.01)
near("JAX, kernel bfloat16: changed", 0.10, changed[2], within=0.02)
for twin in (mixed, pure):  # 200 steps, with the one above
    share_changed(twin, 199)
near("float32: loss", 0.7, mixed.evaluate(rows).loss, within=0.1)
near("bfloat16: loss", 1.7, pure.evaluate(rows).loss, within=0.1)
# %% [markdown]
# *Mixed* precision keeps weights in float32 and rounds them only to compute with them: Keras by the
# policy `mixed_bfloat16`, `nnx.Linear` by `dtype=bfloat16`, since its `param_dtype` is float32
# unless you change it. With weights in bfloat16, too, the network learns far more slowly: after 200
# steps the loss is 1.7, not 0.7. The neighbours of a weight of 0.1 are 0.0005 away from it. A step
# of less than half of that is lost; at the rate 0.01, that is each gradient below 0.024. Such steps
# never add up, and no error says so.
#
# Keras converts what its loss is given to float32 (`keras/src/losses/loss.py`). Optax computes in
# the type of the logits, and between 2 and 4 the numbers of bfloat16 are 0.0156 apart. In a port,
# pass the loss `logits.astype("float32")`, and leave `param_dtype` alone. float16 has a smaller
# range, so that small gradients become 0: against that, Keras' `compile` adds a
# `LossScaleOptimizer` to a `mixed_float16` model.
#
# **Exercise.** Lesson 5's row has the logit 200 for class 0 and 0 for its own, class 1: an exact
# loss of 200. What does Keras' mixed model find for it, and what if its last layer stays float32?
# %%
# Your turn.
# %% tags=["hide-cell"]
layer.set_weights([np.zeros((100, 10)), 200 * np.eye(10)[0]])
of_class_1 = rows.rows(rows.labels == 1)
loss = keras_twin.evaluate(of_class_1).loss
near("last layer bfloat16", 16.118, loss, within=0.001)
layer.dtype_policy = "float32"
keras_twin.model.make_test_function(force=True)
loss = keras_twin.evaluate(of_class_1).loss
near("last layer float32", 200, loss, within=0.001)
# %% [markdown] tags=["hide-cell"]
# 16.118: the conversion to float32 hides the softmax, so the loss cannot look behind it, and clips.
# With `dtype="float32"` for the last layer there is nothing to convert, and the loss is exact.
