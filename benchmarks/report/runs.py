"""What a page shows of a run beside its record: test images worth a look, and weights.

These lie in files beside `results.json`, and the images in the data set. Where something is
not at hand, the page still comes, and says so where the thing would be.

Symbols in shapes: k implementations, in the order of the record; n = 10,000 test images.
"""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.display.parts import Chart, Paragraph, Part
from benchmarks.display.words import joined, plural
from benchmarks.implementations import title_of
from benchmarks.report.material import Found
from benchmarks.run.pictures import draw_first_layer_weights
from benchmarks.run.results import PREDICTIONS_FILE, WEIGHTS_FILE, Results
from benchmarks.runner.training import confusion_matrix
from shared.data.dataset import CLASS_NAMES, DataChoice, RawDataset, describe
from shared.data.fashion_mnist import DataUnavailable
from shared.errors import InputError
from shared.network import NUM_CLASSES
from shared.parameters import Parameters, load_parameters

MAXIMUM_DIFFERING = 60
MAXIMUM_WRONG = 24

Probabilities: TypeAlias = NDArray[np.floating]
"""(k, n, 10), as each implementation predicted them."""
LoadImages: TypeAlias = Callable[[str], RawDataset]
"""Finds the data set of this name; raises `DataUnavailable`."""


class NotAtHandError(Exception):
    """Something that belongs to a run is missing; the message goes on after "not shown:"."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one implementation, by its title, takes an image for."""

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
    """Test images under a heading; a page folds them after the first rows."""

    title: str
    text: str
    cards: tuple[Card, ...]


def parts_beside(found: Found[Results], load_images: LoadImages) -> Iterator[Part | Cards]:
    """The images that implementations differ on, those that all get wrong, and the weights.

    Raises:
        InputError: the folder of images that the user named does not hold them.
    """
    titles = list(map(title_of, found.record.runs))
    try:
        probabilities = read_predictions(found)
        raw = _images_of(found.record, probabilities, load_images)
        yield _differing(titles, probabilities, raw)
        yield _wrong(titles, probabilities, raw)
    except NotAtHandError as missing:
        yield Paragraph(text=f"Test images are not shown: {missing}.", tone="quiet")
    try:
        parameters = dict(zip(titles, _read_weights(found), strict=True))
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


def read_predictions(found: Found[Results]) -> Probabilities:
    """Reads what each implementation predicted, from beside its record.

    Raises:
        NotAtHandError: it is missing or damaged.
    """
    arrays = []
    for name in found.record.runs:
        array = _read_array(_file_of(found, name, PREDICTIONS_FILE))
        if array is None or array.shape != (found.record.dataset.num_test, NUM_CLASSES):
            raise NotAtHandError(f"{name}/{PREDICTIONS_FILE} beside {found.source} is damaged")
        arrays.append(array)
    return np.stack(arrays)


def differing_rows(probabilities: Probabilities) -> NDArray[np.intp]:
    """Row numbers of the images that not all implementations take for the same class.

    First the image on which two implementations are furthest apart in the probability of
    some class. Ties in the order of the test set.
    """
    classes = probabilities.argmax(axis=2)
    rows = np.flatnonzero((classes != classes[0]).any(axis=0))
    apart = np.ptp(probabilities[:, rows], axis=0).max(axis=1)
    return rows[np.argsort(-apart, kind="stable")]


def confidently_wrong_rows(
    probabilities: Probabilities, labels: NDArray[np.integer]
) -> NDArray[np.intp]:
    """Row numbers of the images that all implementations get wrong; `labels` are true, (n,).

    First the image for whose wrong answers the least sure implementation is surest. Ties in
    the order of the test set.
    """
    rows = np.flatnonzero((probabilities.argmax(axis=2) != labels).all(axis=0))
    least_sure = probabilities[:, rows].max(axis=2).min(axis=0)
    return rows[np.argsort(-least_sure, kind="stable")]


