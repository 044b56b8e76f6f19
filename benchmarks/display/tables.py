"""Tables of a page: a caption, headings, and rows whose first cell names them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

Outcome = Literal["good", "bad", "plain"]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell with a verdict: a mark for the eye, and a word for who cannot see it.

    verdict: "met" for instance; read out, not shown.
    """

    text: str
    outcome: Outcome
    verdict: str

    @property
    def mark(self) -> str:
        """✓ or ✗; nothing where the cell is neither good nor bad."""
        return {"good": "✓", "bad": "✗", "plain": ""}[self.outcome]


@dataclass(frozen=True, kw_only=True)
class Table:
    """What a table says. Each row has as many cells as there are columns.

    key: unique on the page; names the table for links.
    columns: headings; the first one is that of the rows' names.
    is_hidden: whether it waits behind a line that opens it.
    is_text: whether its cells hold words, not numbers.
    """

    template: ClassVar[str] = "table.html"
    key: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | Cell, ...], ...]
    is_hidden: bool = False
    is_text: bool = False


def table_of(
    key: str,
    caption: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str | Cell]],
    *,
    is_hidden: bool = False,
    is_text: bool = False,
) -> Table:
    """A table; see `Table`."""
    return Table(
        key=key,
        caption=caption,
        columns=tuple(columns),
        rows=tuple(tuple(row) for row in rows),
        is_hidden=is_hidden,
        is_text=is_text,
    )
