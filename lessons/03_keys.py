# %% [markdown]
# # One key for two layers
#
# **Predict first.** You draw the kernels of both hidden layers in JAX, 784×300 and 300×100, and
# pass the same key for both. They differ in shape and spread. Do they have anything in common? And
# what happens in Keras, where you pass no key at all?
# %% [markdown]
# ## Keras
# %%
import keras
import numpy as np


def keras_kernels(seed=None):
    keras.utils.set_random_seed(42)
    kernels = []
    for shape in ((784, 300), (300, 100)):
        draw = keras.initializers.GlorotUniform(seed)
        kernels.append(keras.ops.convert_to_numpy(draw(shape)))
    return kernels


def correlation(kernels):
    """How much the second kernel's weights repeat the first's: 0 to 1."""
    first, second = (kernel.ravel() for kernel in kernels)
    return np.corrcoef(first[: second.size], second)[0, 1]


without_seed = correlation(keras_kernels())
with_seed = correlation(keras_kernels(seed=42))
# %% [markdown]
# ## JAX
#
# The same key for both; a key for each; and Flax's `Rngs`, which makes the keys by itself.
# %%
import jax
from flax import nnx

key = jax.random.key(42)
key_1, key_2 = jax.random.split(key)


def jax_kernels(first_key, second_key):
    draw = jax.nn.initializers.glorot_uniform()
    kernels = draw(first_key, (784, 300)), draw(second_key, (300, 100))
    return [np.asarray(kernel) for kernel in kernels]


rngs = nnx.Rngs(42)
layers = nnx.Linear(784, 300, rngs=rngs), nnx.Linear(300, 100, rngs=rngs)

one_key = jax_kernels(key, key)
split_key = jax_kernels(key_1, key_2)
from_rngs = [np.asarray(layer.kernel[...]) for layer in layers]
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
from lessons.evidence import equal, near

near("Keras: correlation of the layers", 0.00, without_seed, within=0.02)
near("Keras: both with seed=42", 1.0000, with_seed, within=0.0001)
near("JAX: the same key for both", 1.0000, correlation(one_key), within=0.0001)
near("JAX: a key for each, by split", 0.00, correlation(split_key), within=0.02)
near("Flax: one Rngs for both", 0.00, correlation(from_rngs), within=0.02)
# %% tags=["hide-output"]
from benchmarks.display.style import new_figure

drawing = new_figure(8, 4)
both_axes = drawing.subplots(1, 2, sharex=True, sharey=True)
titles = ("the same key for both", "a key for each, by split")
for axes, title, kernels in zip(both_axes, titles, (one_key, split_key), strict=True):
    first, second = (kernel.ravel()[:1000] for kernel in kernels)
    axes.plot(first, second, ".", markersize=3)
    axes.set(title=title, xlabel="weight of hidden_1", ylabel="weight of hidden_2")
    axes.set_xticks([-0.05, 0.0, 0.05])
drawing
# %% [markdown]
# A key is not a generator. It is a number, and drawing from it is plain arithmetic: the same key
# in, the same numbers out, as often as you like. So the second layer's 30,000 weights are the first
# layer's first 30,000 once more, only scaled for another spread. JAX says nothing: a key used twice
# is not an error.
#
# In Keras a generator with a memory stands behind the layers. Each initialiser takes a seed from
# it, and it moves on, so the layers differ without your doing anything. But give both the same
# integer, `seed=42`, and Keras repeats itself in just the same way. A fixed seed *is* a key.
#
# In a port, use each key once. `jax.random.split` makes several keys of one, `jax.random.fold_in`
# makes one for a number, the epoch's for instance, as this port does for its batch orders. In Flax,
# create one `nnx.Rngs(42)` and pass it to all layers: it counts, and folds the count into its key.
# A new `nnx.Rngs(42)` for each layer is the mistake of this lesson.
#
# **Exercise.** You split a key in two for the hidden layers. Later the output layer needs one as
# well, and you take `jax.random.fold_in(key, 0)` from the same key. Is it a new one?
# %%
# Your turn.
# %% tags=["hide-cell"]
third = jax.random.fold_in(key, 0)
remedy = jax.random.split(key, 3)[2]
equal("fold_in(key, 0) is the first half of the split", True, bool(third == key_1))
equal("fold_in(key, 0) is the second half", False, bool(third == key_2))
equal("the third of three is one of the two", False, bool(remedy in (key_1, key_2)))
# %% [markdown] tags=["hide-cell"]
# No: it is the first half of the split, bit for bit, so the output layer would repeat `hidden_1`.
# Splitting uses a key up, just as drawing does. Split in three at once, or fold numbers into a key
# that is used for nothing else.
