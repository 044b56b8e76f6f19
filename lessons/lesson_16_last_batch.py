"""The last batch: 24 rows, and three things to do with them."""

import numpy as np

from lessons.lesson import Evidence, Exercise, Lesson, is_equal, is_near
from lessons.small_data import draw_rows, draw_weights
from shared.experiment import NUM_TRAINING_ROWS, Experiment
from shared.parameters import Parameters, largest_difference

NUM_ROWS = 32 + 24
"""One full batch and the last one: 55,000 = 1,718 × 32 + 24."""


def keras_weights() -> Parameters:
    """The weights after an epoch of `fit`."""
    from keras_impl.model import build_model, get_parameters, set_parameters
    from keras_impl.train import QUIET, prepare_training

    model = build_model(Experiment())
    set_parameters(model, draw_weights())
    prepare_training(model, Experiment())
    rows = draw_rows(NUM_ROWS)
    model.fit(rows.images, rows.labels, batch_size=32, shuffle=False, **QUIET)
    return get_parameters(model)


def jax_weights(num_rows: int) -> Parameters:
    """The weights after the port's epoch on the first rows."""
    import jax
    import jax.numpy as jnp

    from jax_impl.model import build_model, get_parameters, set_parameters
    from jax_impl.train import prepare_training, to_device, train_epoch

    compiled_epoch = jax.jit(train_epoch, static_argnames="batch_size")

    model = build_model(Experiment())
    set_parameters(model, draw_weights())
    optimizer = prepare_training(model, Experiment())
    rows, order = to_device(draw_rows(NUM_ROWS)), jnp.arange(num_rows)
    (trained, _), _, _ = compiled_epoch(model, optimizer, rows, order, batch_size=32)
    return get_parameters(trained)


def jax_weights_dropped() -> Parameters:
    """The weights where the last batch is left out, as by `num_rows // batch_size` steps."""
    return jax_weights(NUM_ROWS // 32 * 32)


def jax_weights_divided_by_32() -> Parameters:
    """The weights where every batch's sum of losses is divided by the batch size."""
    import optax
    from flax import nnx

    from jax_impl.model import build_model, get_parameters, set_parameters
    from jax_impl.train import prepare_training, to_device

    def loss_fn(model, images, labels):
        losses = optax.softmax_cross_entropy_with_integer_labels(model(images), labels)
        return losses.sum() / 32  # wrong for 24 rows

    @nnx.jit
    def step(model, optimizer, images, labels):
        optimizer.update(model, nnx.grad(loss_fn)(model, images, labels))

    model = build_model(Experiment())
    set_parameters(model, draw_weights())
    optimizer = prepare_training(model, Experiment())
    images, labels = to_device(draw_rows(NUM_ROWS))
    for rows in (slice(0, 32), slice(32, 56)):
        step(model, optimizer, images[rows], labels[rows])
    return get_parameters(model)


def oracle_weights() -> Parameters:
    """What NumPy says that the weights should be, float64."""
    from shared.oracle import Oracle

    oracle, rows = Oracle(Experiment()), draw_rows(NUM_ROWS)
    oracle.set_parameters(draw_weights())
    orders = np.arange(NUM_ROWS)[None]
    oracle.fit(rows, validation=rows, orders=orders, on_epoch=lambda _: None)
    return oracle.get_parameters()


def run() -> tuple[Evidence, ...]:
    """One epoch of two steps, four times; the oracle judges."""
    oracle = oracle_weights()

    def millionths(parameters: Parameters) -> float:
        return 1e6 * largest_difference(parameters, oracle)

    return (
        is_near(
            "Keras: largest weight error, millionths", 0, millionths(keras_weights()), within=0.1
        ),
        is_near("JAX, the port", 0, millionths(jax_weights(NUM_ROWS)), within=0.1),
        is_near("JAX, last batch dropped", 811, millionths(jax_weights_dropped()), within=1),
        is_near("JAX, divided by 32", 203, millionths(jax_weights_divided_by_32()), within=1),
    )


def solution() -> tuple[Evidence, ...]:
    """Counts the rows that a port without its last batches leaves out, in 30 epochs."""
    from jax_impl.train import _epoch_orders

    orders = list(_epoch_orders(Experiment(), NUM_TRAINING_ROWS, None))
    left_out = [set(np.asarray(order)[-24:].tolist()) for order in orders]
    in_every_epoch, in_some_epoch = set.intersection(*left_out), set.union(*left_out)
    expected = NUM_TRAINING_ROWS * (1 - (1 - 24 / NUM_TRAINING_ROWS) ** 30)
    return (
        is_equal("one order in all epochs: rows never trained on", 24, len(left_out[0])),
        is_equal("a fresh order in each: rows never trained on", 0, len(in_every_epoch)),
        is_near("a fresh order in each: rows left out once or more", 716, expected, within=1),
        is_near("the same, counted", 716, len(in_some_epoch), within=6),
    )


LESSON = Lesson(
    question=(
        "55,000 rows are 1,718 batches of 32 and one of 24. A port may train on the 24 and take "
        "their mean; it may leave them out, as many tutorials do, to have one shape; or it may "
        "divide every batch's sum by 32. Which does Keras do? By how much of a step do the other "
        "two miss its weights?"
    ),
    keras=(keras_weights,),
    jax=(jax_weights, jax_weights_dropped, jax_weights_divided_by_32, "jax_impl.train:train_epoch"),
    run=run,
    explanation="""\
Keras takes the mean over the rows that are there: 24. So does the port, and both agree with NumPy
to a hundredth of a millionth. Here an epoch is one full batch and the last one, so the errors of
the other two are those of a single step.

Left out, the last step is missing altogether. Divided by 32, its gradient is 24/32 of the right
one, and a quarter of the step is missing: 203 of 811. In the experiment that happens once in 1,719
steps, and no accuracy shows it: a port with a wrong last batch reaches 88 %, too. But it is another
training, and its next epoch starts from other weights.

Both come from the wish for equal shapes: to have one compiled program, or because `scan` needs
batches of one size. The port gives the 24 rows a scan of their own, inside the same compiled epoch.
Where you write `/ batch_size`, or `num_rows // batch_size` steps, stop and think of the last
batch.""",
    exercise=Exercise(
        task="A port drops the last 24 rows of each epoch. In 30 epochs, how many rows does it "
        "never train on, if it repeats one order (lesson 13)? How many, if it draws a fresh one in "
        "each? And how many then miss an epoch or more?",
        solution=solution,
        answer="24 with one order, always the same ones. None with fresh orders, but about "
        "55,000 × (1 − (1 − 24 / 55,000)³⁰) = 716 rows miss an epoch. Each alone is a "
        "small matter. A dropped batch and a repeated order together make the training set "
        "smaller.",
    ),
)
