# %% [markdown]
# # Dropout
#
# **Predict first.** You put dropout in front of a network, to drop a fifth of the pixels, and call
# the network 20 times on the same images. How many different answers do you get: in Keras, in Flax,
# and in Flax once the call is compiled with `jax.jit`?
# %% [markdown]
# ## Keras
# %%
import keras
import numpy as np

from keras_impl.implementation import KerasTwin
from lessons.toolbox import build_alike, draw_rows, equal, near

rows, ones = draw_rows(32), np.ones((32, 28, 28), np.float32)
images, in_keras = rows.images, keras.layers.Dropout(0.2, seed=42)
layers = in_keras, *build_alike(KerasTwin).model.layers
model = keras.Sequential([keras.Input((28, 28)), *layers])
# %% [markdown]
# ## JAX
# %%
import jax
from flax import nnx

from jax_impl.implementation import JaxTwin

in_flax = nnx.Dropout(0.2, rngs=nnx.Rngs(dropout=42))
port = nnx.Sequential(in_flax, build_alike(JaxTwin).model)
quiet, start = nnx.view(port, deterministic=True), nnx.clone(port)
jax_call = jax.jit(nnx.Sequential.__call__)
nnx_call = nnx.jit(nnx.Sequential.__call__)
# %% [markdown]
# ## What happened: different answers in 20 calls
# %% tags=["hide-output"]
train = {"training": True}
calls = {
    "Keras": (1, lambda: model(images)),
    "Keras, training=True": (20, lambda: model(images, **train)),
    "Flax": (20, lambda: port(images)),
    "Flax, deterministic=True": (1, lambda: quiet(images)),
    "Flax, jax.jit": (1, lambda: jax_call(port, images)),
    "Flax, nnx.jit": (20, lambda: nnx_call(port, images)),
}
for name, (taught, call) in calls.items():
    equal(name, taught, len({str(call()) for _ in range(20)}))
kept = [np.max(in_keras(ones, **train)), in_flax(ones).max()]
equal("a pixel of 1 that is kept", [1.25, 1.25], [*map(float, kept)])
# %% [markdown]
# Both divide what they keep by 1 − 0.2, so that sums stay the same on average. They differ in who
# decides whether to drop. A Keras layer drops if it is called with `training=True`: `fit` does
# that, `predict` and `evaluate` do not. A Flax layer drops until it is told otherwise
# (`flax/nnx/nn/stochastic.py`): `port.eval()` tells the whole network, and `nnx.view` makes a
# second network with the same weights that does not drop.
#
# What changes from draw to draw is a counter beside a seed: a variable in Keras, state of the
# network in Flax. As in lesson 8, a call under `jax.jit` changes a copy of that state: the counter
# stays put, every call drops the same pixels, and no error says so. `nnx.jit` writes it back.
#
# In a port, switch to `eval` before you evaluate, and look at the counter: does it move?
#
# **Exercise.** A step under `jax.jit` returns the network's weights, `nnx.state(port, nnx.Param)`,
# and its caller keeps them. The loss falls. How many masks do 20 steps use, and what is missing?
# %%
# Your turn.
# %% tags=["hide-cell"]
import optax

from jax_impl.train import train_step


def advance(port, optimizer, batch, kind):
    loss, _ = train_step(port, optimizer, *batch)
    return loss, nnx.state(port, kind)


batch = images, rows.labels
step = jax.jit(advance, static_argnums=3)
runs = (nnx.Param, 0, 1.965), (nnx.Variable, 20, 2.156)
for kind, counted, taught in runs:
    port, loss = nnx.clone(start), None
    sgd = nnx.Optimizer(port, optax.sgd(0.01), wrt=nnx.Param)
    for _ in range(20):
        loss, state = step(port, sgd, batch, kind)
        nnx.update(port, state)
    (counter,) = jax.tree.leaves(nnx.state(port, nnx.RngCount))
    equal(f"{kind.__name__}: counter", counted, int(counter))
    near("loss of step 20", taught, loss, within=0.001)
# %% [markdown] tags=["hide-cell"]
# One: the counter stays at 0. The loss even falls faster, as the network gets used to the same four
# fifths of the pixels. Return all state, `nnx.state(port)`, or the network, as `run_epoch` does.
