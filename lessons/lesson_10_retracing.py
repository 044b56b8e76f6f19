"""Retracing: when the Python code of the network runs again."""

import numpy as np

from lessons.lesson import Evidence, Exercise, Lesson, is_equal, is_near
from lessons.small_data import draw_rows, draw_weights
from shared.experiment import Experiment
from shared.parameters import Parameters, largest_difference

NUM_ROWS = 32 + 32 + 24
"""Two full batches and the last one: 55,000 rows, too, leave 24."""


def keras_calls() -> tuple[int, int]:
    """How often Python ran the network's `call`: in the first `fit`, and in the second."""
    import keras

    from keras_impl.model import build_model
    from keras_impl.train import QUIET, prepare_training

    calls = []

    class Counting(keras.Sequential):
        def call(self, inputs, *arguments, **options):
            calls.append(inputs.shape)  # Python: it happens whenever Keras runs this code
            return super().call(inputs, *arguments, **options)

    model = Counting([keras.Input((28, 28)), *build_model(Experiment()).layers])
    prepare_training(model, Experiment())
    rows = draw_rows(NUM_ROWS)
    calls.clear()
    model.fit(rows.images, rows.labels, batch_size=32, epochs=2, **QUIET)
    in_first_fit = len(calls)
    model.fit(rows.images, rows.labels, batch_size=32, epochs=2, **QUIET)
    return in_first_fit, len(calls) - in_first_fit


def jax_traces() -> list[int]:
    """The rows of the batch each time that Python ran the step, over two epochs."""
    from flax import nnx

    from jax_impl.model import build_model
    from jax_impl.train import prepare_training, to_device, train_step

    traces = []

    @nnx.jit
    def step(model, optimizer, images, labels):
        traces.append(len(labels))  # Python: it happens whenever JAX traces this code
        return train_step(model, optimizer, images, labels)

    model = build_model(Experiment())
    optimizer = prepare_training(model, Experiment())
    images, labels = to_device(draw_rows(NUM_ROWS))
    for _ in range(2):
        for start in range(0, NUM_ROWS, 32):
            rows = slice(start, start + 32)  # the last one ends at row 88: 24 rows
            step(model, optimizer, images[rows], labels[rows])
    return traces


def run() -> tuple[Evidence, ...]:
    """Counts both; each trains for six steps, and Keras for six more."""
    in_first_fit, in_second_fit = keras_calls()
    return (
        is_equal("Keras: runs of `call` in the first fit, six steps", 2, in_first_fit),
        is_equal("Keras: runs of `call` in the second fit, six steps", 0, in_second_fit),
        is_equal("JAX: rows of the batch in each trace, six steps", [32, 24], jax_traces()),
    )


def oracle_weights() -> Parameters:
    """The weights after an epoch in NumPy, whose last batch has 24 rows."""
    from shared.oracle import Oracle

    oracle, rows = Oracle(Experiment()), draw_rows(NUM_ROWS)
    oracle.set_parameters(draw_weights())
    orders = np.arange(NUM_ROWS)[None]
    oracle.fit(rows, validation=rows, orders=orders, on_epoch=lambda _: None)
    return oracle.get_parameters()


def solution() -> tuple[Evidence, ...]:
    """Fills the last batch up with rows that do not count, and lets the oracle judge."""
    import jax.numpy as jnp
    import optax
    from flax import nnx

    from jax_impl.model import build_model, get_parameters, set_parameters
    from jax_impl.train import prepare_training, to_device

    traces = []

    @nnx.jit
    def step(model, optimizer, images, labels, counts):
        traces.append(len(labels))

        def loss_fn(model):
            losses = optax.softmax_cross_entropy_with_integer_labels(model(images), labels)
            return jnp.sum(losses * counts) / jnp.sum(counts)

        optimizer.update(model, nnx.grad(loss_fn)(model))

    model = build_model(Experiment())
    set_parameters(model, draw_weights())
    optimizer = prepare_training(model, Experiment())
    images, labels = to_device(draw_rows(NUM_ROWS))
    for rows in jnp.arange(96).reshape(3, 32):
        counts = rows < NUM_ROWS  # rows 88 to 95 do not exist: row 0 stands in, and counts 0
        existing = jnp.where(counts, rows, 0)
        step(model, optimizer, images[existing], labels[existing], counts)
    error = largest_difference(get_parameters(model), oracle_weights())
    return (
        is_equal("rows of the batch in each trace", [32], traces),
        is_near("largest weight error, in billionths", 0, 1e9 * error, within=100),
    )


LESSON = Lesson(
    question=(
        "Neither framework runs your Python code at every step. Python runs in order to record "
        "what is computed, and the record is what trains. An epoch has full batches of 32 rows "
        "and a last one of 24. In six steps, two epochs of three, how often does Python run the "
        "network's code in Keras, and how often in JAX?"
    ),
    keras=(keras_calls,),
    jax=(jax_traces,),
    run=run,
    explanation="""\
Appending to a list, like `print`, is not an operation on arrays. It leaves nothing in the record,
and happens only when Python itself comes by: that makes it a counter of recordings, or *traces*.

JAX records for exact shapes. A batch of 32 rows makes one trace, a batch of 24 another, and each
is compiled. From then on both are found by their shapes, so the second epoch adds none.

Keras lets TensorFlow leave the number of rows open (the shape is `(None, 28, 28)`), so that one
record serves both batches. It is made twice all the same, since the first time creates the
variables in which the accuracy is counted, and TensorFlow then records once more without creating
any. A second `fit` finds the record and runs no Python code of the network at all.

For a port this means: two shapes are two compilations, which is cheap. A new shape in every step
would be a compilation in every step. And code that should *do* something in each step, print or
count, does it only while tracing. Return the number, and do it outside.""",
    exercise=Exercise(
        task="Train the last batch of 24 rows with a single trace, without dropping a row and "
        "without changing a weight.",
        solution=solution,
        answer="Fill the batch up to 32 rows, weight the losses with 1 for rows that exist and 0 "
        "for the others, and divide by the sum of these weights, 24. (By 32 it would be another "
        "training: lesson 16.) The oracle agrees but for float32's rounding. The port keeps two "
        "shapes instead, since that code is shorter.",
    ),
)
