"""Measures curves, by following trainings in pairs, and bands, by training from other last bits."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import numpy as np
from rich.console import Console

from benchmarks.drift.perturbation import move_last_bits, reverse_batches
from benchmarks.drift.results import Band, Curve, Drift, Kind
from benchmarks.drift.trajectory import (
    Snapshot,
    cut_into_segments,
    follow,
    read_snapshots,
    train_with_snapshots,
)
from benchmarks.options import Context
from benchmarks.runner.processes import Report, pin_to_core, run_side_by_side, usable_cores
from benchmarks.runner.progress import show_parts
from benchmarks.runner.training import TrainingJob, draw, train
from shared.data.dataset import RawDataset, describe
from shared.documented import DOCUMENTED_FIGURES, is_applicable
from shared.draws import Draws
from shared.experiment import Experiment

CURVE_NUMBER = 0
"""Which disturbance of the last bits the curves take; the bands' runs take 1, 2, …."""

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Crew:
    """Who trains: so many child processes at a time, with their logs in a folder."""

    logs: Path
    num_processes: int
    console: Console

    def run(
        self,
        function: Callable[..., Result],
        jobs: list[tuple],
        what: str,
        parts: tuple[int, str],
        *,
        one_core_each: bool = False,
    ) -> list[Result]:
        """Returns each job's result; shows meanwhile how many parts the jobs have reported.

        what: what the jobs are; its first word names their logs.
        parts: how many there are in each job, and what they are.
        """
        num_parts, unit = parts
        with show_parts(self.console, what, len(jobs) * num_parts, unit) as show:
            done = run_side_by_side(
                function,
                jobs,
                log=self.logs / f"worker-{what.partition(' ')[0]}.log",
                num_processes=self.num_processes,
                on_event=show,
                one_core_each=one_core_each,
            )
            results = dict(done)
        return [results[index] for index in range(len(jobs))]


def measure_drift(
    names: tuple[str, ...],
    experiment: Experiment,
    raw: RawDataset,
    context: Context,
    folder: Path,
    *,
    num_processes: int | None,
    band_implementation: str,
    num_runs: int,
) -> Drift:
    """Measures the curves of implementations, and bands of `num_runs` runs of one of them.

    Raises:
        RunFailedError: a training failed or diverged.
    """
    environment = context.describe_environment()
    job = TrainingJob(
        implementation=band_implementation,
        experiment=experiment,
        raw=raw,
        draws=draw(experiment, folder / "draws.log"),
        folder=None,
        in_bulk=True,
    )
    crew = Crew(
        logs=folder / "logs",
        num_processes=num_processes or environment.num_cores,
        console=context.console,
    )
    crew.logs.mkdir()
    # Beside the outputs, not in the system's temporary folder, which may be small:
    # snapshots take some 110 MB per training in float32, twice that in float64.
    with TemporaryDirectory(prefix="snapshots-", dir=folder) as snapshots:
        curves = _measure_curves(names, job, Path(snapshots), crew)
    bands = tuple(_measure_bands(job, num_runs, crew)) if num_runs else ()
    return Drift(
        dataset=describe(raw),
        experiment=experiment,
        environment=environment,
        curves=curves,
        band_implementation=band_implementation if bands else None,
        bands=bands,
    )


def _measure_curves(
    names: tuple[str, ...], job: TrainingJob, folder: Path, crew: Crew
) -> tuple[Curve, ...]:
    """Measures each pair of implementations in both types, and each with itself in float32."""
    draws, experiment = job.draws, job.experiment
    assert draws is not None  # only native randomness draws nothing
    segments = list(cut_into_segments(draws.orders, experiment.batch_size))
    parts = (len(segments), "snapshots")
    undisturbed = [
        replace(
            job,
            implementation=name,
            experiment=replace(experiment, dtype=dtype),
            folder=folder / f"{name}-{dtype}",
        )
        for dtype in ("float64", "float32")
        for name in names
    ]
    crew.run(follow, [(each,) for each in undisturbed], "undisturbed trainings", parts)
    across = [
        compare(one, other, "across", read_snapshots(one), read_snapshots(other))
        for one, other in combinations(undisturbed, 2)
        if one.experiment.dtype == other.experiment.dtype
    ]
    moved = move_last_bits(draws, np.random.default_rng([experiment.seed, CURVE_NUMBER]))
    turned = reverse_batches(draws, experiment.batch_size)
    cores = usable_cores()
    disturbed = []
    for place, reference in enumerate(undisturbed[-len(names) :]):  # in float32
        disturbed += [(reference, "last bit", moved), (reference, "row order", turned)]
        if cores:
            # Each implementation a core of its own, as long as there are enough.
            disturbed.append((reference, "one core", draws, cores[place % len(cores)]))
    floor = crew.run(drift_apart, disturbed, "disturbed trainings", parts)
    return (*across, *floor)


def drift_apart(
    report: Report, reference: TrainingJob, kind: Kind, draws: Draws, core: int | None = None
) -> Curve:
    """What runs in a child: a disturbed training, held against the reference's snapshots.

    core: the one to compute on; None for all.
    """
    if core is not None:
        pin_to_core(core)
    disturbed = replace(reference, draws=draws)
    snapshots = train_with_snapshots(report, disturbed)
    return compare(reference, disturbed, kind, read_snapshots(reference), snapshots)


def compare(
    first: TrainingJob,
    second: TrainingJob,
    kind: Kind,
    first_snapshots: Iterable[Snapshot],
    second_snapshots: Iterable[Snapshot],
) -> Curve:
    """The curve of two trainings of one type of numbers, holding two snapshots at a time."""
    steps, maxima, roots, disagreeing = [], [], [], []
    for one, other in zip(first_snapshots, second_snapshots, strict=True):
        # In float64, where the difference of two float32 numbers is exact.
        difference = one.weights.astype(np.float64) - other.weights.astype(np.float64)
        steps.append(one.step)
        maxima.append(float(np.abs(difference).max()))
        roots.append(float(np.sqrt(np.mean(difference**2))))
        disagreeing.append(int(np.sum(one.classes != other.classes)))
    return Curve(
        pair=(first.implementation, second.implementation),
        kind=kind,
        dtype=first.experiment.dtype,
        steps=tuple(steps),
        max_difference=tuple(maxima),
        rms_difference=tuple(roots),
        disagreeing=tuple(disagreeing),
    )


def _measure_bands(job: TrainingJob, num_runs: int, crew: Crew) -> Iterator[Band]:
    """Trains in full, each time from other last bits.

    Yields a band for each documented figure that runs of this length reach.
    """
    experiment = job.experiment
    assert job.draws is not None
    seeds = [[experiment.seed, CURVE_NUMBER + number] for number in range(1, num_runs + 1)]
    generators = map(np.random.default_rng, seeds)
    jobs = [(replace(job, draws=move_last_bits(job.draws, each)),) for each in generators]
    parts = (experiment.num_epochs, "epochs")
    trainings = crew.run(train, jobs, "runs for the bands", parts, one_core_each=True)
    for figure in DOCUMENTED_FIGURES:
        measured = [figure.measured(each.run.history, each.run.test) for each in trainings]
        values = tuple(value for value in measured if value is not None)
        if values:
            yield Band(
                name=figure.name,
                documented=figure.value,
                applicable=is_applicable(figure, experiment, job.raw.name),
                values=values,
            )
