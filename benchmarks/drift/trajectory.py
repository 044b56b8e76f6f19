"""One training with snapshots on the way: what runs in each child process."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.drift.segments import Segment, cut_into_segments
from benchmarks.implementations import build_implementation
from benchmarks.runner.processes import Report, pin_to_core
from shared.data.dataset import RawDataset, split_and_scale
from shared.draws import Draws
from shared.errors import RunFailedError
from shared.experiment import Experiment
from shared.parameters import Parameters
from shared.protocol import Examples, Implementation

NUM_VALIDATION_ROWS = 32
"""`fit` validates after each segment, of which nothing is needed here; so on few rows."""


@dataclass(frozen=True, kw_only=True)
class TrajectoryJob:
    """What a child process needs to train with snapshots.

    folder: a new folder for the snapshots, which its parent reads and removes.
    core: the one core to compute on; None for all.
    """

    implementation: str
    experiment: Experiment
    raw: RawDataset
    draws: Draws
    folder: Path
    core: int | None = None


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All weights and biases in one vector, (P,), and the class of each test image, (10000,)."""

    weights: NDArray[np.floating]
    classes: NDArray[np.uint8]


def follow(report: Report, job: TrajectoryJob) -> None:
    """Trains, leaves a snapshot at the end of each segment, and reports the steps done.

    Plain SGD keeps nothing but the weights from one step to the next, so a
    training in segments is the training in one piece.

    Raises:
        RunFailedError: a weight is no longer a number.
    """
    if job.core is not None:
        pin_to_core(job.core)
    implementation = build_implementation(job.implementation, job.experiment, "build_in_bulk")
    dataset = split_and_scale(job.raw, job.experiment.dtype)
    validation = Examples(
        images=dataset.validation.images[:NUM_VALIDATION_ROWS],
        labels=dataset.validation.labels[:NUM_VALIDATION_ROWS],
    )
    implementation.set_parameters(job.draws.parameters)
    job.folder.mkdir(parents=True)
    for segment in cut_into_segments(job.draws.orders, job.experiment.batch_size):
        implementation.fit(
            dataset.training,
            validation=validation,
            orders=segment.rows[np.newaxis],
            on_epoch=lambda _: None,
        )
        _write_snapshot(job.folder, segment, implementation, dataset.test.images)
        report(segment.last_step)


def flatten(parameters: Parameters) -> NDArray[np.floating]:
    """All kernels and biases in one vector, (P,)."""
    return np.concatenate([array.ravel() for _, array in parameters.named_arrays()])


def snapshot_steps(folder: Path) -> list[int]:
    """The steps after which `follow` left a snapshot, rising."""
    return sorted(int(file.stem.partition("-")[2]) for file in folder.glob("classes-*.npy"))


def read_snapshot(folder: Path, step: int) -> Snapshot:
    """Reads what `follow` left in its folder."""
    weights_file, classes_file = _files(folder, step)
    return Snapshot(weights=np.load(weights_file), classes=np.load(classes_file))


def _write_snapshot(
    folder: Path, segment: Segment, implementation: Implementation, images: NDArray[np.floating]
) -> None:
    weights = flatten(implementation.get_parameters())
    if not np.isfinite(weights).all():
        raise RunFailedError(
            f"the training diverged before step {segment.last_step}: try a smaller --learning-rate"
        )
    weights_file, classes_file = _files(folder, segment.last_step)
    np.save(weights_file, weights)
    np.save(classes_file, implementation.predict(images).classes.astype(np.uint8))


def _files(folder: Path, step: int) -> tuple[Path, Path]:
    return folder / f"weights-{step}.npy", folder / f"classes-{step}.npy"
