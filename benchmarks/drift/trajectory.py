"""How a training is followed: cut into segments, at whose ends its weights are looked at."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.implementations import build_implementation
from benchmarks.runner.processes import Report
from benchmarks.runner.training import TrainingJob
from shared.data.dataset import split_and_scale
from shared.errors import RunFailedError
from shared.parameters import Parameters
from shared.protocol import Examples

NUM_VALIDATION_ROWS = 32
"""`fit` validates after each segment, of which nothing is needed here; so on few rows."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All weights and biases after a step, (P,), and the class of each test image, (10000,)."""

    step: int
    weights: NDArray[np.floating]
    classes: NDArray[np.uint8]


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

    Plain SGD keeps nothing but the weights from one step to the next, so a
    training in segments is the training in one piece.

    Raises:
        RunFailedError: a weight is no longer a number.
    """
    assert job.draws is not None
    implementation = build_implementation(job.implementation, job.experiment, "build_in_bulk")
    dataset = split_and_scale(job.raw, job.experiment.dtype)
    validation = Examples(
        images=dataset.validation.images[:NUM_VALIDATION_ROWS],
        labels=dataset.validation.labels[:NUM_VALIDATION_ROWS],
    )
    implementation.set_parameters(job.draws.parameters)
    for step, rows in cut_into_segments(job.draws.orders, job.experiment.batch_size):
        order = rows[np.newaxis]
        implementation.fit(
            dataset.training, validation=validation, orders=order, on_epoch=lambda _: None
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
