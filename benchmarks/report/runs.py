"""What a page shows of a run beside its record: test images worth a look, and weights.

These lie in files beside `results.json`, and the images in the data set. Where something is
not at hand, the page still comes, and says so where the thing would be.

Symbols in shapes: k implementations, in the order of the record; n = 10,000 test images.
"""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TypeAlias, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.display.parts import Chart, Paragraph, Part
from benchmarks.display.tables import Cell
from benchmarks.display.words import joined, plural
from benchmarks.implementations import title_of
from benchmarks.report.material import Found
from benchmarks.run.pictures import draw_first_layer_weights
from benchmarks.run.results import PREDICTIONS_FILE, WEIGHTS_FILE, Results
from benchmarks.runner.records import check
from benchmarks.runner.training import confusion_matrix
from shared.data.dataset import CLASS_NAMES, DataChoice, RawDataset, describe
from shared.data.fashion_mnist import DataUnavailable
from shared.errors import InputError
from shared.network import NUM_CLASSES
from shared.parameters import load_parameters

MAXIMUM_DIFFERING = 60
MAXIMUM_WRONG = 24

Probabilities: TypeAlias = NDArray[np.floating]
"""(k, n, 10), as each implementation predicted them."""
LoadImages: TypeAlias = Callable[[str], RawDataset]
"""Finds the data set of this name; raises `DataUnavailable`."""
Value = TypeVar("Value")


class NotAtHandError(Exception):
    """Something that belongs to a run is missing; the message goes on after "not shown:"."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """A test image with its true class.

    number: of the image in the test set, counted from 1 as everywhere people read it.
    source: a data URI.
    answers: an implementation's title, what it takes the image for, and how probable it finds that.
    """

    number: int
    source: str
    class_name: str
    answers: tuple[tuple[str, Cell, float], ...]


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
    images, weights = _galleries(found, load_images), _weights(found)
    for what, parts in (("Test images", images), ("Weights", weights)):
        try:
            yield from parts
        except NotAtHandError as missing:
            yield Paragraph(text=f"{what} are not shown: {missing}.", tone="quiet")


def read_predictions(found: Found[Results]) -> Probabilities:
    """Reads what each implementation predicted, from beside its record.

    Raises:
        NotAtHandError: it is missing or damaged.
    """

    def read(path: Path) -> NDArray[np.floating]:
        # Mapped, so that a header that promises more than the file holds is an error at once.
        array = np.array(np.load(path, mmap_mode="r", allow_pickle=False))
        check(array.shape == (found.record.dataset.num_test, NUM_CLASSES), "of another shape")
        is_finite = np.issubdtype(array.dtype, np.floating) and np.isfinite(array).all()
        check(bool(is_finite), "not of finite numbers")
        return array

    return np.stack(_read_beside(found, PREDICTIONS_FILE, read))


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


def _galleries(found: Found[Results], load_images: LoadImages) -> Iterator[Cards]:
    probabilities = read_predictions(found)
    raw = _images_of(found.record, probabilities, load_images)
    titles = list(map(title_of, found.record.runs))

    def gallery(title: str, sentence: str, order: str, rows: list[int], maximum: int) -> Cards:
        cards = tuple(_card(row, titles, probabilities[:, row], raw) for row in rows[:maximum])
        which = "Here they all are" if len(cards) == len(rows) else f"Here are {len(cards)} of them"
        return Cards(
            title=title, text=f"{sentence} {which}: {order}." if cards else sentence, cards=cards
        )

    names, num_images = joined(titles), f"{len(raw.test_labels):,}"
    rows = differing_rows(probabilities).tolist()
    sentence = f"{names} classify {len(rows):,} of {num_images} test images differently."
    if len(titles) < 2:
        sentence = f"{names} alone was trained: there is nobody to differ from."
    elif not rows:
        sentence = f"{names} give the same class for all {num_images} test images."
    order = "first those on which their probabilities are furthest apart"
    yield gallery("Classified differently", sentence, order, rows, MAXIMUM_DIFFERING)

    rows = confidently_wrong_rows(probabilities, raw.test_labels).tolist()
    who = f"{names} {'get' if len(titles) > 1 else 'gets'}"
    sentence = f"{who} {plural(len(rows), 'test image')} wrong."
    if not rows:
        sentence = f"There is no test image that {who} wrong."
    order = "first those of whose wrong class they are surest"
    yield gallery("Confidently wrong", sentence, order, rows, MAXIMUM_WRONG)


def _card(row: int, titles: list[str], probabilities: Probabilities, raw: RawDataset) -> Card:
    """The test image of this row; its probabilities are (k, 10)."""
    content = BytesIO()
    Image.fromarray(raw.test_images[row]).save(content, format="PNG", optimize=True)
    label, answers = raw.test_labels[row], []
    for title, own in zip(titles, probabilities, strict=True):
        outcome, verdict = ("good", "right") if own.argmax() == label else ("bad", "wrong")
        cell = Cell(text=CLASS_NAMES[own.argmax()], outcome=outcome, verdict=verdict)
        answers.append((title, cell, own.max()))
    return Card(
        number=row + 1,
        source=f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}",
        class_name=CLASS_NAMES[label],
        answers=tuple(answers),
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


def _weights(found: Found[Results]) -> Iterator[Chart]:
    load = partial(load_parameters, experiment=found.record.experiment)
    parameters = _read_beside(found, WEIGHTS_FILE, load)
    titles = map(title_of, found.record.runs)
    yield Chart(
        key="first-layer-weights",
        title="Weights of the first hidden layer",
        description="Each square holds the 28 × 28 weights of one unit, the same units in each "
        "picture; the colour bar says which colour is which weight.",
        figure=draw_first_layer_weights(dict(zip(titles, parameters, strict=True))),
    )


def _read_beside(found: Found[Results], file: str, read: Callable[[Path], Value]) -> list[Value]:
    """What is read of each implementation's file, in the order of the record.

    Names come from the record, and lead nowhere but into its folder.
    """
    contents = []
    for name in found.record.runs:
        path = found.folder / name / file
        try:
            is_there = path.resolve().is_relative_to(found.folder.resolve()) and path.is_file()
        except (OSError, ValueError):  # no file can be called so
            is_there = False
        if not is_there:
            raise NotAtHandError(f"no {name}/{file} lies beside {found.source}")
        try:
            contents.append(read(path))
        except (InputError, OSError, ValueError, EOFError):  # may name the path; pages are shared
            reason = f"{name}/{file} beside {found.source} is damaged or of another run"
            raise NotAtHandError(reason) from None
    return contents
