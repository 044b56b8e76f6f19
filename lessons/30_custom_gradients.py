# %% [markdown]
# # A gradient of one's own
#
# **Predict first.** To make a network simpler, you round the outputs of its second hidden layer to
# one decimal, and train it like that. Which gradient does the kernel of the first layer get: from
# TensorFlow, and from JAX?
# %% [markdown]
# ## Keras
# %%
from functools import partial

import keras
import tensorflow as tf

from keras_impl.implementation import KerasTwin
from lessons.toolbox import build_alike, draw_rows, equal, fails, near

rows = draw_rows(32)
*earlier, output = build_alike(KerasTwin).model.layers
hidden = keras.Sequential(earlier)


def keras_gradient(rounding):
    with tf.GradientTape() as tape:
        probabilities = output(rounding(hidden(rows.images)))
        found = tf.gather(probabilities, rows.labels, batch_dims=1)
        loss = -tf.reduce_mean(tf.math.log(found))
    return tape.gradient(loss, earlier[1].kernel)


keras_round = partial(keras.ops.round, decimals=1)
custom = keras.ops.custom_gradient
keras_own = custom(lambda x: (keras_round(x), lambda above: above))
# %% [markdown]
# ## JAX
# %%
import jax
import jax.numpy as jnp
from flax import nnx
from jax.test_util import check_grads

from jax_impl.implementation import JaxTwin
from jax_impl.train import loss_fn, to_device


def jax_gradient(rounding):
    port, batch = build_alike(JaxTwin).model, to_device(rows)
    port.output = nnx.Sequential(rounding, port.output)
    gradients, _ = jax.grad(loss_fn, has_aux=True)(port, *batch)
    return gradients.hidden_1.kernel[...]


jax_round = partial(jnp.round, decimals=1)
own = jax.custom_vjp(jax_round)
own.defvjp(lambda x: (jax_round(x), None), lambda _, above: (above,))
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
equal("TensorFlow", None, keras_gradient(keras_round))
equal("JAX: largest", 0.0, float(abs(jax_gradient(jax_round)).max()))
passed, x = jax_gradient(own), jnp.array([0.375, 0.625])
near("JAX, own: largest", 0.0195, abs(passed).max(), within=0.0001)
distance = 1e9 * abs(passed - keras_gradient(keras_own).numpy()).max()
near("its billionths from Keras'", 0, distance, within=100)
check = partial(check_grads, order=1, modes=["rev"])
fails("check_grads", "AssertionError", "Not equal", check, own, [x])
fails("jax.jvp", "TypeError", "forward-mode", jax.jvp, own, [x], [x])
# %% [markdown]
# Rounding is flat between its jumps: JAX finds zeros, TensorFlow None
# (`tensorflow/python/ops/math_grad.py`). Either way the kernel never moves. Keras' optimisers warn
# of None (`keras/src/optimizers/base_optimizer.py`).
#
# A gradient of your own can pass on what comes from above, as if nothing had been rounded. In Keras
# one function returns the result and another function, for the way back. JAX takes two: the first
# returns the result and what the second needs (here None), the second a gradient for each argument.
#
# In a port, let `check_grads` judge your gradients: nothing else does. It compares them with
# differences of values of the function, and rightly finds this one wrong. (TensorFlow:
# `tf.test.compute_gradient`.)
#
# **Exercise.** `jax.jvp`, which goes forwards, refuses this function. Give it a rule for both ways.
# %%
# Your turn.
# %% tags=["hide-cell"]
both = jax.custom_jvp(jax_round)
both.defjvps(lambda tangent, *_: tangent)
distance = 1e9 * abs(passed - jax_gradient(both)).max()
near("its billionths from custom_vjp", 0, distance, within=100)
equal("jax.jvp", x.tolist(), jax.jvp(both, [x], [x])[1].tolist())
# %% [markdown] tags=["hide-cell"]
# `jax.custom_jvp` takes the rule for the way forwards, and JAX turns it around for the way back.
# `custom_vjp` is for what happens on the way back alone, such as clipping a gradient.
