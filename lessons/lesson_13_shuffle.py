"""Shuffle: a seeded `fit` takes the rows in the same order in every epoch."""

import numpy as np
from numpy.typing import NDArray

from lessons.lesson import Evidence, Exercise, Lesson, is_equal
from lessons.small_data import draw_rows
from shared.experiment import Experiment
from shared.parameters import Parameters

NUM_ROWS = 8
# One row a step, and a rate so small that no weight moves: a step's loss then tells its row.
EXPERIMENT = Experiment(batch_size=1, learning_rate=1e-12, num_epochs=3, randomness="native")


def keras_orders() -> NDArray[np.int64]:
    """The rows that a seeded `fit` takes, step by step, (3 epochs, 8)."""
    from keras_impl.implementation import build_recording

    twin, rows = build_recording(EXPERIMENT), draw_rows(NUM_ROWS)  # which sets the seed
    report = twin.fit(rows, validation=rows, orders=None, on_epoch=lambda _: None)
    return rows_taken(twin.get_parameters(), report.step_losses)


def jax_orders() -> NDArray[np.int64]:
    """The rows that the port takes when it shuffles by itself, (3 epochs, 8)."""
    from jax_impl.implementation import build

    twin, rows = build(EXPERIMENT), draw_rows(NUM_ROWS)
    report = twin.fit(rows, validation=rows, orders=None, on_epoch=lambda _: None)
    return rows_taken(twin.get_parameters(), report.step_losses)


def rows_taken(parameters: Parameters, step_losses: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which row each step took: the one whose own loss is the step's."""
    from shared.oracle import forward, log_softmax

    rows = draw_rows(NUM_ROWS)
    _, logits = forward(parameters.astype("float64"), rows.images.astype(np.float64))
    losses = -log_softmax(logits)[np.arange(NUM_ROWS), rows.labels]
    nearest = np.abs(step_losses[:, None] - losses).argmin(axis=1)
    return nearest.reshape(EXPERIMENT.num_epochs, NUM_ROWS)


def is_shuffle(order: NDArray[np.int64]) -> bool:
    """Whether an epoch took each row once, in another order than they came."""
    return sorted(order) == list(range(NUM_ROWS)) and list(order) != sorted(order)


def run() -> tuple[Evidence, ...]:
    """Three epochs of eight rows in both."""
    keras, jax = keras_orders(), jax_orders()
    return (
        is_equal("Keras: shuffled", True, all(is_shuffle(order) for order in keras)),
        is_equal(
            "Keras: rows in the second epoch, as in the first", keras[0].tolist(), keras[1].tolist()
        ),
        is_equal("Keras: different orders in three epochs", 1, len(np.unique(keras, axis=0))),
        is_equal("JAX: shuffled", True, all(is_shuffle(order) for order in jax)),
        is_equal("JAX: different orders in three epochs", 3, len(np.unique(jax, axis=0))),
    )


def solution() -> tuple[Evidence, ...]:
    """Three fits of an epoch each; then orders from NumPy, and no shuffling in Keras."""
    from dataclasses import replace

    from keras_impl.implementation import build_recording

    rows = draw_rows(NUM_ROWS)
    twin = build_recording(replace(EXPERIMENT, num_epochs=1))

    def fit(orders: NDArray[np.int64] | None) -> NDArray[np.float64]:
        report = twin.fit(rows, validation=rows, orders=orders, on_epoch=lambda _: None)
        return report.step_losses

    three_fits = np.concatenate([fit(None) for _ in range(3)])
    repeated = rows_taken(twin.get_parameters(), three_fits)
    generator = np.random.default_rng(EXPERIMENT.seed)
    orders = np.stack([generator.permutation(NUM_ROWS) for _ in range(3)])
    taken = rows_taken(twin.get_parameters(), fit(orders))
    return (
        is_equal("different orders in three fits", 1, len(np.unique(repeated, axis=0))),
        is_equal("different orders from NumPy", 3, len(np.unique(orders, axis=0))),
        is_equal("rows that Keras then took", orders.tolist(), taken.tolist()),
    )


LESSON = Lesson(
    question=(
        "`fit` shuffles the rows before every epoch; that is its default. You have set the seed, "
        "to get the same run again tomorrow. In which order do the rows come in the second epoch, "
        "in Keras on TensorFlow, and in JAX?"
    ),
    keras=(keras_orders, "keras_impl.train:fit"),
    jax=(jax_orders, "jax_impl.train:_epoch_orders"),
    run=run,
    explanation="""\
The trick that makes the order visible: one row is a batch, and the learning rate is so small that
no weight moves. Then each row has a loss of its own all along, and the loss of a step tells which
row it took.

Keras on TensorFlow shuffles inside a `tf.data` pipeline, which starts anew in each epoch. With a
seed set, it starts from the same random state each time and draws the same permutation: shuffled,
but the same in all 30 epochs, down to the 24 rows of the last batch. Without a seed the orders
differ, as most people believe they always do.

In JAX nothing is shuffled unless you do it, with a key that you hold. The port makes a key for each
epoch, `jax.random.fold_in(key, epoch)`, and so gets a fresh order each time, and the same ones
tomorrow. (Whoever passes the same `key` in each epoch gets what Keras does: lesson 3.)

For a port to be the same training, it must take the same orders. No pair of seeds makes two
generators agree, so this project draws the orders outside and hands them to both.""",
    exercise=Exercise(
        task="Does it help to call `fit` three times for one epoch each? If not, give Keras a "
        "fresh order in each epoch, seed and all.",
        solution=solution,
        answer="It does not help: each `fit` starts its pipeline from the same random state "
        "again. Draw the orders with NumPy, put the rows in order yourself, and call "
        "`fit(…, shuffle=False)` for each epoch. `keras_impl.train.fit` does that when it is given "
        "orders.",
    ),
)
