"""The table of `twins predict`: each implementation's top three beside the others'."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.display.tables import Cell, Table, to_terminal
from benchmarks.implementations import title_of
from benchmarks.options import Context
from benchmarks.predict.measure import PreparedPicture, Probabilities
from shared.data.dataset import CLASS_NAMES

NUM_SHOWN = 3
CLASS_WIDTH = max(map(len, CLASS_NAMES))
AGREED = Cell(text="yes", outcome="good")
NOT_AGREED = Cell(text="no", outcome="bad")
SURE = 0.6
"""Where no implementation gives a class this probability, about half of the answers are right
(the documented run: 49 % of 726 test images, beside 91 % of the others)."""


def say_predictions(
    pictures: Sequence[PreparedPicture], probabilities: Probabilities, context: Context
) -> None:
    """Prints the table, and in a line each which answers may be wrong, and why."""
    context.console.width = 10_000  # a file name that is broken cannot be copied
    context.console.print(to_terminal(prediction_table(pictures, probabilities)))
    largest = np.max(list(probabilities.values()), axis=(0, 2))
    for picture, surest in zip(pictures, largest, strict=True):
        if picture.is_uneven:
            context.say(
                f"{picture.name}: its ground is not plain, so the garment may be cut out badly: "
                "leave room around it, on one brightness"
            )
        if surest < SURE:
            context.say(f"{picture.name}: no implementation is sure ({surest:.0%} at most)")


def top_classes(probabilities: NDArray[np.floating]) -> list[tuple[str, float]]:
    """The most probable classes of a picture, (10,), in order; of equal ones the lower label."""
    labels = np.argsort(-probabilities, kind="stable")[:NUM_SHOWN]
    return [(CLASS_NAMES[label], float(probabilities[label])) for label in labels]


def prediction_table(pictures: Sequence[PreparedPicture], probabilities: Probabilities) -> Table:
    """One row a picture, one column an implementation; ✓ where all agree on the class."""
    columns = ["picture", *map(title_of, probabilities)]
    if len(probabilities) > 1:
        columns += ["agree", "probabilities\ndiffer by"]
    rows = []
    for picture, *of_each in zip(pictures, *probabilities.values(), strict=True):
        row: list[str | Cell] = [picture.name, *map(_top_three, of_each)]
        if len(probabilities) > 1:
            is_agreed = len(set(np.argmax(of_each, axis=1))) == 1
            difference = np.ptp(np.array(of_each, np.float64), axis=0).max()
            row += [AGREED if is_agreed else NOT_AGREED, f"{difference:.1e}"]
        rows.append(row)
    return Table("predictions", "The most probable classes", columns, rows, is_text=True)


def _top_three(probabilities: NDArray[np.floating]) -> str:
    ranked = top_classes(probabilities)
    return "\n".join(f"{name:{CLASS_WIDTH}} {share:7.2%}" for name, share in ranked)
