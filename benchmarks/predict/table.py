"""The table of `twins predict`: each implementation's top three beside the others'."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from benchmarks.implementations import title_of
from benchmarks.predict.results import PredictedPicture
from shared.data.dataset import CLASS_NAMES

CLASS_WIDTH = max(map(len, CLASS_NAMES))


def prediction_table(pictures: Sequence[PredictedPicture]) -> Table:
    """One row a picture, one column an implementation; ✓ where all agree on the class."""
    names = list(pictures[0].probabilities)
    are_compared = len(names) > 1
    table = Table(show_lines=True)
    table.add_column("picture", no_wrap=True)
    for name in names:
        table.add_column(title_of(name), no_wrap=True)
    if are_compared:
        table.add_column("agree", justify="center")
        table.add_column("probabilities differ by", justify="right")
    for picture in pictures:
        cells = [Text(picture.name), *(_top_three(picture, name) for name in names)]
        table.add_row(*cells, *(_comparison(picture) if are_compared else ()))
    return table


def _top_three(picture: PredictedPicture, implementation: str) -> Text:
    lines = [
        f"{CLASS_NAMES[each.label]:{CLASS_WIDTH}} {each.probability:7.2%}"
        for each in picture.top_classes(implementation)
    ]
    return Text("\n".join(lines))


def _comparison(picture: PredictedPicture) -> tuple[Text, Text]:
    mark = Text("✓", "green") if picture.is_agreed else Text("✗", "red")
    return mark, Text(f"{picture.largest_difference:.1e}")
