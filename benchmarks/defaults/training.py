"""The trainings of ports: what runs in each child process.

An implementation's package `defaults` is a `Ladder`: rungs from a port that leaves every default
in place to the reference port. Nothing here knows a framework.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.implementations import build_implementation, defaults_of, title_of
from benchmarks.runner.processes import Report
from benchmarks.runner.training import refuse_divergence
from shared.data.dataset import RawDataset, split_and_scale
from shared.draws import Draws, draw_shared
from shared.errors import RunFailedError
from shared.experiment import Experiment
from shared.oracle import cross_entropy
from shared.parameters import Parameters
from shared.protocol import (
    EpochMetrics,
    Evaluation,
    Examples,
    FitReport,
    Implementation,
    Predictions,
)


class PortHabits(Protocol):
    """What a port leaves as it comes: a frozen dataclass whose fields are words.

    takes_weights: whether the port starts from weights that it is given.
    takes_orders: whether it trains on batch orders that it is given.
    """

    takes_weights: bool
    takes_orders: bool


class DefaultsRung(Protocol):
    """A port on the ladder: its short name, and, in a sentence, what the rung before did not do."""

    name: str
    change: str
    habits: PortHabits


class Ladder(Protocol):
    """The package itself: rungs from the naive port to the reference port, and who builds them."""

    LADDER: tuple[DefaultsRung, ...]

    def build_port(self, experiment: Experiment, habits: PortHabits) -> Implementation:
        """A port with these habits, ready to train."""
        ...


@dataclass(frozen=True, kw_only=True)
class PortJob:
    """What a child process needs to train a port.

    rung: the port; None for the reference port itself.
    draws: what the reference trains on; None to draw it from the experiment's seed
        with `draw_shared`, in the child.
    """

    implementation: str
    rung: DefaultsRung | None
    experiment: Experiment
    raw: RawDataset
    draws: Draws | None

    @property
    def title(self) -> str:
        """Which training this is, for people to read."""
        name = "the reference port" if self.rung is None else self.rung.name
        return f"{title_of(self.implementation)}, {name}, seed {self.experiment.seed}"


@dataclass(frozen=True, kw_only=True)
class Trajectory:
    """Where a training began, what it reported, and where it ended.

    step_losses: (E, S), float64.
    classes: predicted for each test image, (n,).
    reported, true, training_loss_gap: as in `benchmarks.defaults.results.SeedOutcome`.
    """

    initial: Parameters
    final: Parameters
    history: tuple[EpochMetrics, ...]
    step_losses: NDArray[np.float64]
    classes: NDArray[np.intp]
    reported: Evaluation
    true: Evaluation
    training_loss_gap: float


def train_share(report: Report, share: tuple[tuple[int, PortJob], ...]) -> None:
    """Does one child's share of jobs, each with its index; reports each index and `Trajectory`.

    Raises:
        RunFailedError: a loss is no longer a number.
    """
    for index, job in share:
        print(job.title, flush=True)  # heads its part of the log
        report((index, train_port(job)))


def train_port(job: PortJob) -> Trajectory:
    """Trains a port on what its habits take of the draws.

    Raises:
        RunFailedError: the loss is no longer a number.
    """
    draws = draw_shared(job.experiment) if job.draws is None else job.draws
    port = _build(job)
    dataset = split_and_scale(job.raw, job.experiment.dtype)
    if job.rung is None or job.rung.habits.takes_weights:
        port.set_parameters(draws.parameters)
    initial = port.get_parameters()
    try:
        fit_report = port.fit(
            dataset.training,
            validation=dataset.validation,
            orders=draws.orders if job.rung is None or job.rung.habits.takes_orders else None,
            on_epoch=refuse_divergence,
        )
    except RunFailedError as error:
        raise RunFailedError(f"{job.title}: {error}") from error
    predictions = port.predict(dataset.test.images)
    step_losses = fit_report.step_losses.reshape(len(fit_report.history), -1)
    sizes = batch_sizes(len(dataset.training.labels), job.experiment.batch_size, step_losses)
    return Trajectory(
        initial=initial,
        final=port.get_parameters(),
        history=fit_report.history,
        step_losses=step_losses,
        classes=predictions.classes,
        reported=port.evaluate(dataset.test),
        true=true_evaluation(predictions, dataset.test),
        training_loss_gap=training_loss_gap(fit_report, sizes),
    )


def true_evaluation(predictions: Predictions, examples: Examples) -> Evaluation:
    """Mean loss and accuracy over every row, in float64, whatever the port reports."""
    return Evaluation(
        loss=cross_entropy(predictions.logits.astype(np.float64), examples.labels),
        accuracy=float(np.mean(predictions.classes == examples.labels)),
    )


def batch_sizes(
    num_rows: int, batch_size: int, step_losses: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Rows of each step of an epoch, (S,): the last has fewer where it was not dropped."""
    rows_left = num_rows - batch_size * np.arange(step_losses.shape[1])
    return np.minimum(batch_size, rows_left)


def training_loss_gap(report: FitReport, sizes: NDArray[np.int64]) -> float:
    """Largest distance of an epoch's reported loss from the mean over its rows.

    `report` has step losses; `sizes`, (S,), are the rows of each step of an epoch.
    """
    step_losses = report.step_losses.reshape(len(report.history), len(sizes))
    reported = np.array([metrics.loss for metrics in report.history])
    return float(np.abs(reported - np.average(step_losses, axis=1, weights=sizes)).max())


def _build(job: PortJob) -> Implementation:
    if job.rung is None:
        return build_implementation(job.implementation, job.experiment, "build_recording")
    ladder: Ladder = defaults_of(job.implementation)
    return ladder.build_port(job.experiment, job.rung.habits)
