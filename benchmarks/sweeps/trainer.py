"""What trains in a worker process: an implementation that is built once and serves many times."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pkgutil import resolve_name
from typing import Literal

from benchmarks.implementations import build_implementation, title_of
from benchmarks.registry import MANY_SEEDS
from benchmarks.runner.processes import Report
from benchmarks.runner.records import Record
from benchmarks.runner.training import Seconds, dataset_sha256, refuse_divergence
from shared.data.dataset import Dataset, RawDataset, split_and_scale
from shared.draws import Draws, draw_shared
from shared.errors import RunFailedError
from shared.experiment import Experiment
from shared.protocol import EpochMetrics, Evaluation, FitReport, Implementation


@dataclass(frozen=True, kw_only=True)
class SeedTraining:
    """One implementation trained on one seed.

    seconds: wall-clock time with other trainings beside it, so no measure of speed.
    data_sha256: of the arrays that arrived in the implementation's process.
    git_commit: of the code that trained; a resumed sweep may have more than one.
    """

    schema_version: Literal[2] = 2
    implementation: str
    seed: int
    device: str
    history: tuple[EpochMetrics, ...]
    test: Evaluation
    seconds: Seconds
    data_sha256: str
    git_commit: str


def describe_training(training: SeedTraining) -> str:
    """What a line says of a training that ended."""
    seconds = sum(training.seconds.epochs)
    return f"test accuracy {training.test.accuracy:.4f}, {seconds:.1f} s"


class SweepTrainer:
    """Trains one implementation, by its name, of experiments that differ in seed and draws only."""

    def __init__(self, raw: RawDataset, name: str, plan: Record) -> None:
        self.raw, self.name, self.plan = raw, name, plan
        self._built: Implementation | None = None

    @cached_property
    def dataset(self) -> Dataset:
        """All images as the implementation receives them."""
        return split_and_scale(self.raw, self.plan.experiment.dtype)

    @cached_property
    def data_sha256(self) -> str:
        """The sum of the bytes of `dataset`."""
        return dataset_sha256(self.dataset)

    def train(
        self, report: Report, experiment: Experiment, draws: Draws | None, title: str
    ) -> SeedTraining:
        """Trains from the draws, or natively, and evaluates; reports each epoch's `EpochMetrics`.

        title: which of the sweep's trainings it is, for its log and for people.

        Raises:
            RunFailedError: the loss is no longer a number.
        """
        title = f"{title_of(self.name)}, {title}"
        print(title, flush=True)
        started = time.perf_counter()
        implementation = self._build(experiment)
        import_seconds = time.perf_counter() - started
        if draws is not None:
            implementation.set_parameters(draws.parameters)

        def on_epoch(metrics: EpochMetrics) -> None:
            try:
                refuse_divergence(metrics)
            except RunFailedError as error:
                raise RunFailedError(f"{title}: {error}") from error
            report(metrics)

        fit_report = implementation.fit(
            self.dataset.training,
            validation=self.dataset.validation,
            orders=None if draws is None else draws.orders,
            on_epoch=on_epoch,
        )
        test = implementation.evaluate(self.dataset.test)
        return self._record(experiment, fit_report, test, implementation.device, import_seconds)

    def train_many(
        self, report: Report, experiments: Sequence[Experiment], width: int
    ) -> tuple[SeedTraining, ...]:
        """Trains all at once from their seeds' shared draws; reports each epoch's number.

        width: how many networks are trained, some of them in vain where these are fewer: so
            that an accelerator, which sums otherwise for other numbers, gives the same bits.

        Raises:
            RunFailedError: a loss is no longer a number.
        """
        print(f"{title_of(self.name)}, seeds", *(each.seed for each in experiments), flush=True)
        draws = [draw_shared(each) for each in experiments]
        trained = resolve_name(MANY_SEEDS[self.name])(
            self.plan.experiment,
            [*draws, *draws[-1:] * (width - len(draws))],
            self.dataset.training,
            validation=self.dataset.validation,
            test=self.dataset.test,
            on_epoch=report,
        )
        device = self._build(self.plan.experiment).device
        for fit_report, _ in trained:
            for metrics in fit_report.history:
                refuse_divergence(metrics)
        return tuple(
            self._record(experiment, fit_report, test, device, 0.0)
            for experiment, (fit_report, test) in zip(experiments, trained, strict=False)
        )

    def _record(
        self,
        experiment: Experiment,
        fit_report: FitReport,
        test: Evaluation,
        device: str,
        import_seconds: float,
    ) -> SeedTraining:
        return SeedTraining(
            implementation=self.name,
            seed=experiment.seed,
            device=device,
            history=fit_report.history,
            test=test,
            seconds=Seconds(
                import_=import_seconds,
                compile=fit_report.compile_seconds,
                epochs=fit_report.epoch_seconds,
            ),
            data_sha256=self.data_sha256,
            git_commit=self.plan.environment.git_commit,
        )

    def _build(self, experiment: Experiment) -> Implementation:
        """The implementation as it was built; a new one where its own seed draws the weights.

        Plain SGD keeps nothing from one step to the next but the weights, which are set.
        """
        if self._built is None or experiment.randomness == "native":
            self._built = build_implementation(self.name, experiment, "build_in_bulk")
        return self._built
