"""Measures curves, from snapshots of trainings in pairs, and bands, from other last bits."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from benchmarks.drift.command import DriftCommand
from benchmarks.drift.results import Band, Curve, Drift, Kind
from benchmarks.implementations import build_implementation
from benchmarks.options import Context
from benchmarks.runner.processes import Report, pin_to_core, run_side_by_side, usable_cores
from benchmarks.runner.progress import show_parts
from benchmarks.runner.training import TrainingJob, draw, train
from shared.data.dataset import describe, split_and_scale
from shared.documented import DOCUMENTED_FIGURES, is_applicable
from shared.draws import Draws
from shared.errors import RunFailedError
from shared.parameters import Parameters, move_last_bits

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All weights and biases after a step, (P,), and the class of each test image, (10000,)."""

    step: int
    weights: NDArray[np.floating]
    classes: NDArray[np.uint8]


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
    command: DriftCommand, names: tuple[str, ...], context: Context, folder: Path
) -> Drift:
    """Measures the curves of the named implementations, and the bands."""
    experiment = command.experiment
    raw = context.load_images(command.images)
    environment = context.describe_environment()
    job = TrainingJob(
        implementation=command.band_impl,
        experiment=experiment,
        raw=raw,
        draws=draw(experiment, folder / "draws.log"),
        folder=None,
        in_bulk=True,
    )
    num_processes = command.processes or environment.num_cores
    crew = Crew(logs=folder / "logs", num_processes=num_processes, console=context.console)
    crew.logs.mkdir()
    # Beside the outputs, not in the system's temporary folder, which may be small:
    # snapshots take some 110 MB per training in float32, twice that in float64.
    with TemporaryDirectory(prefix="snapshots-", dir=folder) as snapshots:
        curves = _measure_curves(names, job, Path(snapshots), crew)
    bands = tuple(_measure_bands(job, command.runs, crew)) if command.runs else ()
    return Drift(
        dataset=describe(raw),
        experiment=experiment,
        environment=environment,
        curves=curves,
        band_implementation=command.band_impl if bands else None,
        bands=bands,
    )


def _measure_curves(
    names: tuple[str, ...], job: TrainingJob, folder: Path, crew: Crew
) -> tuple[Curve, ...]:
    """Measures each pair of implementations in both types, and each with itself in float32."""
    draws, experiment = job.draws, job.experiment
    assert draws is not None  # only native randomness draws nothing
    num_snapshots = len(list(cut_into_segments(draws.orders, experiment.batch_size)))
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
    crew.run(follow, jobs, "undisturbed trainings", num_snapshots, "snapshots")
    across = [
        compare(one, other, "across", read_snapshots(one), read_snapshots(other))
        for one, other in combinations(undisturbed, 2)
        if one.experiment.dtype == other.experiment.dtype
    ]
    moved = disturb(draws, experiment.seed, 0)
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


def _measure_bands(job: TrainingJob, num_runs: int, crew: Crew) -> Iterator[Band]:
    """Yields a band for each documented figure that runs of this length reach."""
    experiment = job.experiment
    assert job.draws is not None
    moved = (disturb(job.draws, experiment.seed, 1 + run) for run in range(num_runs))
    jobs = [(replace(job, draws=draws),) for draws in moved]
    what = "runs for the bands"
    trainings = crew.run(train, jobs, what, experiment.num_epochs, "epochs", one_core_each=True)
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


def drift_apart(
    report: Report, reference: TrainingJob, kind: Kind, draws: Draws, core: int | None = None
) -> Curve:
    """What runs in a child: a disturbed training, held against the reference's snapshots."""
    if core is not None:
        pin_to_core(core)
    snapshots = train_with_snapshots(report, replace(reference, draws=draws))
    return compare(reference, reference, kind, read_snapshots(reference), snapshots)


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


