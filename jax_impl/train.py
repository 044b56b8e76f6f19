"""Training, evaluation and prediction in JAX: `loss_fn`, `train_step`, and an epoch as one scan."""

import time
from collections.abc import Callable, Iterator
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from numpy.typing import NDArray

from jax_impl.model import Classifier, get_parameters
from shared.experiment import Experiment
from shared.protocol import (
    EpochMetrics,
    Evaluation,
    Examples,
    FitReport,
    LossAndGradients,
    Predictions,
)

STEPS_UNROLLED = 2
"""Steps that XLA compiles into one turn of the loop: fewer turns, less to copy between them."""


def prepare_training(model: Classifier, experiment: Experiment) -> nnx.Optimizer:
    """Plain stochastic gradient descent on the model's parameters."""
    return nnx.Optimizer(model, optax.sgd(experiment.learning_rate), wrt=nnx.Param)


# Keras keeps the next functions, up to `run_epoch`, inside `fit`.


def loss_fn(model: Classifier, images: jax.Array, labels: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Mean cross-entropy of a batch, and the number of rows predicted correctly."""
    logits = model(images)
    losses = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
    return losses.mean(), jnp.sum(logits.argmax(axis=1) == labels)


def train_step(
    model: Classifier, optimizer: nnx.Optimizer, images: jax.Array, labels: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """One step of SGD, in place; returns loss and correct rows from before the step."""
    (loss, num_correct), gradients = nnx.value_and_grad(loss_fn, has_aux=True)(
        model, images, labels
    )
    optimizer.update(model, gradients)
    return loss, num_correct


def train_batches(
    graph: nnx.GraphDef, state: nnx.State, images: jax.Array, labels: jax.Array, batches: jax.Array
) -> tuple[nnx.State, tuple[jax.Array, jax.Array]]:
    """One step for each row of `batches`, (S, batch) row numbers, as a single scan.

    The module is merged and split at the border of each step, because `scan`
    carries arrays. Returns the new state, and losses and correct rows, both (S,).
    """

    def step(state: nnx.State, rows: jax.Array) -> tuple[nnx.State, tuple[jax.Array, jax.Array]]:
        model, optimizer = nnx.merge(graph, state)
        outcome = train_step(model, optimizer, images[rows], labels[rows])
        return nnx.state((model, optimizer)), outcome

    return jax.lax.scan(step, state, batches, unroll=STEPS_UNROLLED)


def train_epoch(
    graph: nnx.GraphDef,
    state: nnx.State,
    images: jax.Array,
    labels: jax.Array,
    order: jax.Array,
    *,
    batch_size: int,
) -> tuple[nnx.State, dict[str, jax.Array], jax.Array]:
    """Every step of an epoch: the full batches in the given order, then the smaller one.

    Returns the new state, the epoch's training metrics by their names in
    `EpochMetrics`, and the loss of every step.
    """
    num_full_rows = len(order) // batch_size * batch_size
    full_batches = order[:num_full_rows].reshape(-1, batch_size)
    state, (losses, num_correct) = train_batches(graph, state, images, labels, full_batches)
    sizes = jnp.full(len(full_batches), batch_size)
    if num_full_rows < len(order):  # 55,000 = 1,718 × 32 + 24: the mean over 24, not 32
        last_batch = order[num_full_rows:][None]
        state, (last_loss, last_correct) = train_batches(graph, state, images, labels, last_batch)
        losses = jnp.concatenate([losses, last_loss])
        num_correct = jnp.concatenate([num_correct, last_correct])
        sizes = jnp.append(sizes, last_batch.size)
    metrics = {
        "loss": jnp.sum(losses * sizes) / len(order),  # weighted by rows, as Keras does
        "accuracy": jnp.sum(num_correct) / len(order),
    }
    return state, metrics, losses


@partial(jax.jit, static_argnames=("graph", "batch_size"), donate_argnames="state")
def run_epoch(
    graph: nnx.GraphDef,
    state: nnx.State,
    training: tuple[jax.Array, jax.Array],
    validation: tuple[jax.Array, jax.Array],
    order: jax.Array,
    *,
    batch_size: int,
) -> tuple[nnx.State, dict[str, jax.Array], jax.Array]:
    """A whole epoch and its validation, compiled as one.

    Returns the new state, all the epoch's metrics, and the loss of every step.
    """
    state, metrics, losses = train_epoch(graph, state, *training, order, batch_size=batch_size)
    model, _ = nnx.merge(graph, state)
    validation_loss, validation_correct = loss_fn(model, *validation)
    validation_metrics = {
        "val_loss": validation_loss,
        "val_accuracy": validation_correct / len(validation[1]),
    }
    return state, metrics | validation_metrics, losses


def fit(
    model: Classifier,
    optimizer: nnx.Optimizer,
    experiment: Experiment,
    *,
    training: Examples,
    validation: Examples,
    orders: NDArray[np.int64] | None,
    on_epoch: Callable[[EpochMetrics], None],
) -> FitReport:
    """Trains epoch by epoch; see `shared.protocol.Implementation.fit`."""
    on_device = (to_device(training), to_device(validation))
    batch_size = experiment.batch_size
    graph, state = nnx.split((model, optimizer))
    history, epoch_seconds, step_losses, compile_seconds = [], [], [], 0.0
    for epoch, order in enumerate(_epoch_orders(experiment, len(training.labels), orders), 1):
        arguments = (graph, state, *on_device, order)
        if epoch == 1:
            started = time.perf_counter()
            run_epoch.lower(*arguments, batch_size=batch_size).compile()
            compile_seconds = time.perf_counter() - started
        started = time.perf_counter()
        # Dispatch is asynchronous: the clock stops only when the results are there.
        state, metrics, losses = jax.block_until_ready(run_epoch(*arguments, batch_size=batch_size))
        epoch_seconds.append(time.perf_counter() - started)
        history.append(
            EpochMetrics(epoch=epoch, **{name: float(value) for name, value in metrics.items()})
        )
        step_losses.append(np.asarray(losses, np.float64))
        on_epoch(history[-1])
    nnx.update((model, optimizer), state)
    return FitReport(
        history=tuple(history),
        compile_seconds=compile_seconds,
        epoch_seconds=tuple(epoch_seconds),
        step_losses=np.concatenate(step_losses),
    )


def _epoch_orders(
    experiment: Experiment, num_rows: int, orders: NDArray[np.int64] | None
) -> Iterator[jax.Array]:
    """The given orders or, natively, a fresh permutation from a key of each epoch."""
    if orders is not None:
        yield from (jnp.asarray(order, jnp.int32) for order in orders)
        return
    key = jax.random.key(experiment.seed)
    for epoch in range(experiment.num_epochs):
        yield jax.random.permutation(jax.random.fold_in(key, epoch), num_rows)


@nnx.jit
def _evaluate_on_device(
    model: Classifier, images: jax.Array, labels: jax.Array
) -> tuple[jax.Array, jax.Array]:
    loss, num_correct = loss_fn(model, images, labels)
    return loss, num_correct / len(labels)


def evaluate(model: Classifier, examples: Examples) -> Evaluation:
    """Mean loss and accuracy over all rows."""
    loss, accuracy = _evaluate_on_device(model, *to_device(examples))
    return Evaluation(loss=float(loss), accuracy=float(accuracy))


def predict(model: Classifier, images: NDArray[np.floating]) -> Predictions:
    """Logits from the model, probabilities by softmax."""
    logits = nnx.jit(model)(jnp.asarray(images))
    return Predictions(logits=np.asarray(logits), probabilities=np.asarray(nnx.softmax(logits)))


def loss_and_gradients(model: Classifier, examples: Examples) -> LossAndGradients:
    """Loss of one batch and its gradients."""
    (loss, _), gradients = nnx.value_and_grad(loss_fn, has_aux=True)(model, *to_device(examples))
    gradient_model = nnx.clone(model)
    nnx.update(gradient_model, gradients)  # the gradients have the form of the parameters
    return LossAndGradients(loss=float(loss), gradients=get_parameters(gradient_model))


def to_device(examples: Examples) -> tuple[jax.Array, jax.Array]:
    """Images and labels where JAX computes."""
    return jnp.asarray(examples.images), jnp.asarray(examples.labels)
