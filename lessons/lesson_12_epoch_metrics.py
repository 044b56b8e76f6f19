"""Epoch metrics: a mean over rows, or over batches."""

import numpy as np

from lessons.lesson import Evidence, Exercise, Lesson, is_near
from lessons.small_data import draw_rows, draw_weights
from shared.experiment import Experiment
from shared.protocol import Examples

NUM_ROWS = 32 + 32 + 8


def rows_by_loss() -> Examples:
    """72 rows, those with the highest loss last: a batch of eight, all of them hard."""
    from shared.oracle import forward, log_softmax

    rows = draw_rows(NUM_ROWS)
    _, logits = forward(draw_weights().astype("float64"), rows.images.astype(np.float64))
    losses = -log_softmax(logits)[np.arange(NUM_ROWS), rows.labels]
    order = np.argsort(losses)
    return Examples(images=rows.images[order], labels=rows.labels[order])


def keras_loss() -> float:
    """The loss that `fit` reports of an epoch."""
    from keras_impl.model import build_model, set_parameters
    from keras_impl.train import QUIET, prepare_training

    model = build_model(Experiment())
    set_parameters(model, draw_weights())
    prepare_training(model, Experiment())
    rows = rows_by_loss()
    history = model.fit(rows.images, rows.labels, batch_size=32, shuffle=False, **QUIET)
    return history.history["loss"][0]


def jax_epoch() -> tuple[float, np.ndarray]:
    """The loss that the port reports of the same epoch, and the loss of each step, (3,)."""
    import jax
    import jax.numpy as jnp

    from jax_impl.model import build_model, set_parameters
    from jax_impl.train import prepare_training, to_device, train_epoch

    compiled_epoch = jax.jit(train_epoch, static_argnames="batch_size")

    model = build_model(Experiment())
    set_parameters(model, draw_weights())
    optimizer = prepare_training(model, Experiment())
    rows, order = to_device(rows_by_loss()), jnp.arange(NUM_ROWS)
    _, metrics, losses = compiled_epoch(model, optimizer, rows, order, batch_size=32)
    return float(metrics["loss"]), np.asarray(losses)


def jax_average(losses: np.ndarray) -> float:
    """What Flax' metric makes of the loss of each step."""
    from flax import nnx

    average = nnx.metrics.Average()
    for loss in losses:
        average.update(values=loss)
    return float(average.compute())


def run() -> tuple[Evidence, ...]:
    """One epoch of three steps, and three figures for its loss."""
    of_port, losses = jax_epoch()
    return (
        is_near("JAX: loss of the first batch, 32 rows", 2.0358, float(losses[0]), within=0.0001),
        is_near("JAX: loss of the last batch, 8 rows", 2.9617, float(losses[2]), within=0.0001),
        is_near("Keras: loss of the epoch", 2.3345, keras_loss(), within=0.0001),
        is_near("JAX: loss of the epoch in this project", 2.3345, of_port, within=0.0001),
        is_near("JAX: nnx.metrics.Average", 2.4913, jax_average(losses), within=0.0001),
    )


def solution() -> tuple[Evidence, ...]:
    """Trains the same epoch, and feeds the metric with the loss of every row."""
    import optax
    from flax import nnx

    from jax_impl.model import build_model, set_parameters
    from jax_impl.train import prepare_training, to_device

    @nnx.jit
    def step(model, optimizer, average, images, labels):
        def loss_fn(model):
            losses = optax.softmax_cross_entropy_with_integer_labels(model(images), labels)
            return losses.mean(), losses

        gradients, losses = nnx.grad(loss_fn, has_aux=True)(model)
        optimizer.update(model, gradients)
        average.update(values=losses)  # one number for each row: the metric counts them

    model = build_model(Experiment())
    set_parameters(model, draw_weights())
    optimizer, average = prepare_training(model, Experiment()), nnx.metrics.Average()
    images, labels = to_device(rows_by_loss())
    for start in range(0, NUM_ROWS, 32):
        rows = slice(start, start + 32)
        step(model, optimizer, average, images[rows], labels[rows])
    found = float(average.compute())
    return (is_near("nnx.metrics.Average, fed rows", 2.3345, found, within=0.0001),)


LESSON = Lesson(
    question=(
        "An epoch of three steps: two batches of 32 rows, and a last one of 8 rows that the "
        "network finds hard. Keras' `fit` reports one loss for the epoch. Flax has "
        "`nnx.metrics.Average`, which is fed the loss of each step. Do the two report the same? "
        "If not, which is higher?"
    ),
    keras=(keras_loss,),
    jax=(jax_average, "jax_impl.train:train_epoch"),
    run=run,
    explanation="""\
Keras counts rows. It multiplies the mean loss of each batch with the batch's rows, adds up, and
divides by all rows. `nnx.metrics.Average` sees one number at each step and counts one, so the last
batch weighs as much as a full one, and each of its 8 rows as much as four others.

The weights are the same in both: this is a difference of the report, not of the training. In the
experiment itself the last batch has 24 of 55,000 rows, and the shift is small. That makes it worse:
`twins defaults` found reported accuracies wrong by up to 0.0002, which looks like rounding, and is
a mistake. The port multiplies each loss with the rows of its batch (`losses * sizes`, at the end of
`train_epoch`).

Either figure is a mean over weights that moved during the epoch, so neither is the loss of the
network that the epoch left. For that, evaluate.""",
    exercise=Exercise(
        task="Make `nnx.metrics.Average` report what Keras reports, without multiplying by hand.",
        solution=solution,
        answer="Feed it an array with the loss of every row instead of their mean. It then adds "
        "the rows' losses and counts the rows.",
    ),
)
