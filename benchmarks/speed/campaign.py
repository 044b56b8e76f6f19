"""All measurements of one `twins speed`, and the file that grows with them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.options import Context
from benchmarks.runner.records import write_json
from benchmarks.speed.analysis import reasons_for_noise, rung_result, with_shares
from benchmarks.speed.command import SpeedCommand
from benchmarks.speed.limits import mean_limits, measure_limits
from benchmarks.speed.machine import describe_machine, find_accelerator
from benchmarks.speed.progress import show_steps
from benchmarks.speed.results import (
    GrowthPoint,
    Limit,
    Limits,
    Omission,
    RungTimes,
    SpeedEnvironment,
    SpeedResults,
)
from benchmarks.speed.settings import as_flags, common_variables
from benchmarks.speed.sweep import Samples, take_samples
from benchmarks.speed.workload import Plan, measurement_jobs, num_seeds
from shared.data.dataset import RawDataset, describe
from shared.errors import RunFailedError
from shared.experiment import Experiment
from shared.timing import SpeedRung

RESULTS_FILE = "speed.json"
WARM_UPS = {"cpu": 0, "gpu": 3}
"""Calls after the first that do not count; XLA records command buffers on a GPU's second."""


class Campaign:
    """All measurements of one command, and the file that grows with them."""

    def __init__(
        self,
        command: SpeedCommand,
        context: Context,
        raw: RawDataset,
        folder: Path,
    ) -> None:
        self.command = command
        self.experiment = command.experiment
        self.raw = raw
        self.console = context.console
        self.file = folder / RESULTS_FILE
        self.logs = folder / "logs"
        self.variables = common_variables(command.device, tf32=command.tf32)
        self.plan = Plan(
            device=command.device,
            num_rounds=command.rounds,
            num_warm_ups=WARM_UPS[command.device],
            num_samples=command.epochs_per_process,
            variables=self.variables,
        )
        self.before = describe_machine()
        self.software = context.describe_environment()
        self.blank = self._blank()

    def measure(self, rungs: Sequence[SpeedRung], omitted: tuple[Omission, ...]) -> SpeedResults:
        """Limits, the ladder, limits again, then growth; stores after every measurement."""
        self.logs.mkdir()
        before = self._measure_limits()
        results = replace(self.blank, limits=mean_limits([before]), omitted=omitted)
        for ladder, failures in self._measure_rungs(rungs, self.experiment, before, "ladder"):
            results = self._store(replace(results, rungs=ladder, omitted=(*omitted, *failures)))
        if not results.rungs:
            raise RunFailedError(f"no rung could be measured: {results.omitted[0].reason}")
        # A machine that others share is not as fast after the ladder as it was before it.
        limits = mean_limits([before, self._measure_limits()])
        ladder = tuple(with_shares(rung, limits, self.plan.device) for rung in results.rungs)
        results = self._store(replace(results, limits=limits, rungs=ladder))
        by_batch_size = [
            replace(self.experiment, batch_size=size) for size in self.command.batch_sizes
        ]
        by_width = [
            replace(self.experiment, hidden_sizes=(width, *self.experiment.hidden_sizes[1:]))
            for width in self.command.widths
        ]
        for points in self._measure_growth(rungs, by_batch_size, results):
            results = self._store(replace(results, by_batch_size=(*results.by_batch_size, *points)))
        for points in self._measure_growth(rungs, by_width, results):
            results = self._store(replace(results, by_width=(*results.by_width, *points)))
        return self._store(replace(results, finished=True))

    def _measure_limits(self) -> Limits:
        self.console.print("measuring the machine's limits")
        return measure_limits(self.experiment, self.logs / "limits.log")

    def _measure_growth(
        self, rungs: Sequence[SpeedRung], experiments: list[Experiment], ladder: SpeedResults
    ) -> Iterator[tuple[GrowthPoint, ...]]:
        """Yields a point of each rung for one experiment after the other.

        The ladder's own experiment has been measured: its points are the ladder's.
        """
        for experiment in experiments:
            measured = ladder.rungs
            if experiment != self.experiment:
                sizes = f"batches of {experiment.batch_size}, hidden layers"
                what = f"{sizes} {experiment.hidden_sizes}"
                *_, (measured, _) = self._measure_rungs(rungs, experiment, ladder.limits, what)
            yield tuple(GrowthPoint(experiment=experiment, rung=rung) for rung in measured)

    def _measure_rungs(
        self, rungs: Sequence[SpeedRung], experiment: Experiment, limits: Limits, what: str
    ) -> Iterator[tuple[tuple[RungTimes, ...], tuple[Omission, ...]]]:
        """Yields all results so far, and all failures, after every measurement."""
        log = self.logs / "oracle.log"
        jobs = measurement_jobs(rungs, experiment, self.raw, self.plan, log)
        samples = Samples()
        steps = take_samples(jobs, self.plan.num_rounds, samples, log=log)
        with show_steps(self.console, what) as show:
            for step in steps:
                yield self._results(rungs, samples, experiment, limits)
                show(step)  # only now is it stored: nobody is told of what an interrupt loses

    def _results(
        self,
        rungs: Sequence[SpeedRung],
        samples: Samples,
        experiment: Experiment,
        limits: Limits,
    ) -> tuple[tuple[RungTimes, ...], tuple[Omission, ...]]:
        measured = tuple(
            rung_result(
                rung,
                samples.by_rung[rung.name],
                experiment=experiment,
                num_seeds=num_seeds(rung, self.plan.device),
                limits=limits,
                device=self.plan.device,
            )
            for rung in rungs
            if rung.name in samples.by_rung
        )
        failures = tuple(
            Omission(name=name, reason=reason) for name, reason in samples.failures.items()
        )
        return measured, failures

    def _blank(self) -> SpeedResults:
        """Results without a measurement: what is known beforehand."""
        nothing = Limit(large_product=math.nan, network_products=math.nan)
        return SpeedResults(
            finished=False,
            dataset=describe(self.raw),
            experiment=self.experiment,
            environment=SpeedEnvironment(
                **vars(self.software),
                device=self.plan.device,
                accelerator=find_accelerator() if self.plan.device == "gpu" else None,
                variables=as_flags(self.variables),
                tf32=self.command.tf32,
                before=self.before,
                after=self.before,
                why_noisy=(),
            ),
            limits=Limits(one_core=nothing, machine=nothing),
            num_rounds=self.plan.num_rounds,
            rungs=(),
            omitted=(),
        )

    def _store(self, results: SpeedResults) -> SpeedResults:
        """Writes the file anew, with the machine's state as it is now."""
        environment = replace(
            results.environment,
            after=describe_machine(),
            why_noisy=reasons_for_noise(self.before, results.rungs),
        )
        results = replace(results, environment=environment)
        write_json(results, self.file)
        return results
