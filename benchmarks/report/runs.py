"""What a page shows of a run beside its record: test images worth a look, and weights.

These lie in files beside `results.json`, and the images in the data set. Where something is
not at hand, the page still comes, and says so where the thing would be.

Symbols in shapes: n = 10,000 test images; there are 10 classes.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.display.parts import Chart, Paragraph, Part
from benchmarks.display.words import joined, plural
from benchmarks.implementations import title_of
from benchmarks.report.material import Found
from benchmarks.run.results import PREDICTIONS_FILE, WEIGHTS_FILE, Results
from benchmarks.run.weights import draw_first_layer_weights
from benchmarks.runner.training import confusion_matrix
from shared.data.dataset import CLASS_NAMES, DataChoice, RawDataset, describe
from shared.data.fashion_mnist import DataUnavailable
from shared.errors import InputError
from shared.network import NUM_CLASSES
from shared.parameters import Parameters, load_parameters

MAXIMUM_DIFFERING = 60
MAXIMUM_WRONG = 24

Probabilities = Mapping[str, NDArray[np.floating]]
"""(n, 10) of each implementation, by its name; at least one."""
LoadImages = Callable[[str], RawDataset]
"""Finds the data set of this name; raises `DataUnavailable`."""


class NotAtHandError(Exception):
    """Something that belongs to a run is missing; the message goes on after "not shown:"."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one implementation takes an image for."""

    implementation: str
    class_name: str
    probability: float
    is_right: bool


@dataclass(frozen=True, kw_only=True)
class Card:
    """A test image with its true class and the answers; `source` is a data URI.

    number: of the image in the test set, counted from 1 as everywhere people read it.
    """

    number: int
    source: str
    class_name: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, kw_only=True)
class Cards:
    """Test images under a heading; those beyond the first rows wait behind a line."""

    title: str
    text: str
    cards: tuple[Card, ...] = ()
    num_open: int = 12


def parts_beside(found: Found[Results], load_images: LoadImages) -> Iterator[Part | Cards]:
    """The images that implementations differ on, those that all get wrong, and the weights.

    Raises:
        InputError: the folder of images that the user named does not hold them.
    """
    try:
        probabilities = stored_predictions(found)
        raw = _images_of(found.record, probabilities, load_images)
        yield differing_cards(probabilities, raw)
        yield wrong_cards(probabilities, raw)
    except NotAtHandError as missing:
        yield Paragraph(text=f"Test images are not shown: {missing}.", tone="quiet")
    try:
        parameters = {title_of(name): own for name, own in stored_parameters(found).items()}
    except NotAtHandError as missing:
        yield Paragraph(text=f"Weights are not shown: {missing}.", tone="quiet")
        return
    yield Chart(
        key="first-layer-weights",
        title="Weights of the first hidden layer",
        description="Each square holds the 28 × 28 weights of one unit, the same units in each "
        "picture; the colour bar says which colour is which weight.",
        figure=draw_first_layer_weights(parameters),
    )


def stored_predictions(found: Found[Results]) -> Probabilities:
    """Reads the predictions of each implementation.

    Raises:
        NotAtHandError: they are missing or damaged, or not those of the record.
    """
    predictions = {}
    for name, run in found.record.runs.items():
        array = _read_array(_file_of(found, name, PREDICTIONS_FILE))
        if array is None or array.shape != (sum(map(sum, run.confusion)), NUM_CLASSES):
            raise NotAtHandError(f"{name}/{PREDICTIONS_FILE} beside {found.source} is damaged")
        predictions[name] = array
    return predictions


def stored_parameters(found: Found[Results]) -> dict[str, Parameters]:
    """Reads the trained weights of each implementation.

    Raises:
        NotAtHandError: they are missing or damaged, or of another network.
    """
    parameters = {}
    for name in found.record.runs:
        path = _file_of(found, name, WEIGHTS_FILE)
        try:
            parameters[name] = load_parameters(path, found.record.experiment)
        except InputError:  # whose message names the whole path, and pages are shared
            raise NotAtHandError(
                f"{name}/{WEIGHTS_FILE} beside {found.source} is damaged or of another network"
            ) from None
    return parameters


def differing_cards(probabilities: Probabilities, raw: RawDataset) -> Cards:
    """The images that not all implementations take for the same class."""
    names = joined(map(title_of, probabilities))
    rows = differing_rows(probabilities)
    if len(probabilities) < 2:
        text = f"{names} alone was trained: there is nobody to differ from."
    elif not len(rows):
        text = f"{names} give the same class for all {len(raw.test_labels):,} test images."
    else:
        text = (
            f"{names} classify {len(rows):,} of {len(raw.test_labels):,} test images differently. "
            f"{_shown(len(rows), MAXIMUM_DIFFERING)}: first those on which their probabilities are "
            "furthest apart."
        )
    cards = tuple(_card(row, probabilities, raw) for row in rows[:MAXIMUM_DIFFERING])
    return Cards(title="Classified differently", text=text, cards=cards)