def disturb(draws: Draws, seed: int, number: int) -> Draws:
    """Moves the last bit of each number of each kernel; biases, which start at zero, stay.

    number: which of a seed's disturbances; the curves take 0, the bands' runs 1, 2, ….
    """
    move = partial(move_last_bits, generator=np.random.default_rng([seed, number]))
    return replace(draws, parameters=draws.parameters.with_kernels(move))


def reverse_batches(draws: Draws, batch_size: int) -> Draws:
    """Turns the rows inside each batch round; those of the last, smaller batch as well.

    A batch's gradient is a mean over its rows, whatever their order; only the
    order of summation changes, and with it the rounding.
    """
    ends = range(batch_size, draws.orders.shape[1], batch_size)
    batches = np.split(draws.orders, ends, axis=1)
    return replace(draws, orders=np.hstack([batch[:, ::-1] for batch in batches]))


def follow(report: Report, job: TrainingJob) -> None:
    """What runs in a child: leaves each snapshot of a training in the job's folder, a new one."""
    assert job.folder is not None
    job.folder.mkdir()
    for snapshot in train_with_snapshots(report, job):
        path = job.folder / f"{snapshot.step}.npz"
        np.savez(path, weights=snapshot.weights, classes=snapshot.classes)


def read_snapshots(job: TrainingJob) -> Iterator[Snapshot]:
    """What `follow` left in the job's folder, step by step."""
    assert job.folder is not None
    for path in sorted(job.folder.iterdir(), key=lambda path: int(path.stem)):
        with np.load(path) as arrays:
            yield Snapshot(step=int(path.stem), **arrays)


def train_with_snapshots(report: Report, job: TrainingJob) -> Iterator[Snapshot]:
    """Trains, with a look at the end of each segment; reports the steps done.

    Plain SGD keeps nothing but the weights from one step to the next, so a training in segments
    is the training in one piece. Raises RunFailedError where a weight is no longer a number.
    """
    assert job.draws is not None
    implementation = build_implementation(job.implementation, job.experiment, "build_in_bulk")
    dataset = split_and_scale(job.raw, job.experiment.dtype)
    # `fit` validates after each segment, of which nothing is needed here; so on few rows.
    few = dataset.validation.rows(slice(32))
    implementation.set_parameters(job.draws.parameters)
    for step, rows in cut_into_segments(job.draws.orders, job.experiment.batch_size):
        implementation.fit(
            dataset.training, validation=few, orders=rows[np.newaxis], on_epoch=lambda _: None
        )
        weights = flatten(implementation.get_parameters())
        if not np.isfinite(weights).all():
            raise RunFailedError(
                f"the training diverged before step {step}: try a smaller --learning-rate"
            )
        classes = implementation.predict(dataset.test.images).classes.astype(np.uint8)
        report(step)
        yield Snapshot(step=step, weights=weights, classes=classes)


def flatten(parameters: Parameters) -> NDArray[np.floating]:
    """All kernels and biases in one vector, (P,)."""
    return np.concatenate([array.ravel() for _, array in parameters.named_arrays()])


def cut_into_segments(
    orders: NDArray[np.int64], batch_size: int
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yields each segment's rows, in order, (k,), after the steps done by its end.

    The first epoch, where the differences are born, ends a segment at each power of two; the
    others have thirds (1,719 = 3 × 573). Segments of few different lengths, because a framework
    that compiles does so for each length anew. No segment cuts a batch in two; `orders` is (E, n).
    """
    steps_per_epoch = math.ceil(orders.shape[1] / batch_size)  # the last may be smaller
    powers = {2**exponent for exponent in range(steps_per_epoch.bit_length())}
    thirds = {steps_per_epoch * third // 3 for third in (1, 2)} - {0}
    for epoch, order in enumerate(orders):
        ends = sorted({*(thirds if epoch else powers), steps_per_epoch})
        segments = np.split(order, [end * batch_size for end in ends[:-1]])
        for end, rows in zip(ends, segments, strict=True):
            yield epoch * steps_per_epoch + end, rows
