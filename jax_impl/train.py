"""Training, evaluation and prediction in JAX: `loss_fn`, `train_step`, and an epoch as one scan."""

import time
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from numpy.typing import NDArray

from jax_impl.model import Classifier, get_parameters
from shared import protocol
from shared.experiment import Experiment

Rows = tuple[jax.Array, jax.Array]  # images and labels, where JAX computes
Trained = tuple[Classifier, nnx.Optimizer]  # as they are after some steps
Epoch = tuple[Trained, dict[str, jax.Array], jax.Array]  # trained, metrics, every step's loss


def prepare_training(model: Classifier, experiment: Experiment) -> nnx.Optimizer:
    """Plain stochastic gradient descent on the model's parameters."""
    return nnx.Optimizer(model, optax.sgd(experiment.learning_rate), wrt=nnx.Param)


# Keras keeps this and the next functions, up to `run_epoch`, inside `fit`.
def loss_fn(model: Classifier, images: jax.Array, labels: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Mean cross-entropy of a batch, and the number of rows predicted correctly."""
    logits = model(images)
    losses = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
    return losses.mean(), jnp.sum(logits.argmax(axis=1) == labels)


def train_step(
    model: Classifier, optimizer: nnx.Optimizer, images: jax.Array, labels: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """One step of SGD, in place; returns loss and correct rows from before the step."""
    value_and_grad = nnx.value_and_grad(loss_fn, has_aux=True)
    (loss, num_correct), gradients = value_and_grad(model, images, labels)
    optimizer.update(model, gradients)
    return loss, num_correct


def train_epoch(
    model: Classifier, optimizer: nnx.Optimizer, training: Rows, order: jax.Array, batch_size: int
) -> Epoch:
    """Every step of an epoch: a scan over the full batches in the given order, then the rest.

    `scan` carries model and optimizer, which are pytrees of arrays. Returns both as trained,
    the training metrics by their names in `EpochMetrics`, and the loss of every step, (S,).
    """
    images, labels = training

    def step(carry: Trained, rows: jax.Array) -> tuple[Trained, tuple[jax.Array, jax.Array]]:
        model, optimizer = carry
        outcome = train_step(model, optimizer, images[rows], labels[rows])
        return (model, optimizer), outcome

    num_full_rows = len(order) // batch_size * batch_size
    batches = order[:num_full_rows].reshape(-1, batch_size)
    trained, (losses, num_correct) = jax.lax.scan(step, (model, optimizer), batches)
    if num_full_rows < len(order):  # 55,000 = 1,718 × 32 + 24: the mean over 24, not 32
        trained, (last_loss, last_correct) = step(trained, order[num_full_rows:])
        losses, num_correct = jnp.append(losses, last_loss), jnp.append(num_correct, last_correct)
    sizes = jnp.minimum(batch_size, len(order) - batch_size * jnp.arange(len(losses)))
    metrics = {
        "loss": jnp.sum(losses * sizes) / len(order),  # weighted by rows, as Keras does
        "accuracy": jnp.sum(num_correct) / len(order),
    }
    return trained, metrics, losses


# Donated, the memory of model and optimizer serves for those that are returned.
@partial(jax.jit, static_argnames="batch_size", donate_argnames=("model", "optimizer"))
def run_epoch(
    model: Classifier,
    optimizer: nnx.Optimizer,
    training: Rows,
    validation: Rows,
    order: jax.Array,
    *,
    batch_size: int,
) -> Epoch:
    """An epoch and its validation, compiled as one; returns what `train_epoch` does."""
    trained, metrics, losses = train_epoch(model, optimizer, training, order, batch_size)
    val_loss, num_correct = loss_fn(trained[0], *validation)
    metrics |= {"val_loss": val_loss, "val_accuracy": num_correct / len(validation[1])}
    return trained, metrics, losses


class CompiledEpochs:
    """`run_epoch`, compiled once for each form of its arguments; Keras' model keeps its own."""

    def __init__(self) -> None:
        self.functions: dict[Hashable, Callable] = {}

    def function_for(self, *arguments: Any, batch_size: int) -> Callable:
        """A compiled function that takes arguments of these types, all but the batch size."""
        leaves, structure = jax.tree.flatten(arguments)
        form = (structure, *map(jax.typeof, leaves), batch_size)
        if form not in self.functions:
            self.functions[form] = run_epoch.lower(*arguments, batch_size=batch_size).compile()
        return self.functions[form]


def fit(
    model: Classifier,
    optimizer: nnx.Optimizer,
    compiled_epochs: CompiledEpochs,
    experiment: Experiment,
    training: protocol.Examples,
    *,
    validation: protocol.Examples,
    orders: protocol.Orders | None,
    on_epoch: protocol.OnEpoch,
    num_skipped: int = 0,
) -> protocol.FitReport:
    """Trains epoch by epoch, in place; see `shared.protocol.Implementation.fit`."""
    on_device, num_rows = (to_device(training), to_device(validation)), len(training.labels)
    history, epoch_seconds, step_losses, compile_seconds = [], [], [], 0.0
    all_orders = _epoch_orders(experiment, num_rows, orders, num_skipped)
    for epoch, order in enumerate(all_orders, 1 + num_skipped):
        started = time.perf_counter()
        arguments = (model, optimizer, *on_device, order)
        run = compiled_epochs.function_for(*arguments, batch_size=experiment.batch_size)
        compile_seconds += time.perf_counter() - started
        started = time.perf_counter()
        # Dispatch is asynchronous: the clock stops only when the results are there.
        trained, metrics, losses = jax.block_until_ready(run(*arguments))
        epoch_seconds.append(time.perf_counter() - started)
        nnx.update((model, optimizer), nnx.state(trained))  # `on_epoch` may ask for the weights
        history.append(protocol.EpochMetrics(epoch=epoch, **jax.tree.map(float, metrics)))
        step_losses.append(np.asarray(losses, np.float64))
        on_epoch(history[-1])
    return protocol.FitReport(
        history=tuple(history),
        compile_seconds=compile_seconds,
        epoch_seconds=tuple(epoch_seconds),
        step_losses=np.concatenate(step_losses),
    )


def _epoch_orders(
    experiment: Experiment, num_rows: int, orders: protocol.Orders | None, num_skipped: int
) -> Iterator[jax.Array]:
    """The given orders or, natively, a fresh permutation from a key of each epoch."""
    if orders is not None:
        yield from (jnp.asarray(order, jnp.int32) for order in orders)
        return
    key = jax.random.key(experiment.seed)
    for epoch in range(num_skipped, experiment.num_epochs):
        yield jax.random.permutation(jax.random.fold_in(key, epoch), num_rows)


def evaluate(model: Classifier, examples: protocol.Examples) -> protocol.Evaluation:
    """Mean loss and accuracy over all rows."""
    loss, num_correct = jax.jit(loss_fn)(model, *to_device(examples))
    return protocol.Evaluation(loss=float(loss), accuracy=int(num_correct) / len(examples.labels))


def predict(model: Classifier, images: NDArray[np.floating]) -> protocol.Predictions:
    """Logits from the model, probabilities by softmax."""
    logits = jax.jit(Classifier.__call__)(model, jnp.asarray(images))
    return protocol.Predictions(
        logits=np.asarray(logits), probabilities=np.asarray(nnx.softmax(logits))
    )


def loss_and_gradients(model: Classifier, examples: protocol.Examples) -> protocol.LossAndGradients:
    """Loss of one batch and its gradients."""
    (loss, _), gradients = nnx.value_and_grad(loss_fn, has_aux=True)(model, *to_device(examples))
    gradient_model = nnx.clone(model)
    nnx.update(gradient_model, gradients)  # the gradients have the form of the parameters
    return protocol.LossAndGradients(loss=float(loss), gradients=get_parameters(gradient_model))


def to_device(examples: protocol.Examples) -> Rows:
    """Images and labels where JAX computes."""
    return jnp.asarray(examples.images), jnp.asarray(examples.labels)