def _differing(titles: list[str], probabilities: Probabilities, raw: RawDataset) -> Cards:
    names, num_images = joined(titles), f"{len(raw.test_labels):,}"
    rows = differing_rows(probabilities)
    if len(titles) < 2:
        sentence = f"{names} alone was trained: there is nobody to differ from."
    elif not len(rows):
        sentence = f"{names} give the same class for all {num_images} test images."
    else:
        sentence = f"{names} classify {len(rows):,} of {num_images} test images differently."
    order = "first those on which their probabilities are furthest apart"
    cards = [_card(row, titles, probabilities, raw) for row in rows[:MAXIMUM_DIFFERING]]
    return _cards("Classified differently", sentence, order, cards, len(rows))


def _wrong(titles: list[str], probabilities: Probabilities, raw: RawDataset) -> Cards:
    who = f"{joined(titles)} {'get' if len(titles) > 1 else 'gets'}"
    rows = confidently_wrong_rows(probabilities, raw.test_labels)
    sentence = f"There is no test image that {who} wrong."
    if len(rows):
        sentence = f"{who} {plural(len(rows), 'test image')} wrong."
    order = "first those of whose wrong class they are surest"
    cards = [_card(row, titles, probabilities, raw) for row in rows[:MAXIMUM_WRONG]]
    return _cards("Confidently wrong", sentence, order, cards, len(rows))


def _cards(title: str, sentence: str, order: str, cards: list[Card], total: int) -> Cards:
    shown = "Here they all are" if len(cards) == total else f"Here are {len(cards)} of them"
    text = f"{sentence} {shown}: {order}." if cards else sentence
    return Cards(title=title, text=text, cards=tuple(cards))


def _card(row: int, titles: list[str], probabilities: Probabilities, raw: RawDataset) -> Card:
    label = raw.test_labels[row]
    content = BytesIO()
    Image.fromarray(raw.test_images[row]).save(content, format="PNG", optimize=True)
    return Card(
        number=row + 1,
        source=f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}",
        class_name=CLASS_NAMES[label],
        answers=tuple(
            Answer(
                implementation=title,
                class_name=CLASS_NAMES[own.argmax()],
                probability=own.max(),
                is_right=own.argmax() == label,
            )
            for title, own in zip(titles, probabilities[:, row], strict=True)
        ),
    )


def _images_of(
    results: Results, probabilities: Probabilities, load_images: LoadImages
) -> RawDataset:
    """The data set of the run, whose test images the predictions must be of."""
    if results.dataset.name not in get_args(DataChoice):
        raise NotAtHandError(f"the run's images, {results.dataset.name}, are unknown here")
    try:
        raw = load_images(results.dataset.name)
    except DataUnavailable as error:
        raise NotAtHandError(f"the test images are not at hand ({error.reason})") from None
    if describe(raw).sha256 != results.dataset.sha256:
        raise NotAtHandError(f"the {raw.name} images here are not those of the run")
    for (name, run), own in zip(results.runs.items(), probabilities, strict=True):
        is_whole = len(own) == len(raw.test_labels)
        if not is_whole or confusion_matrix(raw.test_labels, own.argmax(axis=1)) != run.confusion:
            raise NotAtHandError(f"{name}/{PREDICTIONS_FILE} is of another run than its record")
    return raw


def _read_weights(found: Found[Results]) -> Iterator[Parameters]:
    for name in found.record.runs:
        path = _file_of(found, name, WEIGHTS_FILE)
        try:
            yield load_parameters(path, found.record.experiment)
        except InputError:  # whose message names the whole path, and pages are shared
            raise NotAtHandError(
                f"{name}/{WEIGHTS_FILE} beside {found.source} is damaged or of another network"
            ) from None


def _file_of(found: Found[Results], name: str, file: str) -> Path:
    """A file of an implementation; the name comes from the record, and leads nowhere else."""
    path = found.folder / name / file
    try:
        is_there = path.resolve().is_relative_to(found.folder.resolve()) and path.is_file()
    except (OSError, ValueError):  # no file can be called so
        is_there = False
    if not is_there:
        raise NotAtHandError(f"no {name}/{file} lies beside {found.source}")
    return path


def _read_array(path: Path) -> NDArray[np.floating] | None:
    """The array in a file; None where it holds none, or one of anything but finite numbers."""
    try:
        # Mapped, so that a header that promises more than the file holds is an error at once.
        array = np.array(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError):
        return None
    is_number = np.issubdtype(array.dtype, np.floating) and np.isfinite(array).all()
    return array if is_number else None
