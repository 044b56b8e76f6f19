"""Measures curves, by following trainings in pairs, and bands, by training from other last bits."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from benchmarks.drift import trajectory
from benchmarks.drift.results import Band, Curve, Drift, Kind
from benchmarks.drift.trajectory import Snapshot, read_snapshots
from benchmarks.options import Context, DataOptions
from benchmarks.runner.processes import Report, pin_to_core, run_side_by_side, usable_cores
from benchmarks.runner.progress import show_parts
from benchmarks.runner.training import TrainingJob, draw, train
from shared.data.dataset import describe
from shared.documented import DOCUMENTED_FIGURES, is_applicable
from shared.draws import Draws
from shared.experiment import Experiment

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
        num_parts: int,
        unit: str,
        *,
        one_core_each: bool = False,
    ) -> list[Result]:
        """Each job's result; shows meanwhile how many of its `num_parts` each has reported.

        what: what the jobs are; its first word names their logs.
        """
        with show_parts(self.console, what, len(jobs) * num_parts, unit) as show:
            done = run_side_by_side(
                function,
                jobs,
                log=self.logs / f"worker-{what.partition(' ')[0]}.log",
                num_processes=self.num_processes,
                on_event=show,
                one_core_each=one_core_each,
            )
            return [result for _, result in sorted(done)]


def measure_drift(
    names: tuple[str, ...],
    experiment: Experiment,
    images: DataOptions,
    context: Context,
    folder: Path,
    *,
    num_processes: int | None,
    band_implementation: str,
    num_runs: int,
) -> Drift:
    """Measures the curves of implementations, and bands of `num_runs` runs of one of them."""
    raw = context.load_images(images)
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
    segments = trajectory.cut_into_segments(draws.orders, experiment.batch_size)
    num_snapshots = len(list(segments))
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
    jobs = [(each,) for each in undisturbed]
    crew.run(trajectory.follow, jobs, "undisturbed trainings", num_snapshots, "snapshots")
    across = [
        compare(one, other, "across", read_snapshots(one), read_snapshots(other))
        for one, other in combinations(undisturbed, 2)
        if one.experiment.dtype == other.experiment.dtype
    ]
    moved = move_last_bits(draws, experiment.seed, 0)
    turned = reverse_batches(draws, experiment.batch_size)
    cores = usable_cores()
    disturbed = []
    for place, reference in enumerate(undisturbed[-len(names) :]):  # in float32
        disturbed += [(reference, "last bit", moved), (reference, "row order", turned)]
        if cores:
            # Each implementation a core of its own, as long as there are enough.
            disturbed.append((reference, "one core", draws, cores[place % len(cores)]))
    floor = crew.run(drift_apart, disturbed, "disturbed trainings", num_snapshots, "snapshots")
    return (*across, *floor)


def drift_apart(
    report: Report, reference: TrainingJob, kind: Kind, draws: Draws, core: int | None = None
) -> Curve:
    """What runs in a child: a disturbed training, held against the reference's snapshots."""
    if core is not None:
        pin_to_core(core)
    disturbed = replace(reference, draws=draws)
    snapshots = trajectory.train_with_snapshots(report, disturbed)
    return compare(reference, disturbed, kind, read_snapshots(reference), snapshots)


def compare(
    first: TrainingJob,
    second: TrainingJob,
    kind: Kind,
    first_snapshots: Iterable[Snapshot],
    second_snapshots: Iterable[Snapshot],
) -> Curve:
    """The curve of two trainings of one type of numbers, holding two snapshots at a time."""
    rows = []
    for one, other in zip(first_snapshots, second_snapshots, strict=True):
        # In float64, where the difference of two float32 numbers is exact.
        difference = one.weights.astype(np.float64) - other.weights.astype(np.float64)
        largest = float(np.abs(difference).max())
        root = float(np.sqrt(np.mean(difference**2)))
        rows.append((one.step, largest, root, int(np.sum(one.classes != other.classes))))
    steps, maxima, roots, disagreeing = zip(*rows, strict=True)
    return Curve(
        pair=(first.implementation, second.implementation),
        kind=kind,
        dtype=first.experiment.dtype,
        steps=steps,
        max_difference=maxima,
        rms_difference=roots,
        disagreeing=disagreeing,
    )


def move_last_bits(draws: Draws, seed: int, number: int) -> Draws:
    """Moves each number of each kernel by one unit in the last place, up or down at random.

    Zeros stay: next to zero lies the smallest number there is, which means nothing.
    Biases, which start at zero, stay with them.

    number: which of a seed's disturbances; the curves take 0, the bands' runs 1, 2, ….
    """
    generator = np.random.default_rng([seed, number])

    def move(numbers: NDArray[np.floating]) -> NDArray[np.floating]:
        upwards = generator.integers(2, size=numbers.shape) == 1
        # Of the numbers' own type: a float64 infinity would make nextafter take the next
        # float64, which is no step at all in float32.
        towards = np.where(upwards, np.inf, -np.inf).astype(numbers.dtype)
        return np.where(numbers == 0, numbers, np.nextafter(numbers, towards))

    return replace(draws, parameters=draws.parameters.with_kernels(move))


def reverse_batches(draws: Draws, batch_size: int) -> Draws:
    """Turns the rows inside each batch round; those of the last, smaller batch as well.

    A batch's gradient is a mean over its rows, whatever their order; only the
    order of summation changes, and with it the rounding.
    """
    ends = range(batch_size, draws.orders.shape[1], batch_size)
    batches = np.split(draws.orders, ends, axis=1)
    return replace(draws, orders=np.hstack([batch[:, ::-1] for batch in batches]))


def _measure_bands(job: TrainingJob, num_runs: int, crew: Crew) -> Iterator[Band]:
    """Yields a band for each documented figure that runs of this length reach."""
    seed, num_epochs = job.experiment.seed, job.experiment.num_epochs
    assert job.draws is not None
    jobs = [
        (replace(job, draws=move_last_bits(job.draws, seed, number)),)
        for number in range(1, num_runs + 1)
    ]
    trainings = crew.run(
        train, jobs, "runs for the bands", num_epochs, "epochs", one_core_each=True
    )
    for figure in DOCUMENTED_FIGURES:
        measured = [figure.measured(each.run.history, each.run.test) for each in trainings]
        values = tuple(value for value in measured if value is not None)
        if values:
            yield Band(
                name=figure.name,
                documented=figure.value,
                applicable=is_applicable(figure, job.experiment, job.raw.name),
                values=values,
            )
