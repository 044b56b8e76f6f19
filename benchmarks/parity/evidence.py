"""Evidence: what one implementation computes on each rung, through the protocol alone."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import starmap

import numpy as np
from numpy.typing import NDArray

from benchmarks.parity import rungs
from shared.data.dataset import Dataset
from shared.draws import Draws
from shared.experiment import Experiment
from shared.oracle import cross_entropy
from shared.parameters import Parameters
from shared.protocol import EpochMetrics, Examples, Implementation, OnEpoch, Orders

NUM_PROBE_ROWS = 1_000
EXTREME_FACTOR = 1_000.0
"""The output layer times this gives logits of hundreds, as a diverging training would."""
METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")
KERAS_EPSILON = 1e-7
"""Where Keras clips probabilities on backends that do not find the logits behind them.
Source: `keras.config.epsilon` and `keras/src/backend/jax/nn.py`."""


@dataclass(frozen=True)
class Tensor:
    """Named numbers; `is_by_step` where the first axis counts training steps."""

    name: str
    values: NDArray[np.generic]
    is_by_step: bool = False


@dataclass(frozen=True, kw_only=True)
class RungEvidence:
    """What one implementation computed on one rung.

    num_steps: training steps done so far; None before any.
    note: what a reader should know if this rung fails, else empty.
    """

    rung: rungs.ParityRung
    tensors: tuple[Tensor, ...]
    num_steps: int | None = None
    note: str = ""


def gather_evidence(
    implementation: Implementation,
    experiment: Experiment,
    dataset: Dataset,
    draws: Draws,
    on_epoch: OnEpoch,
) -> Iterator[RungEvidence]:
    """Yields the evidence of each rung in order; what nobody takes is never computed."""
    initial = draws.parameters
    implementation.set_parameters(initial)
    yield _of_parameters(rungs.PARAMETERS, implementation.get_parameters())
    yield from _of_forward_pass(implementation, dataset)
    batch = dataset.training.rows(draws.orders[0, : experiment.batch_size])
    yield _of_extreme_loss(implementation, initial, batch)
    implementation.set_parameters(initial)
    computed = implementation.loss_and_gradients(batch)
    gradients = _of_parameters(rungs.GRADIENTS, computed.gradients)
    loss = Tensor("loss", np.array(computed.loss))
    yield replace(gradients, tensors=(loss, *gradients.tensors))
    yield from _of_single_steps(implementation, experiment, dataset, draws)
    implementation.set_parameters(initial)
    yield from _of_training(implementation, dataset, draws.orders, on_epoch)
    classes = implementation.predict(dataset.test.images).classes
    yield _of_one(rungs.RUN_PREDICTIONS, "classes", classes)


def _of_one(
    rung: rungs.ParityRung, name: str, values: NDArray[np.generic], note: str = ""
) -> RungEvidence:
    return RungEvidence(rung=rung, tensors=(Tensor(name, values),), note=note)


def _of_parameters(
    rung: rungs.ParityRung, parameters: Parameters, num_steps: int | None = None
) -> RungEvidence:
    tensors = tuple(starmap(Tensor, parameters.named_arrays()))
    return RungEvidence(rung=rung, tensors=tensors, num_steps=num_steps)


def _of_forward_pass(implementation: Implementation, dataset: Dataset) -> Iterator[RungEvidence]:
    probe = dataset.test.rows(slice(NUM_PROBE_ROWS))
    predictions = implementation.predict(probe.images)
    yield _of_one(rungs.LOGITS, "logits", predictions.logits)
    yield _of_one(rungs.PROBABILITIES, "probabilities", predictions.probabilities)
    yield _of_one(rungs.LOSS, "loss", np.array(implementation.evaluate(probe).loss))


def _of_extreme_loss(
    implementation: Implementation, initial: Parameters, batch: Examples
) -> RungEvidence:
    *hidden, output = initial.layers
    kernel = output.kernel * output.kernel.dtype.type(EXTREME_FACTOR)
    implementation.set_parameters(Parameters((*hidden, replace(output, kernel=kernel))))
    loss = implementation.evaluate(batch).loss
    predictions = implementation.predict(batch.images)
    true_loss = cross_entropy(predictions.logits.astype(np.float64), batch.labels)
    clipped = np.clip(
        predictions.probabilities.astype(np.float64), KERAS_EPSILON, 1 - KERAS_EPSILON
    )
    clipped_loss = cross_entropy(np.log(clipped), batch.labels)  # they sum to 1, but for 1e-6
    is_clipped = abs(loss - clipped_loss) < 1e-3 * abs(loss - true_loss)
    note = f"this loss takes probabilities clipped at {KERAS_EPSILON:g}, not logits"
    return _of_one(rungs.EXTREME_LOSS, "loss", np.array(loss), note=note if is_clipped else "")


def _of_single_steps(
    implementation: Implementation, experiment: Experiment, dataset: Dataset, draws: Draws
) -> Iterator[RungEvidence]:
    num_last_rows = draws.orders.shape[1] % experiment.batch_size
    validation = dataset.validation.rows(slice(NUM_PROBE_ROWS))
    for rung, num_rows, num_steps in (
        (rungs.ONE_STEP, experiment.batch_size, 1),
        (rungs.LAST_BATCH, experiment.batch_size + num_last_rows, 2),
    ):
        implementation.set_parameters(draws.parameters)
        orders = draws.orders[:1, :num_rows]
        implementation.fit(
            dataset.training, validation=validation, orders=orders, on_epoch=lambda _: None
        )
        yield _of_parameters(rung, implementation.get_parameters(), num_steps)


def _of_training(
    implementation: Implementation, dataset: Dataset, orders: Orders, on_epoch: OnEpoch
) -> Iterator[RungEvidence]:
    """The first epoch, then the others: the run goes on where the epoch ended."""
    history: list[EpochMetrics] = []

    def count_epoch(metrics: EpochMetrics) -> None:
        history.append(replace(metrics, epoch=len(history) + 1))
        on_epoch(history[-1])

    step_losses = np.zeros(0)
    stages = (
        (orders[:1], rungs.EPOCH_STEP_LOSSES, rungs.EPOCH_METRICS, rungs.EPOCH_WEIGHTS),
        (orders[1:], rungs.RUN_STEP_LOSSES, rungs.RUN_METRICS, rungs.RUN_WEIGHTS),
    )
    for stage_orders, losses_rung, metrics_rung, weights_rung in stages:
        if len(stage_orders):
            report = implementation.fit(
                dataset.training,
                validation=dataset.validation,
                orders=stage_orders,
                on_epoch=count_epoch,
            )
            step_losses = np.concatenate([step_losses, report.step_losses])
        losses = Tensor("loss", step_losses, is_by_step=True)
        yield RungEvidence(rung=losses_rung, tensors=(losses,), num_steps=len(step_losses))
        metrics = {name: np.array([getattr(each, name) for each in history]) for name in METRICS}
        yield RungEvidence(rung=metrics_rung, tensors=tuple(starmap(Tensor, metrics.items())))
        yield _of_parameters(weights_rung, implementation.get_parameters(), len(step_losses))
