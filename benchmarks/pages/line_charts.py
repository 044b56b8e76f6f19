"""Line charts of a page, as data: the template beside this file draws them as SVG.

Inside a chart, places are per cent of its width and height, so that it takes any size
while its text keeps its own. Symbol in shapes: K = number of positions along the x axis.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from benchmarks.pages.scales import AxisScale

Style = Literal["solid", "dashed", "diamonds"]
NO_VALUE = "–"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One curve.

    values: (K,); NaN leaves a gap.
    colour: in CSS, `var(--series-1)` for instance.
    width: of the stroke in CSS pixels.
    group: the choice of the switch that shows it; empty for a curve that is always shown.
    number_format: how its values are written.
    is_background: drawn thin, in the table only, neither in the legend nor under the pointer.
    """

    label: str
    values: tuple[float, ...]
    colour: str
    width: float = 2.0
    style: Style = "solid"
    group: str = ""
    number_format: str = ".4f"
    is_background: bool = False

    def text(self, index: int) -> str:
        """One value as it is written."""
        value = self.values[index]
        return NO_VALUE if math.isnan(value) else format(value, self.number_format)


@dataclass(frozen=True, kw_only=True)
class Area:
    """What lies between two curves, (K,) each."""

    label: str
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class LineChart:
    """Curves over common positions.

    key: unique on the page.
    description: what the chart shows, for those who cannot see it.
    position_name: what a position is, `epoch` for instance.
    positions: (K,), rising.
    """

    key: str
    title: str
    description: str
    x: AxisScale
    y: AxisScale
    position_name: str
    positions: tuple[float, ...]
    lines: tuple[Line, ...]
    areas: tuple[Area, ...] = ()

    def path(self, line: Line) -> str:
        """The curve as an SVG path; a value between two gaps is a dot."""
        return "".join(self._path_of(run) for run in _without_gaps(self._places(line.values)))

    def dots(self, line: Line) -> list[tuple[float, float]]:
        """The curve's points."""
        return [place for place in self._places(line.values) if not math.isnan(place[1])]

    def outline(self, area: Area) -> str:
        """The area as a closed SVG path, a piece for each run without gaps."""
        pairs = zip(self._places(area.low), self._places(area.high), strict=True)
        corners = [(x, low, high) for (x, low), (_, high) in pairs]
        pieces = []
        for run in _without_gaps(corners):
            upper = [(x, high) for x, _, high in run]
            lower = [(x, low) for x, low, _ in reversed(run)]
            pieces.append(f"{self._path_of([*upper, *lower])}Z")
        return "".join(pieces)

    def row(self, index: int) -> tuple[float, list[tuple[Line, float]]]:
        """A position's place, and every curve's own there; NaN where it has none."""
        x = self.x.percent(self.positions[index])
        return x, [(line, self.y.percent(line.values[index])) for line in self.lines]

    def spoken(self) -> str:
        """The description, and where each curve of the legend begins and ends."""
        return " ".join([self.description, *filter(None, map(self._extent, self.lines))])

    def _extent(self, line: Line) -> str:
        known = [i for i, value in enumerate(line.values) if not math.isnan(value)]
        if not known or line.is_background:
            return ""
        first, last = known[0], known[-1]
        return (
            f"{line.label}: {line.text(first)} at {self.position_name} "
            f"{self.positions[first]:,g}, {line.text(last)} at {self.positions[last]:,g}."
        )

    def _places(self, values: tuple[float, ...]) -> list[tuple[float, float]]:
        return [
            (self.x.percent(position), self.y.percent(value))
            for position, value in zip(self.positions, values, strict=True)
        ]

    @staticmethod
    def _path_of(places: list[tuple[float, float]]) -> str:
        # SVG counts from the top downwards.
        points = [f"{x:.2f} {100 - y:.2f}" for x, y in places]
        return f"M{points[0]}h0" if len(points) == 1 else f"M{'L'.join(points)}"


@dataclass(frozen=True, kw_only=True)
class LineCharts:
    """Charts side by side under one legend.

    switch: names of the groups between which a reader may choose; empty for no switch.
    switch_label: what is chosen.
    """

    template: ClassVar[str] = "line_charts.html"
    charts: tuple[LineChart, ...]
    switch: tuple[str, ...] = ()
    switch_label: str = ""

    def legend(self) -> list[Line]:
        """The curves that are named, each once."""
        lines = {line.label: line for chart in self.charts for line in chart.lines}
        return [line for line in lines.values() if not line.is_background]

    def shaded(self) -> list[Area]:
        """The areas that are named, each once."""
        return list({area.label: area for chart in self.charts for area in chart.areas}.values())


def _without_gaps(places: list) -> Iterator[list]:
    """Yields each run of places whose numbers are all known."""
    run = []
    for place in places:
        if any(math.isnan(number) for number in place):
            if run:
                yield run
            run = []
        else:
            run.append(place)
    if run:
        yield run
