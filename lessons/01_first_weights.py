# %% [markdown]
# # The first weights
#
# **Predict first.** Both frameworks create a dense layer with 784 inputs and 300 units, and you
# name no initialiser. Do the weights have the same spread? If not, in which framework is it larger?
# %% [markdown]
# ## Keras
# %%
import keras

from lessons.toolbox import near

keras.utils.set_random_seed(42)
dense = keras.layers.Dense(300)
dense.build((None, 784))
in_keras = dense.get_weights()[0]
# %% [markdown]
# ## JAX
# %%
from flax import nnx

in_flax = nnx.Linear(784, 300, rngs=nnx.Rngs(42)).kernel[...]
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
near("Keras: standard deviation", 0.0430, in_keras.std(), within=2e-4)
near("Flax: standard deviation", 0.0357, in_flax.std(), within=2e-4)
near("Keras: largest value", 0.0744, abs(in_keras).max(), within=1e-4)
near("Flax: largest value", 0.0812, abs(in_flax).max(), within=1e-4)
# %% [markdown]
# Keras draws kernels *Glorot-uniform*: evenly between −l and l with l = √(6 / (fan_in + fan_out)) =
# √(6 / 1084) = 0.0744, a standard deviation of l / √3 = 0.0430.
#
# Flax draws them *LeCun-normal*: the standard deviation should be √(1 / fan_in) = √(1 / 784) =
# 0.0357. JAX cuts a normal distribution off at two standard deviations, which makes it narrower, so
# it starts from 0.0406: 0.0357 is left, and no weight is larger than 2 × 0.0406 = 0.0812.
#
# Both are sensible, and both networks learn. But a port that leaves this default in place is a
# different experiment, and no seed makes the two agree.
#
# **Exercise.** Which argument of `nnx.Linear` gives its kernel the same spread as in Keras?
# %%
# Your turn.
# %% tags=["hide-cell"]
glorot = nnx.initializers.glorot_uniform()
linear = nnx.Linear(784, 300, kernel_init=glorot, rngs=nnx.Rngs(42))
near("Flax: spread", 0.0430, linear.kernel[...].std(), within=2e-4)
# %% [markdown] tags=["hide-cell"]
# `kernel_init=nnx.initializers.glorot_uniform()`. The numbers still differ, since the two
# frameworks draw from different generators; only copying the arrays makes them equal.
