"""Measures curves, from snapshots of trainings in pairs, and bands, from other last bits."""

import math
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.drift.results import Band, Curve, Drift, Kind
from benchmarks.implementations import build_implementation
from benchmarks.runner.processes import Report, pin_to_core, run_side_by_side, usable_cores
from benchmarks.runner.progress import show_parts
from benchmarks.runner.training import TrainingJob, draw
from benchmarks.sweeps.sweep import Sweep, SweepPlan, Wanted
from benchmarks.sweeps.trainer import SeedTraining, SweepTrainer, describe_training
from shared.data.dataset import RawDataset, split_and_scale
from shared.documented import DOCUMENTED_FIGURES, is_applicable
from shared.draws import Draws
from shared.errors import RunFailedError
from shared.experiment import Experiment
from shared.parameters import Parameters, move_last_bits

Result = TypeVar("Result")

CURVES = "curves"
SNAPSHOTS = "snapshots-"


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All weights and biases after a step, (P,), and the class of each test image, (10000,)."""

    step: int
    weights: NDArray[np.floating]
    classes: NDArray[np.uint8]


def wanted_trainings(
    experiment: Experiment, names: tuple[str, ...], band_name: str, num_runs: int
) -> tuple[Wanted, ...]:
    """The curves, which count as one training, and each run for the bands, from other last bits."""
    curves = Wanted(
        title="curves", key=CURVES, implementation="-".join(names), experiment=experiment
    )
    return curves, *(
        Wanted(
            title=f"last bits {run}",
            key=run,
            implementation=band_name,
            experiment=experiment,
            variant=f"last bits {run}",
        )
        for run in range(1, 1 + num_runs)
    )


def measure_drift(names: tuple[str, ...], sweep: Sweep) -> Drift:
    """Measures the curves of the named implementations, and the bands."""
    draws = draw(sweep.plan.experiment, sweep.folder / "draws.log")
    assert draws is not None  # only native randomness draws nothing
    of_curves, *of_bands = sweep.wanted
    curves = sweep.kept(of_curves, tuple[Curve, ...])
    if curves is None:
        curves = _measure_curves(names, draws, sweep)
        sweep.keep(of_curves, curves)
    runs = _train_for_bands(draws, of_bands, sweep) if of_bands else ()
    bands = tuple(_bands_of(runs, sweep.plan))
    return Drift(
        **vars(sweep.plan),
        curves=curves,
        band_implementation=of_bands[0].implementation if bands else None,
        bands=bands,
    )


def _measure_curves(names: tuple[str, ...], draws: Draws, sweep: Sweep) -> tuple[Curve, ...]:
    """Measures each pair of implementations in both types, and each with itself in float32."""
    for left_over in sweep.folder.glob(f"{SNAPSHOTS}*"):  # by a sweep that was killed
        shutil.rmtree(left_over)
    # Beside the outputs, not in the system's temporary folder, which may be small:
    # snapshots take some 110 MB per training in float32, twice that in float64.
    with TemporaryDirectory(prefix=SNAPSHOTS, dir=sweep.folder) as snapshots:
        undisturbed = [
            TrainingJob(
                implementation=name,
                experiment=replace(sweep.plan.experiment, dtype=dtype),
                raw=sweep.raw,
                draws=draws,
                folder=Path(snapshots) / f"{name}-{dtype}",
                in_bulk=True,
            )
            for dtype in ("float64", "float32")
            for name in names
        ]
        return tuple(_curves_of(undisturbed, len(names), draws, sweep))


def _curves_of(
    undisturbed: list[TrainingJob], num_names: int, draws: Draws, sweep: Sweep
) -> Iterator[Curve]:
    """Yields the curves between undisturbed trainings, then those of disturbed ones."""
    _run_all(follow, [(each,) for each in undisturbed], "undisturbed trainings", draws, sweep)
    for one, other in combinations(undisturbed, 2):
        if one.experiment.dtype == other.experiment.dtype:
            yield compare(one, other, "across", read_snapshots(one), read_snapshots(other))
    experiment = sweep.plan.experiment
    moved = disturb(draws, experiment.seed, 0)
    turned = reverse_batches(draws, experiment.batch_size)
    cores = usable_cores()
    disturbed = []
    for place, reference in enumerate(undisturbed[-num_names:]):  # in float32
        disturbed += [(reference, "last bit", moved), (reference, "row order", turned)]
        if cores:
            # Each implementation a core of its own, as long as there are enough.
            disturbed.append((reference, "one core", draws, cores[place % len(cores)]))
    yield from _run_all(drift_apart, disturbed, "disturbed trainings", draws, sweep)


def _run_all(
    function: Callable[..., Result], jobs: list[tuple], what: str, draws: Draws, sweep: Sweep
) -> list[Result]:
    """Each job's result; shows meanwhile how many of its snapshots each has taken.

    what: what the jobs are; its first word names their logs.
    """
    batch_size = sweep.plan.experiment.batch_size
    num_snapshots = len(list(cut_into_segments(draws.orders, batch_size)))
    with show_parts(sweep.context.console, what, len(jobs) * num_snapshots, "snapshots") as show:
        done = run_side_by_side(
            function,
            jobs,
            log=sweep.logs / f"worker-{what.partition(' ')[0]}.log",
            num_processes=sweep.num_processes,
            on_event=show,
        )
        return [result for _, result in sorted(done)]


def _train_for_bands(
    draws: Draws, wanted: Sequence[Wanted], sweep: Sweep
) -> tuple[SeedTraining, ...]:
    """The runs for the bands, without those that are lost with their workers."""
    settings = (sweep.plan, draws)
    trained = sweep.train(BandTrainer, settings, wanted, SeedTraining, describe_training)
    if len(trained) < 2:
        raise RunFailedError("fewer than two runs are left for the bands; --resume tries again")
    return tuple(trained[each.key] for each in wanted if each.key in trained)


def _bands_of(runs: Sequence[SeedTraining], plan: SweepPlan) -> Iterator[Band]:
    """Yields a band for each documented figure that runs of this length reach."""
    for figure in DOCUMENTED_FIGURES:
        measured = [figure.measured(each.history, each.test) for each in runs]
        values = tuple(value for value in measured if value is not None)
        if values:
            yield Band(
                name=figure.name,
                documented=figure.value,
                applicable=is_applicable(figure, plan.experiment, plan.dataset.name),
                values=values,
            )


class BandTrainer(SweepTrainer):
    """What runs in a worker process: trainings from the same draws, but for their last bits."""

    def __init__(self, raw: RawDataset, name: str, plan: SweepPlan, draws: Draws) -> None:
        super().__init__(raw, name, plan)
        self.draws = draws

    def __call__(self, report: Report, *numbers: int) -> tuple[SeedTraining, ...]:
        """Trains from the draws as each of these numbers disturbs them."""
        experiment = self.plan.experiment
        return tuple(
            self.train(
                report,
                experiment,
                disturb(self.draws, experiment.seed, number),
                f"last bits {number}",
            )
            for number in numbers
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
