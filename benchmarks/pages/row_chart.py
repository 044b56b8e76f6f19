"""Row charts of a page, as data: names below each other, each with its values on one axis."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from benchmarks.pages.scales import AxisScale


@dataclass(frozen=True, kw_only=True)
class ChartRow:
    """One name with its values.

    value: the main one, as it is written beside the row.
    points: single measurements.
    interval: from where to where a bar reaches.
    middle: a stroke across the bar.
    diamond: a value to compare with.
    """

    label: str
    value: str
    colour: str
    points: tuple[float, ...] = ()
    interval: tuple[float, float] | None = None
    middle: float | None = None
    diamond: float | None = None


@dataclass(frozen=True, kw_only=True)
class LimitLine:
    """A vertical line through all rows, told apart by its dashes; a label puts it in the legend."""

    label: str
    value: float
    dashes: str


MarkKind = Literal["point", "interval", "middle", "diamond"]


@dataclass(frozen=True, kw_only=True)
class RowChart:
    """Rows from top to bottom.

    key: unique on the page.
    description: what the chart shows, for those who cannot see it.
    marks: what each kind of mark stands for, in the order of the legend.
    """

    template: ClassVar[str] = "row_chart.html"
    key: str
    title: str
    description: str
    scale: AxisScale
    rows: tuple[ChartRow, ...]
    marks: tuple[tuple[MarkKind, str], ...]
    limits: tuple[LimitLine, ...] = ()

    def spoken(self) -> str:
        """The description, and each row's value."""
        rows = "; ".join(f"{row.label}: {row.value}" for row in self.rows)
        limits = "".join(f" {limit.label}." for limit in self.limits if limit.label)
        return f"{self.description} {rows}.{limits}"

    def label_length(self) -> int:
        """Characters of the longest name, for which the page makes room."""
        return max((len(row.label) for row in self.rows), default=0)
