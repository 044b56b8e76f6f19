"""One training, start to end, of any implementation: its draws, and what runs in its process."""

import math
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.implementations import build_implementation, replay_published_draws
from benchmarks.runner.checkpoint import FOLDER, Checkpoint, store_checkpoint
from benchmarks.runner.processes import Report, run_in_process
from benchmarks.runner.records import check
from shared.data.dataset import Dataset, RawDataset, split_and_scale
from shared.draws import Draws, draw_shared, sha256_of
from shared.errors import InputError, RunFailedError
from shared.experiment import Experiment
from shared.network import NUM_CLASSES
from shared.parameters import Parameters
from shared.protocol import EpochMetrics, Evaluation, Implementation, Resumable

NUM_FIRST_PREDICTIONS = 3


class Seconds(msgspec.Struct, frozen=True, kw_only=True, rename={"import_": "import"}):
    """Wall-clock seconds: importing the framework, compiling, each epoch with validation.

    A msgspec struct, not a dataclass, because the file's key `import` is no Python name.
    """

    import_: float
    compile: float
    epochs: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class ImplementationRun:
    """What one implementation did.

    confusion: (10, 10) counts of test images, rows true classes, columns predicted.
    first_probabilities: (3, 10), of the first three test images.
    data_sha256: of the arrays that arrived in the implementation's process.
    """

    device: str
    history: tuple[EpochMetrics, ...]
    test: Evaluation
    first_predictions: tuple[int, ...]
    first_probabilities: tuple[tuple[float, ...], ...]
    confusion: tuple[tuple[int, ...], ...]
    seconds: Seconds
    data_sha256: str

    def __post_init__(self) -> None:
        lengths = {len(self.confusion), *map(len, self.confusion)}
        check(bool(self.history) and lengths == {NUM_CLASSES}, "no epoch, or no confusion matrix")


@dataclass(frozen=True, kw_only=True)
class TrainingJob:
    """What a child process needs to train.

    draws: initial weights and batch orders; None where the implementation draws its own.
    folder: where the implementation may save its model, beside checkpoints.
    in_bulk: whether speed counts and the clock does not.
    checkpoint: what to go on from.
    """

    implementation: str
    experiment: Experiment
    raw: RawDataset
    draws: Draws | None
    folder: Path
    in_bulk: bool = False
    checkpoint: Checkpoint = field(default_factory=Checkpoint)


@dataclass(frozen=True, kw_only=True)
class Training:
    """What came of it.

    test_probabilities: (10000, 10), of the test images in the implementation's own numbers.
    """

    run: ImplementationRun
    parameters: Parameters
    test_probabilities: NDArray[np.floating]


def draw(experiment: Experiment, log: Path) -> Draws | None:
    """The draws that every implementation receives; None where each draws its own.

    Raises:
        RunFailedError: TensorFlow is missing, or draws other numbers than it used to.
    """
    if experiment.randomness == "native":
        return None
    if experiment.randomness == "shared":
        return draw_shared(experiment)
    # The published run's numbers are TensorFlow's, so they are drawn in a process of its own.
    return run_in_process(_draw_published, experiment, log=log)


def _draw_published(_report: Report, experiment: Experiment) -> Draws:
    return replay_published_draws(experiment)


def train(report: Report, job: TrainingJob) -> Training:
    """Trains, evaluates on the test set and predicts; reports each epoch's `EpochMetrics`.

    Raises:
        InputError: this process cannot go on from the job's checkpoint.
        RunFailedError: the loss is no longer a number.
    """
    started = time.perf_counter()
    builder = "build_in_bulk" if job.in_bulk else "build"
    implementation = build_implementation(job.implementation, job.experiment, builder)
    import_seconds = time.perf_counter() - started
    dataset = split_and_scale(job.raw, job.experiment.dtype)
    _go_back(implementation, job)
    done = _fit(implementation, dataset, job, report)
    predictions = implementation.predict(dataset.test.images)
    first = predictions.probabilities[:NUM_FIRST_PREDICTIONS]
    run = ImplementationRun(
        device=implementation.device,
        history=done.history,
        test=implementation.evaluate(dataset.test),
        first_predictions=tuple(map(int, first.argmax(axis=1))),
        first_probabilities=tuple(tuple(map(float, row)) for row in first),
        confusion=confusion_matrix(dataset.test.labels, predictions.classes),
        seconds=Seconds(
            import_=import_seconds, compile=done.compile_seconds, epochs=done.epoch_seconds
        ),
        data_sha256=dataset_sha256(dataset),
    )
    implementation.save(job.folder)
    return Training(
        run=run,
        parameters=implementation.get_parameters(),
        test_probabilities=predictions.probabilities,
    )


