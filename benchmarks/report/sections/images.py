"""Test images worth a look: where implementations differ, and where all are sure and wrong."""

import base64
from collections.abc import Iterator
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.display.words import joined, plural
from benchmarks.implementations import title_of
from benchmarks.report.choice import confidently_wrong_rows, differing_rows
from benchmarks.report.parts import Answer, Card, Cards, Paragraph, Part
from benchmarks.report.run_material import Missing, RunMaterial, TestPredictions
from shared.data.dataset import CLASS_NAMES

MAXIMUM_DIFFERING = 60
MAXIMUM_WRONG = 24


def differing_parts(material: RunMaterial, _key: str) -> Iterator[Part]:
    """The images that not all implementations take for the same class."""
    predictions = material.predictions
    if isinstance(predictions, Missing):
        yield Paragraph(text=f"Not shown: {predictions.reason}.", tone="quiet")
        return
    names = joined(map(title_of, predictions.probabilities))
    if len(predictions.probabilities) < 2:
        yield Paragraph(text=f"{names} alone was trained: there is nobody to differ from.")
        return
    rows = differing_rows(predictions.probabilities)
    if not len(rows):
        yield Paragraph(
            text=f"{names} give the same class for all {len(predictions.labels):,} test images."
        )
        return
    yield Paragraph(
        text=f"{names} classify {len(rows):,} of {len(predictions.labels):,} test images "
        f"differently. {_shown(len(rows), MAXIMUM_DIFFERING)}: first those on which their "
        "probabilities are furthest apart."
    )
    yield _cards(predictions, rows[:MAXIMUM_DIFFERING])


def wrong_parts(material: RunMaterial, _key: str) -> Iterator[Part]:
    """The images that all implementations get wrong and are surest of."""
    predictions = material.predictions
    if isinstance(predictions, Missing):
        yield Paragraph(text=f"Not shown: {predictions.reason}.", tone="quiet")
        return
    names = joined(map(title_of, predictions.probabilities))
    rows = confidently_wrong_rows(predictions.probabilities, predictions.labels)
    verb = "get" if len(predictions.probabilities) > 1 else "gets"
    if not len(rows):
        yield Paragraph(text=f"There is no test image that {names} {verb} wrong.")
        return
    yield Paragraph(
        text=f"{names} {verb} {plural(len(rows), 'test image')} wrong. "
        f"{_shown(len(rows), MAXIMUM_WRONG)}: first those of whose wrong class they are surest."
    )
    yield _cards(predictions, rows[:MAXIMUM_WRONG])


def _shown(count: int, maximum: int) -> str:
    return f"Here are {maximum} of them" if count > maximum else "Here they all are"


def _cards(predictions: TestPredictions, rows: NDArray[np.intp]) -> Cards:
    return Cards(cards=tuple(_card(predictions, int(row)) for row in rows))


def _card(predictions: TestPredictions, row: int) -> Card:
    label = int(predictions.labels[row])
    return Card(
        number=row + 1,
        source=_grey_image(predictions.images[row]),
        class_name=CLASS_NAMES[label],
        answers=tuple(
            _answer(name, probabilities[row], label)
            for name, probabilities in predictions.probabilities.items()
        ),
    )


def _grey_image(pixels: NDArray[np.uint8]) -> str:
    """A grey image, (height, width), as a data URI, so that the page is one file."""
    content = BytesIO()
    Image.fromarray(pixels).save(content, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


def _answer(name: str, probabilities: NDArray[np.floating], label: int) -> Answer:
    predicted = int(probabilities.argmax())
    return Answer(
        implementation=title_of(name),
        class_name=CLASS_NAMES[predicted],
        probability=float(probabilities[predicted]),
        is_right=predicted == label,
    )
