# %% [markdown]
# # One key for two layers
#
# **Predict first.** In JAX you draw the kernels of both hidden layers, 784×300 and 300×100, from
# one key. They differ in shape and spread. Do they share anything? And in Keras, without a key?
# %% [markdown]
# ## Keras
# %%
import keras
import numpy as np

from lessons.toolbox import equal, near


def keras_kernels(seed=None):
    keras.utils.set_random_seed(42)
    first = keras.initializers.GlorotUniform(seed)((784, 300))
    second = keras.initializers.GlorotUniform(seed)((300, 100))
    return first, second


def correlation(kernels):
    """The correlation of the two kernels' weights, in their order."""
    first, second = map(np.ravel, kernels)
    return np.corrcoef(first[: second.size], second)[0, 1]


without_seed = correlation(keras_kernels())
with_seed = correlation(keras_kernels(seed=42))
# %% [markdown]
# ## JAX
# %%
import jax
from flax import nnx

key = jax.random.key(42)
key_1, key_2 = jax.random.split(key)


def jax_kernels(first_key, second_key):
    draw = jax.nn.initializers.glorot_uniform()
    return draw(first_key, (784, 300)), draw(second_key, (300, 100))


one_key = jax_kernels(key, key)
split_key = jax_kernels(key_1, key_2)

rngs = nnx.Rngs(42)
hidden_1 = nnx.Linear(784, 300, rngs=rngs)
hidden_2 = nnx.Linear(300, 100, rngs=rngs)
from_rngs = hidden_1.kernel[...], hidden_2.kernel[...]
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
near("Keras: correlation, no seed", 0.00, without_seed, within=0.02)
near("Keras: seed=42 for both", 1.0000, with_seed, within=1e-4)
near("JAX: the same key", 1.0000, correlation(one_key), within=1e-4)
near("JAX: a key for each", 0.00, correlation(split_key), within=0.02)
near("Flax: one Rngs", 0.00, correlation(from_rngs), within=0.02)
# %% [markdown]
# A key is not a generator. It is a number, and drawing from it is plain arithmetic: the same key
# in, the same numbers out. So the second layer's 30,000 weights are the first layer's first 30,000
# once more, only scaled to another spread. JAX says nothing: a key used twice is not an error.
#
# In Keras the layers share a generator with a memory: each initialiser takes a seed from it, so the
# layers differ. With `seed=42` for both, Keras repeats itself: a fixed seed *is* a key.
#
# In a port, use each key once. `jax.random.split` makes several keys from one, `jax.random.fold_in`
# makes one from a key and a number, such as the epoch's. In Flax, pass one `nnx.Rngs(42)` to all
# layers: it folds a count into its key. A new one for each layer repeats this lesson's mistake.
#
# **Exercise.** You split a key in two for the hidden layers. Later the output layer needs a key as
# well, and you take `jax.random.fold_in(key, 0)` from the same key. Is that a new one?
# %%
# Your turn.
# %% tags=["hide-cell"]
third = jax.random.fold_in(key, 0)
remedy = jax.random.split(key, 3)[2]
equal("fold_in(key, 0) is key_1", True, bool(third == key_1))
equal("fold_in(key, 0) is key_2", False, bool(third == key_2))
equal("third of three is key_1 or 2", False, remedy in (key_1, key_2))
# %% [markdown] tags=["hide-cell"]
# No: it is the split's first key, so the output layer would repeat `hidden_1`. Splitting uses a key
# up, just as drawing does. Split into three, or fold into an unused key.
