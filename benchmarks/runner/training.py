"""One training, start to end, of any implementation: its draws, and what runs in its process."""

import math
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.implementations import build_implementation, replay_published_draws
from benchmarks.runner.processes import Report, run_in_process
from benchmarks.runner.records import check
from shared.data.dataset import Dataset, RawDataset, split_and_scale
from shared.draws import Draws, draw_shared, sha256_of
from shared.errors import RunFailedError
from shared.experiment import Experiment
from shared.network import NUM_CLASSES
from shared.parameters import Parameters
from shared.protocol import EpochMetrics, Evaluation, Implementation

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
    folder: where the implementation may save its model; None to save nothing.
    in_bulk: whether speed counts and the clock does not.
    """

    implementation: str
    experiment: Experiment
    raw: RawDataset
    draws: Draws | None
    folder: Path | None
    in_bulk: bool = False


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


def train(report: Report, job: TrainingJob, built: Implementation | None = None) -> Training:
    """Trains, evaluates on the test set and predicts; reports each epoch's `EpochMetrics`.

    built: trained on from the job's draws, in place of one that is built now.

    Raises:
        RunFailedError: the loss is no longer a number.
    """
    started = time.perf_counter()
    builder = "build_in_bulk" if job.in_bulk else "build"
    implementation = built or build_implementation(job.implementation, job.experiment, builder)
    import_seconds = time.perf_counter() - started
    dataset = split_and_scale(job.raw, job.experiment.dtype)
    if job.draws is not None:
        implementation.set_parameters(job.draws.parameters)

    def on_epoch(metrics: EpochMetrics) -> None:
        refuse_divergence(metrics)
        report(metrics)

    fit_report = implementation.fit(
        dataset.training,
        validation=dataset.validation,
        orders=None if job.draws is None else job.draws.orders,
        on_epoch=on_epoch,
    )
    predictions = implementation.predict(dataset.test.images)
    first = predictions.probabilities[:NUM_FIRST_PREDICTIONS]
    run = ImplementationRun(
        device=implementation.device,
        history=fit_report.history,
        test=implementation.evaluate(dataset.test),
        first_predictions=tuple(map(int, first.argmax(axis=1))),
        first_probabilities=tuple(tuple(map(float, row)) for row in first),
        confusion=confusion_matrix(dataset.test.labels, predictions.classes),
        seconds=Seconds(
            import_=import_seconds,
            compile=fit_report.compile_seconds,
            epochs=fit_report.epoch_seconds,
        ),
        data_sha256=dataset_sha256(dataset),
    )
    if job.folder is not None:
        implementation.save(job.folder)
    return Training(
        run=run,
        parameters=implementation.get_parameters(),
        test_probabilities=predictions.probabilities,
    )


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
