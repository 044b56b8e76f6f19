# %% [markdown]
# # Seeds
#
# **Predict first.** The run that this project reproduces was published with a book, and seeded with
# `tf.random.set_seed(42)`. You do so in today's Keras, draw a kernel, then seed and draw again. Are
# the two kernels equal? And how is JAX seeded?
# %% [markdown]
# ## Keras
# %%
import random

import keras
import numpy as np
import tensorflow as tf

from lessons.toolbox import equal, fails, near


def draws_again(set_seed):
    """Whether the first kernel is the same, twice from seed 42."""
    kernels = []
    for _ in range(2):
        set_seed(42)
        kernels.append(keras.initializers.GlorotUniform()((784, 300)))
    return np.array_equal(*kernels)


by_tensorflow = draws_again(tf.random.set_seed)
by_keras = draws_again(keras.utils.set_random_seed)

# What TensorFlow draws first for the kernel of the published run.
tf.random.set_seed(42)
limit = (6 / (784 + 300)) ** 0.5
published = tf.random.uniform((784, 300), -limit, limit)[0, 0]
# %% [markdown]
# ## JAX
# %%
from flax import nnx

one = nnx.Linear(784, 300, rngs=nnx.Rngs(42))
other = nnx.Linear(784, 300, rngs=nnx.Rngs(42))
in_flax = np.array_equal(one.kernel[...], other.kernel[...])
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
equal("Keras: equal after tf.random.set_seed", False, by_tensorflow)
equal("Keras: equal after set_random_seed", True, by_keras)
equal("Flax: equal from nnx.Rngs(42)", True, in_flax)
fails("Flax: no rngs", "TypeError", "'rngs'", nnx.Linear, 784, 300)
near("first published weight", 0.0244862, published, within=1e-7)
# %% [markdown]
# The published run is from the time of TensorFlow 2.4, when Keras drew its weights with
# TensorFlow's random numbers. TensorFlow still draws the same ones: the last line above is the
# first weight that the book prints. But Keras 3 also runs on JAX and PyTorch, so each initialiser
# picks a seed of its own when it is created. `tf.random.set_seed` has no part in that: without a
# warning, the weights differ each time. Today the call is `keras.utils.set_random_seed(42)`.
#
# JAX has no hidden generator, so there is nothing to set. Code that draws numbers says where they
# come from: `nnx.Rngs(42)`. Leaving it out is an error, not a random start. The same seed gives the
# same weights, whatever was drawn before.
#
# In a port, do not look for a seed that makes the two frameworks agree: there is none. To start
# where the published run started, this project draws those numbers with TensorFlow
# (`keras_impl/published_draws.py`) and gives the same arrays to both.
#
# **Exercise.** `keras.utils.set_random_seed` seeds three generators: Python's `random`, NumPy's and
# TensorFlow's. Which one decides the kernel? You have seen that TensorFlow's does not.
# %%
# Your turn.
# %% tags=["hide-cell"]
equal("equal by random.seed", True, draws_again(random.seed))
equal("equal by np.random.seed", False, draws_again(np.random.seed))
# %% [markdown] tags=["hide-cell"]
# Python's. An initialiser without a seed takes one from `random.randint`, so a program that uses
# Python's `random` in between gets different weights.