def _go_back(implementation: Implementation, job: TrainingJob) -> None:
    """Brings the implementation to where the job starts.

    Raises:
        InputError: what follows would not be what followed there.
    """
    start, here = job.checkpoint, implementation.device
    if start.device not in ("", here):
        raise InputError(
            f"what was trained on {start.device} would go on otherwise on {here}: resume it there"
        )
    parameters = start.parameters or (job.draws and job.draws.parameters)
    if parameters is not None:
        implementation.set_parameters(parameters)
    if job.draws is None and start.history:
        if not isinstance(implementation, Resumable):
            raise InputError(
                f"{job.implementation} cannot go on with what it shuffles by itself, as it has no "
                "`num_skipped` (see shared/protocol.py): start a new run"
            )
        implementation.num_skipped = len(start.history)


def _fit(
    implementation: Implementation, dataset: Dataset, job: TrainingJob, report: Report
) -> Checkpoint:
    """Trains the epochs that the job's checkpoint lacks; numbers, stores and reports each."""
    done = replace(job.checkpoint, device=implementation.device)
    num_before, started = len(done.history), time.perf_counter()

    def store(num_kept: int) -> None:
        store_checkpoint(done, implementation.get_parameters(), job.folder / FOLDER, num_kept)

    def on_epoch(metrics: EpochMetrics) -> None:
        nonlocal done, started
        seconds = (*done.epoch_seconds, time.perf_counter() - started)
        metrics = replace(metrics, epoch=len(done.history) + 1)
        refuse_divergence(metrics)
        done = replace(done, history=(*done.history, metrics), epoch_seconds=seconds)
        store(num_kept=2)
        report(metrics)
        started = time.perf_counter()

    if num_before < job.experiment.num_epochs:
        orders = None if job.draws is None else job.draws.orders[num_before:]
        options = {"validation": dataset.validation, "orders": orders, "on_epoch": on_epoch}
        fitted = implementation.fit(dataset.training, **options)
        done = replace(
            done,
            compile_seconds=done.compile_seconds + fitted.compile_seconds,
            epoch_seconds=done.epoch_seconds[:num_before] + fitted.epoch_seconds,
        )
    store(num_kept=1)  # in case it is to be trained for longer one day
    return done


def refuse_divergence(metrics: EpochMetrics) -> None:
    """Ends a training whose losses are no longer numbers.

    Raises:
        RunFailedError: a loss of this epoch is none.
    """
    if not (math.isfinite(metrics.loss) and math.isfinite(metrics.val_loss)):
        raise RunFailedError(
            f"the training diverged: the loss of epoch {metrics.epoch} is {metrics.loss}; "
            "try a smaller --learning-rate"
        )


def confusion_matrix(
    labels: NDArray[np.integer], classes: NDArray[np.integer]
) -> tuple[tuple[int, ...], ...]:
    """Counts, (10, 10): rows are true classes, columns predicted ones; both inputs are (n,)."""
    counts = np.bincount(labels * NUM_CLASSES + classes, minlength=NUM_CLASSES**2)
    return tuple(tuple(map(int, row)) for row in counts.reshape(NUM_CLASSES, NUM_CLASSES))


def dataset_sha256(dataset: Dataset) -> str:
    """SHA-256 of all images and labels as the implementation receives them."""
    parts = (dataset.training, dataset.validation, dataset.test)
    return sha256_of(*(array for part in parts for array in (part.images, part.labels)))
