"""The trainings of ports: what runs in each child process."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.defaults.results import SeedOutcome
from benchmarks.implementations import build_implementation, defaults_of, title_of
from benchmarks.runner.processes import Report
from benchmarks.runner.records import Record
from benchmarks.runner.training import refuse_divergence
from shared.data.dataset import RawDataset, split_and_scale
from shared.draws import Draws, draw_shared
from shared.errors import RunFailedError
from shared.experiment import Experiment
from shared.oracle import cross_entropy
from shared.parameters import Parameters
from shared.protocol import EpochMetrics, Evaluation, Examples, FitReport, Predictions


@dataclass(frozen=True, kw_only=True)
class PortJob:
    """What a child process needs to train a port.

    rung: one of `defaults_of(implementation).LADDER`; None for the reference port itself.
    draws: what the reference trains on; None to draw it in the child, with `draw_shared`.
    """

    implementation: str
    rung: Any
    experiment: Experiment
    raw: RawDataset
    draws: Draws | None

    @property
    def title(self) -> str:
        """Which training this is, for people to read."""
        name = "the reference port" if self.rung is None else self.rung.name
        return f"{title_of(self.implementation)}, {name}, seed {self.experiment.seed}"


@dataclass(frozen=True)
class PortKey:
    """Names a training: the rung's place on the ladder, None for the reference port, and its seed.

    Without a seed it is one on the same draws as the others.
    """

    place: int | None
    seed: int | None = None


@dataclass(frozen=True, kw_only=True)
class Trajectory:
    """Where a training began, what it reported, and where it ended: test classes are (n,)."""

    initial: Parameters
    final: Parameters
    report: FitReport
    classes: NDArray[np.intp]
    outcome: SeedOutcome


class PortTrainer:
    """What runs in a worker process: ports on the same draws, and on those of seeds."""

    def __init__(self, raw: RawDataset, name: str, plan: Record, draws: Draws) -> None:
        self.job = PortJob(
            implementation=name, rung=None, experiment=plan.experiment, raw=raw, draws=draws
        )

    def __call__(self, report: Report, *keys: PortKey) -> tuple[Trajectory | SeedOutcome, ...]:
        """Trains the port of each key; where it has a seed, what came of that is enough."""
        return tuple(self._train_port(report, key) for key in keys)

    def _train_port(self, report: Report, key: PortKey) -> Trajectory | SeedOutcome:
        ladder = defaults_of(self.job.implementation).LADDER
        job = replace(self.job, rung=None if key.place is None else ladder[key.place])
        if key.seed is not None:
            experiment = replace(job.experiment, seed=key.seed, randomness="shared")
            job = replace(job, experiment=experiment, draws=None)
        print(job.title, flush=True)  # heads its part of the log
        trajectory = train_port(job, report)
        return trajectory if key.seed is None else trajectory.outcome


def train_port(job: PortJob, report: Report = lambda _: None) -> Trajectory:
    """Trains a port on what its habits take of the draws; an error says which port it was."""
    experiment = job.experiment
    habits = None if job.rung is None else job.rung.habits
    draws = draw_shared(experiment) if job.draws is None else job.draws
    dataset = split_and_scale(job.raw, experiment.dtype)
    if habits is None:
        port = build_implementation(job.implementation, experiment, "build_recording")
    else:
        port = defaults_of(job.implementation).build_port(experiment, habits)
    if habits is None or habits.takes_weights:
        port.set_parameters(draws.parameters)
    initial = port.get_parameters()

    def on_epoch(metrics: EpochMetrics) -> None:
        refuse_divergence(metrics)
        report(metrics)

    try:
        fit_report = port.fit(
            dataset.training,
            validation=dataset.validation,
            orders=draws.orders if habits is None or habits.takes_orders else None,
            on_epoch=on_epoch,
        )
    except RunFailedError as error:
        raise RunFailedError(f"{job.title}: {error}") from error
    predictions = port.predict(dataset.test.images)
    num_rows = len(dataset.training.labels)
    outcome = SeedOutcome(
        seed=experiment.seed,
        reported=port.evaluate(dataset.test),
        true=true_evaluation(predictions, dataset.test),
        training_loss_gap=training_loss_gap(fit_report, num_rows, experiment.batch_size),
    )
    return Trajectory(
        initial=initial,
        final=port.get_parameters(),
        report=fit_report,
        classes=predictions.classes,
        outcome=outcome,
    )


def true_evaluation(predictions: Predictions, examples: Examples) -> Evaluation:
    """Mean loss and accuracy over every row, in float64, whatever the port reports."""
    return Evaluation(
        loss=cross_entropy(predictions.logits.astype(np.float64), examples.labels),
        accuracy=float(np.mean(predictions.classes == examples.labels)),
    )


def training_loss_gap(report: FitReport, num_rows: int, batch_size: int) -> float:
    """Largest distance of an epoch's reported loss from the mean over the rows trained on.

    The last batch has fewer of an epoch's rows, where it was not dropped.
    """
    step_losses = report.step_losses.reshape(len(report.history), -1)
    rows_left = num_rows - batch_size * np.arange(step_losses.shape[1])
    means = np.average(step_losses, axis=1, weights=np.minimum(batch_size, rows_left))
    return float(np.abs(means - [metrics.loss for metrics in report.history]).max())
