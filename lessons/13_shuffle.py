# %% [markdown]
# # The order of the rows
#
# **Predict first.** `fit` shuffles the rows before every epoch; that is its default. You set the
# seed to get the same run tomorrow. How is the second epoch ordered, in Keras and in JAX?
#
# One trick makes the order visible: one row is a batch, and the learning rate is so small that no
# weight moves. Then each row keeps its own loss, and the loss of a step tells which row it took.
# %%
import numpy as np

from lessons.toolbox import draw_rows, equal, show
from shared.experiment import Experiment

OPTIONS = {"batch_size": 1, "learning_rate": 1e-12}
rows = draw_rows(8)


def rows_taken(twin, orders=None):
    """The rows that each epoch took, step by step, (epochs, 8)."""
    options = {"validation": rows, "on_epoch": lambda _metrics: None}
    report = twin.fit(rows, orders=orders, **options)
    probabilities = twin.predict(rows.images).probabilities
    losses = -np.log(probabilities[np.arange(8), rows.labels])
    distances = np.abs(report.step_losses[:, None] - losses)
    return distances.argmin(axis=1).reshape(-1, 8)


def num_different(orders):
    return len(np.unique(orders, axis=0))


# %% [markdown]
# ## Keras
# %%
import tensorflow as tf

from keras_impl.implementation import build_recording

keras_twin = build_recording(Experiment(num_epochs=3, **OPTIONS))
# `build_model`, below, has set the seed.
seeded = rows_taken(keras_twin)
tf.random.set_seed(None)  # pyright: ignore[reportArgumentType]
unseeded = rows_taken(keras_twin)
show("keras_impl.model:build_model", "keras_impl.train:fit")
# %% [markdown]
# ## JAX
# %%
from jax_impl.implementation import JaxTwin

of_jax = rows_taken(JaxTwin(Experiment(num_epochs=3, **OPTIONS)))
show("jax_impl.train:_epoch_orders")
# %% [markdown]
# ## What happened
# %% tags=["hide-output"]
first, *others = seeded.tolist()
equal("Keras: rows of epoch 1, sorted", [*range(8)], sorted(first))
equal("Keras: as they came", False, first == sorted(first))
equal("Keras: epochs 2 and 3, as epoch 1", [first, first], others)
equal("Keras, no seed: several", True, num_different(unseeded) > 1)
equal("JAX: orders in three epochs", 3, num_different(of_jax))
# %% [markdown]
# Keras on TensorFlow shuffles inside a `tf.data` pipeline, which starts anew in each epoch. With a
# seed set, it starts from the same random state each time and draws the same permutation: shuffled,
# but the same in all 30 epochs, down to the 24 rows of the last batch. Without a seed the orders
# differ, as most people expect.
#
# In JAX nothing is shuffled unless you do it, with a key that you hold. The port makes a key for
# each epoch, `jax.random.fold_in(key, epoch)`: a fresh order each time, yet the same ones tomorrow.
# (Use the same `key` in each epoch, and you get what Keras does: lesson 3.)
#
# No pair of seeds makes two generators agree. In a port, draw orders outside and give them to both.
#
# **Exercise.** Does it help to call `fit` three times for one epoch each? If not, give Keras a
# fresh order in each epoch with the seed set.
# %%
# Your turn.
# %% tags=["hide-cell"]
keras_twin = build_recording(Experiment(num_epochs=1, **OPTIONS))
repeated = np.concatenate([rows_taken(keras_twin) for _ in range(3)])
generator = np.random.default_rng(42)
orders = np.stack([generator.permutation(8) for _ in range(3)])
taken = rows_taken(keras_twin, orders)
equal("different orders in three fits", 1, num_different(repeated))
equal("rows that Keras then took", orders.tolist(), taken.tolist())
# %% [markdown] tags=["hide-cell"]
# It does not help: each `fit` starts its pipeline from the same random state again. Draw the orders
# with NumPy, reorder the rows yourself, and call `fit(…, shuffle=False)` for each epoch, as
# `keras_impl.train.fit` does when it is given orders.
