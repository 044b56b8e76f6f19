"""Training, evaluation and prediction in PyTorch: `loss_fn`, `train_step`, and a loop."""

import time
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from peers.pytorch.model import TorchClassifier
from shared import protocol
from shared.experiment import Experiment
from shared.parameters import LayerParameters, Parameters


def prepare_training(model: TorchClassifier, experiment: Experiment) -> torch.optim.Optimizer:
    """Plain stochastic gradient descent on the model's parameters."""
    return torch.optim.SGD(model.parameters(), lr=experiment.learning_rate)


def loss_fn(
    model: TorchClassifier, images: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean cross-entropy of a batch, and the number of rows predicted correctly."""
    logits = model(images)
    loss = torch.nn.functional.cross_entropy(logits, labels)
    return loss, (logits.argmax(dim=1) == labels).sum()


def train_step(
    model: TorchClassifier,
    optimizer: torch.optim.Optimizer,
    images: torch.Tensor,
    labels: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """One step of SGD, in place; returns loss and correct rows from before the step."""
    optimizer.zero_grad()
    loss, num_correct = loss_fn(model, images, labels)
    loss.backward()
    optimizer.step()
    return loss.detach(), num_correct


def train_epoch(
    model: TorchClassifier,
    optimizer: torch.optim.Optimizer,
    images: torch.Tensor,
    labels: torch.Tensor,
    order: torch.Tensor,
    *,
    batch_size: int,
) -> tuple[protocol.Evaluation, NDArray[np.float64]]:
    """Every step of an epoch, the last on the rows that are left.

    Returns the epoch's loss and accuracy, taken while the weights moved, and the
    loss of every step; by then the device has finished.
    """
    losses, num_correct, sizes = [], [], []
    for rows in order.split(batch_size):
        loss, correct = train_step(model, optimizer, images[rows], labels[rows])
        losses.append(loss)
        num_correct.append(correct)
        sizes.append(len(rows))
    step_losses = torch.stack(losses).cpu().numpy().astype(np.float64)
    trained = protocol.Evaluation(
        loss=float(np.dot(step_losses, sizes) / len(order)),  # weighted by rows, as Keras does
        accuracy=int(torch.stack(num_correct).sum()) / len(order),
    )
    return trained, step_losses


def fit(
    model: TorchClassifier,
    optimizer: torch.optim.Optimizer,
    experiment: Experiment,
    training: protocol.Examples,
    *,
    validation: protocol.Examples,
    orders: protocol.Orders | None,
    on_epoch: protocol.OnEpoch,
    num_skipped: int = 0,
) -> protocol.FitReport:
    """Trains epoch by epoch; see `shared.protocol.Implementation.fit`."""
    images, labels = to_device(model, training)
    history, epoch_seconds, step_losses = [], [], []
    all_orders = _epoch_orders(experiment, len(training.labels), orders, num_skipped)
    for epoch, order in enumerate(all_orders, 1 + num_skipped):
        started = time.perf_counter()
        data = (images, labels, order.to(images.device))
        trained, losses = train_epoch(model, optimizer, *data, batch_size=experiment.batch_size)
        validated = evaluate(model, validation)
        epoch_seconds.append(time.perf_counter() - started)
        figures = (trained.loss, trained.accuracy, validated.loss, validated.accuracy)
        history.append(protocol.EpochMetrics(epoch, *figures))
        step_losses.append(losses)
        on_epoch(history[-1])
    return protocol.FitReport(
        history=tuple(history),
        step_losses=np.concatenate(step_losses),
        epoch_seconds=tuple(epoch_seconds),  # eager: there is nothing to compile
    )


def _epoch_orders(
    experiment: Experiment, num_rows: int, orders: protocol.Orders | None, num_skipped: int
) -> Iterator[torch.Tensor]:
    """The given orders or, natively, a fresh permutation for each epoch."""
    if orders is not None:
        yield from (torch.tensor(order) for order in orders)
        return
    generator = torch.Generator().manual_seed(experiment.seed)
    for epoch in range(experiment.num_epochs):
        order = torch.randperm(num_rows, generator=generator)
        if epoch >= num_skipped:  # those before it are drawn too: that moves the generator on
            yield order


def evaluate(model: TorchClassifier, examples: protocol.Examples) -> protocol.Evaluation:
    """Mean loss and accuracy over all rows."""
    with torch.no_grad():
        loss, num_correct = loss_fn(model, *to_device(model, examples))
    return protocol.Evaluation(loss=float(loss), accuracy=int(num_correct) / len(examples.labels))


def predict(model: TorchClassifier, images: NDArray[np.floating]) -> protocol.Predictions:
    """Logits from the model, probabilities by softmax."""
    with torch.no_grad():
        logits = model(torch.tensor(images, device=_device_of(model)))
        probabilities = torch.softmax(logits, dim=1)
    return protocol.Predictions(
        logits=logits.cpu().numpy(), probabilities=probabilities.cpu().numpy()
    )


def loss_and_gradients(
    model: TorchClassifier, examples: protocol.Examples
) -> protocol.LossAndGradients:
    """Loss of one batch and its gradients."""
    model.zero_grad()
    loss, _ = loss_fn(model, *to_device(model, examples))
    loss.backward()
    layers = []
    for name in model.layer_names:
        linear = getattr(model, name)
        kernel, bias = linear.weight.grad.cpu().numpy(), linear.bias.grad.cpu().numpy()
        layers.append(LayerParameters(name, kernel.T.copy(), bias.copy()))
    return protocol.LossAndGradients(loss=loss.item(), gradients=Parameters(tuple(layers)))


def to_device(
    model: TorchClassifier, examples: protocol.Examples
) -> tuple[torch.Tensor, torch.Tensor]:
    """Images, and labels as the int64 that PyTorch's loss takes, where the model computes."""
    device = _device_of(model)
    images = torch.tensor(examples.images, device=device)
    return images, torch.tensor(examples.labels, dtype=torch.int64, device=device)


def _device_of(model: TorchClassifier) -> torch.device:
    return next(model.parameters()).device
