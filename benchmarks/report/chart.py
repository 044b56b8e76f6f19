"""Charts of a page: a figure as Matplotlib draws it, with the values behind its curves."""

import math
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from io import StringIO

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from benchmarks.display.parts import Chart
from benchmarks.display.tables import NO_VALUE

POINTS_PER_INCH = 72
"""Matplotlib writes SVG in points."""


@dataclass(frozen=True, kw_only=True)
class ReadableCurve:
    """A curve whose values are read off; K positions.

    group: the choice of the switch that shows it; empty for a curve that is always shown.
    texts: (K,) values as they are written.
    heights: (K,) where they are in the drawing, downwards; NaN where there is none.
    """

    label: str
    colour: str
    group: str
    texts: tuple[str, ...]
    heights: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One pair of axes with its readable curves; places are in units of the drawing.

    position_name: what a position is, `epoch` for instance.
    top, bottom: of the axes.
    positions: (K,) as they are written.
    places: (K,) where they are in the drawing, from the left.
    """

    title: str
    position_name: str
    top: float
    bottom: float
    positions: tuple[str, ...]
    places: tuple[float, ...]
    curves: tuple[ReadableCurve, ...]


@dataclass(frozen=True)
class Drawing:
    """A chart on a page.

    key: unique on the page.
    """

    chart: Chart
    key: str

    @cached_property
    def svg(self) -> Markup:
        """The drawing, which takes its colours of paper and ink from the page."""
        for number, (_, line) in enumerate(self._lines()):
            line.set_gid(f"group-{self._group(line)}-{number}")
        return Markup(_drawn(self.chart.figure, self.key))  # Matplotlib has escaped its texts

    @cached_property
    def panels(self) -> tuple[Panel, ...]:
        """The axes that have readable curves; drawing has put them in their places."""
        lines: dict[Axes, list[Line2D]] = {}
        for axes, line in self._lines() if self.svg else ():
            lines.setdefault(axes, []).append(line)
        return tuple(self._panel(axes, own) for axes, own in lines.items())

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height of the drawing."""
        width, height = POINTS_PER_INCH * self.chart.figure.get_size_inches()
        return float(width), float(height)

    @property
    def spoken(self) -> str:
        """The description, and where each readable curve begins and ends."""
        extents = (_extent(panel, curve) for panel in self.panels for curve in panel.curves)
        return " ".join([self.chart.description, *filter(None, extents)])

    def _lines(self) -> Iterator[tuple[Axes, Line2D]]:
        for axes in self.chart.figure.axes if self.chart.is_readable else ():
            for line in axes.lines:
                if not str(line.get_label()).startswith("_"):  # a name that Matplotlib gave
                    yield axes, line

    def _group(self, line: Line2D) -> str:
        return next(
            (each for each in self.chart.switch if str(line.get_label()).endswith(each)), ""
        )

    def _panel(self, axes: Axes, lines: list[Line2D]) -> Panel:
        positions = _numbers(lines[0].get_xdata())
        # Data across, shares of the axes upwards: a place even where a curve has no value.
        corners = axes.get_xaxis_transform().transform(
            [(x, end) for x in positions for end in (0, 1)]
        )
        places = self._in_drawing(corners)
        return Panel(
            title=axes.get_title(),
            position_name=axes.get_xlabel(),
            top=places[1, 1],
            bottom=places[0, 1],
            positions=tuple(f"{x:,g}" for x in positions),
            places=tuple(places[::2, 0]),
            curves=tuple(self._curve(axes, line) for line in lines),
        )

    def _curve(self, axes: Axes, line: Line2D) -> ReadableCurve:
        values = _numbers(line.get_ydata())
        heights = self._in_drawing(axes.transData.transform(line.get_xydata()))[:, 1]
        # What lies below the axis, as 0 does below a logarithmic one, has no place.
        is_shown = values >= axes.get_ylim()[0]
        return ReadableCurve(
            label=str(line.get_label()),
            colour=to_hex(line.get_color()),
            group=self._group(line),
            texts=tuple(NO_VALUE if math.isnan(y) else axes.format_ydata(y) for y in values),
            heights=tuple(np.where(is_shown, heights, math.nan)),
        )

    def _in_drawing(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places in Matplotlib's pixels, (N, 2), as the drawing counts: in points, downwards."""
        points = POINTS_PER_INCH / self.chart.figure.dpi * places
        points[:, 1] = self.extent[1] - points[:, 1]
        return np.round(points, 2)


def _numbers(data: object) -> NDArray[np.float64]:
    return np.asarray(data, np.float64)


def _extent(panel: Panel, curve: ReadableCurve) -> str:
    known = [index for index, text in enumerate(curve.texts) if text != NO_VALUE]
    if not known:
        return ""
    first, last = known[0], known[-1]
    return (
        f"{panel.title}, {curve.label}: {curve.texts[first]} at {panel.position_name} "
        f"{panel.positions[first]}, {curve.texts[last]} at {panel.positions[last]}."
    )


def _drawn(figure: Figure, key: str) -> str:
    """What Matplotlib puts between `<svg>` and `</svg>`, in the colours and type of the page."""
    file = StringIO()
    # Text stays text, every point of a line is kept, and equal figures give equal pages.
    with (
        mpl.rc_context({"svg.fonttype": "none", "path.simplify": False, "svg.hashsalt": key}),
        warnings.catch_warnings(),
    ):
        # Text is the browser's to draw, so that no letter is missing from a font.
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    drawing = re.sub(r"^.*?<svg[^>]*>|</svg>\s*$", "", file.getvalue(), flags=re.DOTALL)
    drawing = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", drawing, flags=re.DOTALL)
    drawing = re.sub(r' id="group-(\w*)-\d+"', r' data-group="\1"', drawing)
    # Its other names are on every chart, and nothing refers to them.
    drawing = re.sub(r' id="([A-Za-z0-9.]+_\d+|image\w+)"', "", drawing)
    return re.sub(r"(font: [\w. ]*?[\d.]+px) [^;\"]*", r"\1 system-ui, sans-serif", drawing)
