# %% [markdown]
# # Batch normalisation
#
# **Predict first.** You put batch normalisation in front of a network and train 200 steps on one
# batch. In JAX, a step under `jax.jit` returns the weights, and the caller keeps them. The loss of
# the last step agrees with Keras'. Now evaluate both networks on the batch: do they still agree?
# %% [markdown]
# ## Keras
# %%
import keras
import numpy as np

from keras_impl.implementation import KerasTwin
from keras_impl.train import LOSS, QUIET
from lessons.toolbox import build_alike, draw_rows, equal, near

pixels = draw_rows(32).images.reshape(32, 784)
batch, STEPS = (pixels, draw_rows(32).labels), range(200)
in_keras = keras.layers.BatchNormalization()
dense = build_alike(KerasTwin).model.layers[1:]
model = keras.Sequential([keras.Input((784,)), in_keras, *dense])
model.compile(keras.optimizers.SGD(0.01), LOSS)
by_keras = [model.train_on_batch(*batch) for _ in STEPS]
# %% [markdown]
# ## JAX
# %%
import jax
import optax
from flax import nnx

from jax_impl.implementation import JaxTwin
from jax_impl.train import loss_fn, train_step

in_flax = nnx.BatchNorm(784, epsilon=1e-3, rngs=nnx.Rngs(42))
start = nnx.Sequential(in_flax, build_alike(JaxTwin).model)


def advance(port, optimizer, batch, kind):
    loss, _ = train_step(port, optimizer, *batch)
    return loss, nnx.state(port, kind)


step, by_jax, ports = jax.jit(advance, static_argnums=3), {}, {}
for name, kind in ("weights", nnx.Param), ("all", nnx.Variable):
    port = nnx.clone(start)
    sgd = nnx.Optimizer(port, optax.sgd(0.01), wrt=nnx.Param)
    for _ in STEPS:
        by_jax[name], state = step(port, sgd, batch, kind)
        nnx.update(port, state)
    ports[name] = nnx.view(port, use_running_average=True)
# %% [markdown]
# ## What happened to the layer's state, and to the loss
# %% tags=["hide-output"]
names = [v.name for v in in_keras.non_trainable_variables]
equal("Keras: not trained", ["moving_mean", "moving_variance"], names)
names = list(nnx.state(in_flax, nnx.BatchStat))
equal("Flax: nnx.BatchStat, not nnx.Param", ["mean", "var"], names)
near("Keras: step 200", 0.060, by_keras[-1], within=0.001)
found = model.evaluate(*batch, **QUIET)
near("Keras: evaluated", 0.422, found, within=0.001)
for name, taught in ("weights", 1.575), ("all", 0.422):
    near(f"JAX, {name}: step 200", 0.06, by_jax[name], within=0.001)
    found, _ = jax.jit(loss_fn)(ports[name], *batch)
    near(f"JAX, {name}: evaluated", taught, found, within=0.001)
# %% [markdown]
# No. In training the layer uses the mean and variance of the batch at hand; otherwise, those that
# it has stored. Each call in training mixes 1 % of the batch's into the stored ones; the optimiser
# has no part in it. A step that returns only `nnx.Param` loses them, like lesson 20's counter, and
# the training loss does not show it, as training never reads them. With all state returned, both
# agree. 0.422 is still not 0.060, as 0.99²⁰⁰ = 13 % of each stored number is what it was at first.
#
# In a port, compare evaluations, too, and write `epsilon=1e-3`, Keras' default. Flax's own default
# adds only 0.00001 to the variance (`flax/nnx/nn/normalization.py`), and pixels that are almost
# always dark come out up to √100 = 10 times larger.
#
# **Exercise.** Normalisation subtracts the mean, so adding 1000 to every pixel should change
# little. What does it change in Keras, and in Flax? Which argument of `nnx.BatchNorm` helps?
# %%
# Your turn.
# %% tags=["hide-cell"]
moved, expected = pixels + 1000, in_flax(pixels)
fresh = keras.layers.BatchNormalization()
change = np.abs(fresh(moved, training=True) - expected).max()
near("Keras: largest change", 0, change, within=0.01)
change = np.abs(in_flax(moved) - expected).max()
equal("Flax: a change of more than 10", True, bool(change > 10))
in_flax.use_fast_variance = False
change = np.abs(in_flax(moved) - expected).max()
near("Flax, use_fast_variance=False", 0, change, within=0.01)
# %% [markdown] tags=["hide-cell"]
# Flax computes the variance as the mean of the squares minus the square of the mean. Both are about
# 1,000,000 here, and float32 knows them to 0.06; the variance of numbers from 0 to 1 is at most
# 0.25. With `use_fast_variance=False` Flax does what Keras does.
