"""What belongs to a run besides its record: predictions, test images, trained weights.

Where something is not at hand, `Missing` says why, in place of it: the page
still comes, and says so where the thing would be.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.report.material import Found
from benchmarks.run.files import PREDICTIONS_FILE, WEIGHTS_FILE
from benchmarks.run.results import Results
from benchmarks.runner.training import confusion_matrix
from shared.data.dataset import RawDataset, describe, load_dataset
from shared.data.fashion_mnist import DataPlaces, DataUnavailable
from shared.errors import InputError
from shared.network import NUM_CLASSES
from shared.parameters import Parameters, load_parameters


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Something that is not at hand; `reason` goes on after "not shown:"."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class TestPredictions:
    """The test set and what each implementation says of it; n = 10,000 images.

    probabilities: (n, 10) of each implementation, by its name.
    images: (n, 28, 28) uint8.
    labels: (n,) uint8.
    """

    __test__ = False  # its name is no test's
    probabilities: Mapping[str, NDArray[np.floating]]
    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class RunMaterial:
    """A run with all that its sections show."""

    results: Results
    predictions: TestPredictions | Missing
    parameters: Mapping[str, Parameters] | Missing


def gather_runs(
    found: Iterable[Found[Results]], places: DataPlaces
) -> tuple[Found[RunMaterial], ...]:
    """Reads what lies beside each run's record, and the images it was made with, once each.

    Raises:
        InputError: the folder of images that the user named does not hold them.
    """
    found = tuple(found)
    stored = {each.source: _stored_predictions(each) for each in found}
    needed = {
        each.record.dataset.name for each in found if not isinstance(stored[each.source], Missing)
    }
    datasets = {name: _load(name, places) for name in sorted(needed)}
    return tuple(
        Found(
            record=RunMaterial(
                results=each.record,
                predictions=_joined(each.record, stored[each.source], datasets),
                parameters=_parameters(each),
            ),
            source=each.source,
            folder=each.folder,
        )
        for each in found
    )


Stored = dict[str, NDArray[np.floating]]


def _stored_predictions(found: Found[Results]) -> Stored | Missing:
    predictions = {}
    for name in found.record.runs:
        path = found.folder / name / PREDICTIONS_FILE
        if not _is_inside(path, found.folder) or not path.is_file():
            return Missing(reason=f"no {name}/{PREDICTIONS_FILE} lies beside {found.source}")
        array = _read_array(path)
        if array is None or array.shape != (found.record.dataset.num_test, NUM_CLASSES):
            return Missing(reason=f"{name}/{PREDICTIONS_FILE} beside {found.source} is damaged")
        predictions[name] = array
    return predictions


def _is_inside(path: Path, folder: Path) -> bool:
    """A file brings the names of its implementations; none of them leads out of its folder."""
    return path.resolve().is_relative_to(folder.resolve())


def _read_array(path: Path) -> NDArray[np.floating] | None:
    try:
        # Mapped, so that a header that promises more than the file holds is an error at once.
        array = np.array(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError):
        return None
    is_number = np.issubdtype(array.dtype, np.floating) and np.isfinite(array).all()
    return array if is_number else None


def _load(name: str, places: DataPlaces) -> RawDataset | Missing:
    if name not in ("fashion-mnist", "stand-in"):
        return Missing(reason=f"the run's images, {name}, are unknown here")
    try:
        return load_dataset(name, places)
    except DataUnavailable as error:
        return Missing(reason=f"the test images are not at hand ({error.reason})")


def _joined(
    results: Results, stored: Stored | Missing, datasets: Mapping[str, RawDataset | Missing]
) -> TestPredictions | Missing:
    if isinstance(stored, Missing):
        return stored
    raw = datasets[results.dataset.name]
    if isinstance(raw, Missing):
        return raw
    if describe(raw).sha256 != results.dataset.sha256:
        return Missing(reason=f"the {raw.name} images here are not those of the run")
    for name, probabilities in stored.items():
        counts = confusion_matrix(raw.test_labels, probabilities.argmax(axis=1))
        if counts != results.runs[name].confusion:
            return Missing(reason=f"{name}/{PREDICTIONS_FILE} is of another run than its record")
    return TestPredictions(probabilities=stored, images=raw.test_images, labels=raw.test_labels)


def _parameters(found: Found[Results]) -> Mapping[str, Parameters] | Missing:
    parameters = {}
    for name in found.record.runs:
        path = found.folder / name / WEIGHTS_FILE
        if not _is_inside(path, found.folder) or not path.is_file():
            return Missing(reason=f"no {name}/{WEIGHTS_FILE} lies beside {found.source}")
        try:
            parameters[name] = load_parameters(path, found.record.experiment)
        except InputError:  # whose message names the whole path, and pages are shared
            return Missing(
                reason=f"{name}/{WEIGHTS_FILE} beside {found.source} is damaged or of another "
                "network"
            )
    return parameters
