"""What a study says of its record, part by part, for whoever shows it.

A page shows every part. A terminal prints findings, tables that are not hidden, and notes; the
folder of a study gets each chart as a PNG file of its key's name.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from matplotlib.figure import Figure

from benchmarks.display.tables import Outcome, Table


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One sentence of the verdict."""

    text: str
    outcome: Outcome = "plain"


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """What a reader of the page should know first; a terminal leaves it out."""

    text: str
    tone: Literal["plain", "quiet", "bad"] = "plain"


@dataclass(frozen=True, kw_only=True)
class Notes:
    """Short sentences on what was measured, one below another."""

    items: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A figure.

    key: unique among the charts of a record.
    description: what the chart shows, for those who cannot see it.
    is_readable: whether a page offers the values of its lines that have a label;
        those of one pair of axes have the same positions.
    switch: endings of labels between which a reader of a page may choose.
    """

    key: str
    title: str
    description: str
    figure: Figure
    is_readable: bool = False
    switch: tuple[str, ...] = ()


Part: TypeAlias = Paragraph | Notes | Table | Chart
