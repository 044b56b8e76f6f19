"""Tables: rows are written once, and shown on a terminal, in Markdown or on a page.

The page's own rendering is the template `benchmarks/report/templates/table.html`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.table import Table as TerminalTable
from rich.text import Text

Outcome = Literal["good", "bad", "plain"]
MARKS: dict[Outcome, str] = {"good": "✓", "bad": "✗", "plain": ""}
MARK_COLOURS: dict[Outcome, str] = {"good": "green", "bad": "red", "plain": ""}
NO_VALUE = "–"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell with a verdict: a mark for the eye, and a word for who cannot see it.

    verdict: "met" for instance; read out, not shown.
    """

    text: str
    outcome: Outcome = "plain"
    verdict: str = ""

    @property
    def mark(self) -> str:
        """✓ or ✗; nothing where the cell is neither good nor bad."""
        return MARKS[self.outcome]


@dataclass(frozen=True)
class Table:
    """What a table says.

    key: names the table for links; unique among the tables of a record.
    columns: headings; the first one is that of the rows' names.
    rows: each has as many cells as there are columns.
    is_hidden: whether a page keeps it behind a line that opens it; a terminal leaves it out.
    is_text: whether its cells hold words, not numbers.
    """

    key: str
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    is_hidden: bool = False
    is_text: bool = False


def to_terminal(table: Table) -> TerminalTable:
    """The table for Rich to print."""
    shown = TerminalTable(
        title=table.caption,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    rows = [tuple(map(_terminal_cell, row)) for row in table.rows]
    shown.add_column(table.columns[0], no_wrap=True)
    for place, heading in enumerate(table.columns[1:], start=1):
        if table.is_text:
            shown.add_column(heading)
        else:  # headings wrap between their words, numbers never
            parts = (*heading.split(), *(row[place] for row in rows))
            shown.add_column(heading, justify="right", width=max(map(len, parts)))
    for row in rows:
        shown.add_row(*row)
    return shown


def to_markdown(table: Table) -> str:
    """The table as Markdown, without its caption; the first column is aligned to the left."""
    aligned = "---" if table.is_text else "--:"
    rule = ("---", *(aligned for _ in table.columns[1:]))
    lines = (table.columns, rule, *(tuple(map(plain_text, row)) for row in table.rows))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def plain_text(cell: str | Cell) -> str:
    """What a cell says, without its mark."""
    return cell if isinstance(cell, str) else cell.text


def _terminal_cell(cell: str | Cell) -> Text:
    if isinstance(cell, str):
        return Text(cell)
    return Text.assemble(
        cell.text, (f" {cell.mark}" if cell.mark else "", MARK_COLOURS[cell.outcome])
    )