def wrong_cards(probabilities: Probabilities, raw: RawDataset) -> Cards:
    """The images that all implementations get wrong and are surest of."""
    names = joined(map(title_of, probabilities))
    verb = "get" if len(probabilities) > 1 else "gets"
    rows = confidently_wrong_rows(probabilities, raw.test_labels)
    text = f"There is no test image that {names} {verb} wrong."
    if len(rows):
        text = (
            f"{names} {verb} {plural(len(rows), 'test image')} wrong. "
            f"{_shown(len(rows), MAXIMUM_WRONG)}: first those of whose wrong class they are surest."
        )
    cards = tuple(_card(row, probabilities, raw) for row in rows[:MAXIMUM_WRONG])
    return Cards(title="Confidently wrong", text=text, cards=cards)


def differing_rows(probabilities: Probabilities) -> NDArray[np.intp]:
    """Row numbers of the images that not all implementations take for the same class.

    First the image on which two implementations are furthest apart in the probability of
    some class. Ties in the order of the test set.
    """
    stacked = np.stack(list(probabilities.values()))
    classes = stacked.argmax(axis=2)
    rows = np.flatnonzero((classes != classes[0]).any(axis=0))
    apart = np.ptp(stacked[:, rows], axis=0).max(axis=1)
    return rows[np.argsort(-apart, kind="stable")]


def confidently_wrong_rows(
    probabilities: Probabilities, labels: NDArray[np.integer]
) -> NDArray[np.intp]:
    """Row numbers of the images that all implementations get wrong; `labels` are true, (n,).

    First the image for whose wrong answers the least sure implementation is surest. Ties in
    the order of the test set.
    """
    stacked = np.stack(list(probabilities.values()))
    rows = np.flatnonzero((stacked.argmax(axis=2) != labels).all(axis=0))
    least_sure = stacked[:, rows].max(axis=2).min(axis=0)
    return rows[np.argsort(-least_sure, kind="stable")]


def _images_of(results: Results, probabilities: Probabilities, load_images: LoadImages):
    if results.dataset.name not in get_args(DataChoice):
        raise NotAtHandError(f"the run's images, {results.dataset.name}, are unknown here")
    try:
        raw = load_images(results.dataset.name)
    except DataUnavailable as error:
        raise NotAtHandError(f"the test images are not at hand ({error.reason})") from None
    if describe(raw).sha256 != results.dataset.sha256:
        raise NotAtHandError(f"the {raw.name} images here are not those of the run")
    for name, own in probabilities.items():
        if confusion_matrix(raw.test_labels, own.argmax(axis=1)) != results.runs[name].confusion:
            raise NotAtHandError(f"{name}/{PREDICTIONS_FILE} is of another run than its record")
    return raw


def _file_of(found: Found[Results], name: str, file: str) -> Path:
    """A file of an implementation; the name comes from the record, and leads nowhere else."""
    path = found.folder / name / file
    is_inside = path.resolve().is_relative_to(found.folder.resolve())
    if not is_inside or not path.is_file():
        raise NotAtHandError(f"no {name}/{file} lies beside {found.source}")
    return path


def _read_array(path: Path) -> NDArray[np.floating] | None:
    try:
        # Mapped, so that a header that promises more than the file holds is an error at once.
        array = np.array(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError):
        return None
    is_number = np.issubdtype(array.dtype, np.floating) and np.isfinite(array).all()
    return array if is_number else None


def _shown(count: int, maximum: int) -> str:
    return f"Here are {maximum} of them" if count > maximum else "Here they all are"


def _card(row: int, probabilities: Probabilities, raw: RawDataset) -> Card:
    label = int(raw.test_labels[row])
    answers = []
    for name, of_all in probabilities.items():
        predicted = int(of_all[row].argmax())
        answers.append(
            Answer(
                implementation=title_of(name),
                class_name=CLASS_NAMES[predicted],
                probability=float(of_all[row, predicted]),
                is_right=predicted == label,
            )
        )
    return Card(
        number=row + 1,
        source=_grey_image(raw.test_images[row]),
        class_name=CLASS_NAMES[label],
        answers=tuple(answers),
    )


def _grey_image(pixels: NDArray[np.uint8]) -> str:
    """A grey image, (height, width), as a data URI, so that the page is one file."""
    content = BytesIO()
    Image.fromarray(pixels).save(content, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
