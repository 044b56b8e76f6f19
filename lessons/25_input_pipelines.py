# %% [markdown]
# # Input pipelines
#
# **Predict first.** 1,000 rows are sorted by class, 100 of each. In Keras, `tf.data` shuffles them
# through a buffer of 100 rows; in JAX, Grain's `shuffle` asks for a seed and no buffer. How many
# classes are in the first batch of 32 rows? And does a second pass bring a new order?
# %% [markdown]
# ## Keras
# %%
import numpy as np
import tensorflow as tf

from lessons.toolbox import draw_rows, equal

drawn = draw_rows(1000)
rows = drawn.rows(np.argsort(drawn.labels, kind="stable"))
tf_numbers = tf.data.Dataset.range(1000)
one_pass = tf_numbers.shuffle(100, seed=42).as_numpy_iterator
in_keras, keras_again = list(one_pass()), list(one_pass())
batches = list(tf_numbers.batch(32).shuffle(32, seed=42))
pairs = tf.data.Dataset.from_tensor_slices((rows.images, rows.labels))
keras_rows = pairs.shuffle(1000, seed=42).batch(32).as_numpy_iterator
# %% [markdown]
# ## JAX
# %%
import grain

jax_numbers = grain.MapDataset.range(1000)
shuffled = jax_numbers.shuffle(seed=42)
in_jax, jax_again = list(shuffled), list(shuffled)
second_epoch = list(shuffled.repeat(2))[1000:]


def pair(row):
    return rows.images[row], rows.labels[row]


def by_numbers():
    order = np.random.default_rng(42).permutation(1000)
    return map(pair, np.split(order, range(32, 1000, 32)))


jax_rows = shuffled.map(pair).batch(32).__iter__
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
from timeit import repeat

kinds = [len(set(rows.labels[o[:32]])) for o in (in_keras, in_jax)]
equal("tf.data: classes in the first batch", 2, kinds[0])
equal("Grain: classes in the first batch", 10, kinds[1])
too_early = max(in_keras - np.arange(1000))
equal("tf.data: most places that a row is early", 99, too_early)
steps = {int(step) for b in batches for step in np.diff(b)}
equal("tf.data, batched first: steps in a batch", {1}, steps)
equal("tf.data, batched first: last batch", 32, len(batches[-1]))
equal("tf.data: old order again", False, keras_again == in_keras)
equal("Grain: old order again", True, jax_again == in_jax)
equal("Grain, repeat: old order again", False, second_epoch == in_jax)
ways = {"tf.data": keras_rows, "Grain": jax_rows, "NumPy": by_numbers}
for name, way in ways.items():
    seconds = min(repeat(lambda way=way: list(way()), number=1))
    print(f"{name}: {1000 * seconds:.1f} microseconds per row, here")
# %% [markdown]
# A buffer shuffles locally: the next row is drawn from those in it, so none comes more than 99
# places early, and sorted rows stay almost sorted. Buffer all rows, and shuffle before `batch`.
# After it, the rows of a batch stay together, and the short batch, which both frameworks keep
# unless told `drop_remainder=True`, no longer comes last.
#
# Grain computes item i from the seed and i, over all rows, with no memory of earlier ones. So a run
# can resume anywhere, but a second `for` loop asks for the same items again. The next epoch is
# items 1,000 to 1,999, and `repeat` goes on to those. `tf.data` draws anew in each pass.
#
# Grain runs Python for every row: a user reports that it is 5 to 10 times slower than `tf.data` on
# MNIST (google/grain, issue 1164). Rows in memory need neither. In a port, then, draw an order of
# row numbers, as this project does (lesson 13), and take `images[rows]`, in JAX on the device.
#
# **Exercise.** Three runs of two epochs each call `shuffle` with the seeds 42, 43 and 44. How many
# different orders do the six epochs have?
# %%
# Your turn.
# %% tags=["hide-cell"]
data, seeds = jax_numbers, (42, 43, 44)
in_shuffle = [data.shuffle(seed=s).repeat(2) for s in seeds]
before = [data.seed(s).shuffle().repeat(2) for s in seeds]
for taught, runs in ((4, in_shuffle), (6, before)):
    orders = np.reshape([list(run) for run in runs], (6, 1000))
    equal("different orders", taught, len(np.unique(orders, axis=0)))
# %% [markdown] tags=["hide-cell"]
# Four: `shuffle` adds the epoch's number to the seed, so 42's second order is 43's first
# (`grain/_src/python/dataset/transformations/shuffle.py`). `.seed(42).shuffle()` mixes it first:
# six.
