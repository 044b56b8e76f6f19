"""Charts of a page: a figure as Matplotlib draws it, with the values behind its curves."""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import chain

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks.display.parts import Chart
from benchmarks.display.tables import NO_VALUE, Table


@dataclass(frozen=True, kw_only=True)
class ReadableCurve:
    """A curve whose values are read off at K positions.

    group: the choice of the switch that shows it; empty for a curve that is always shown.
    heights: (K,) where its values are in the drawing, upwards; NaN where there is none.
    """

    colour: str
    group: str
    heights: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One pair of axes with its readable curves; places are in units of the drawing.

    values: as they are written, a row for each of K positions, a column for each curve.
    bottom, top: of the axes.
    places: (K,) of the positions, from the left.
    """

    title: str
    values: Table
    bottom: float
    top: float
    places: tuple[float, ...]
    curves: tuple[ReadableCurve, ...]


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A chart on a page.

    svg: what an `<svg>` of the figure's size in points holds.
    spoken: the description, and where each readable curve begins and ends.
    """

    svg: Markup
    spoken: str
    panels: tuple[Panel, ...]


def draw_on_page(chart: Chart, key: str) -> Drawing:
    """The chart as a page shows it; `key` is unique there."""
    readable = {
        axes: [line for line in axes.lines if not str(line.get_label()).startswith("_")]
        for axes in (chart.figure.axes if chart.is_readable else ())
    }  # Labels that Matplotlib makes up itself begin with an underscore.
    for line in chain.from_iterable(readable.values()):
        label = str(line.get_label())
        group = next((ending for ending in chart.switch if label.endswith(ending)), "")
        line.set_gid(f"group-{group}")
    # Matplotlib writes SVG in points: so many an inch, and its pixels are the drawing's units.
    chart.figure.set_dpi(72)
    svg = _drawn(chart.figure, key)  # which also puts axes in their places
    panels = tuple(_panel(axes, lines) for axes, lines in readable.items() if lines)
    extents = (extent for panel in panels for extent in _extents(panel))
    return Drawing(svg=svg, spoken=" ".join([chart.description, *extents]), panels=panels)


def _panel(axes: Axes, lines: list[Line2D]) -> Panel:
    positions = np.asarray(lines[0].get_xdata(), np.float64)
    # Data across, shares of the axes upwards: a place even where a curve has no value.
    places = axes.get_xaxis_transform().transform([(x, 0) for x in positions])[:, 0]
    texts = [[_text(axes, y) for y in np.asarray(line.get_ydata(), np.float64)] for line in lines]
    return Panel(
        title=axes.get_title(),
        values=Table(
            "values",
            f"{axes.get_title()}: values as a table",
            (axes.get_xlabel(), *(str(line.get_label()) for line in lines)),
            list(zip([f"{x:,g}" for x in positions], *texts, strict=True)),
            is_hidden=True,
        ),
        bottom=float(axes.bbox.y0),
        top=float(axes.bbox.y1),
        places=tuple(places.round(2).tolist()),
        curves=tuple(_curve(axes, line) for line in lines),
    )


def _text(axes: Axes, value: float) -> str:
    return NO_VALUE if np.isnan(value) else axes.format_ydata(value)


def _curve(axes: Axes, line: Line2D) -> ReadableCurve:
    points = np.asarray(line.get_xydata(), np.float64)
    heights = axes.transData.transform(points)[:, 1].round(2)
    # What lies below the axis, as 0 does below a logarithmic one, has no place.
    heights[~(points[:, 1] >= axes.get_ylim()[0])] = np.nan
    group = str(line.get_gid()).removeprefix("group-")
    return ReadableCurve(
        colour=to_hex(line.get_color()), group=group, heights=tuple(heights.tolist())
    )


def _extents(panel: Panel) -> Iterator[str]:
    """Where each curve that has values begins and ends."""
    position_name, *labels = panel.values.columns
    for column, label in enumerate(labels, start=1):
        known = [row for row in panel.values.rows if row[column] != NO_VALUE]
        if known:
            first, last = known[0], known[-1]
            start = f"{first[column]} at {position_name} {first[0]}"
            yield f"{panel.title}, {label}: {start}, {last[column]} at {last[0]}."


def _drawn(figure: Figure, key: str) -> Markup:
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
    around = r"^.*?<svg[^>]*>|<metadata>.*?</metadata>|<style.*?</style>|</svg>\s*$"
    drawing = re.sub(around, "", file.getvalue(), flags=re.DOTALL)
    drawing = re.sub(r' id="group-(\w*)"', r' data-group="\1"', drawing)
    # Its other names are on every chart, and nothing refers to them.
    drawing = re.sub(r' id="([A-Za-z0-9.]+_\d+|image\w+)"', "", drawing)
    drawing = re.sub(r"(font: [\w. ]*?[\d.]+px) [^;\"]*", r"\1 system-ui, sans-serif", drawing)
    return Markup(drawing)  # Matplotlib has escaped its texts
