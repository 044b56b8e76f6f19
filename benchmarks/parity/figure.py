"""The parity ladder as a figure: each rung's differences beside its tolerance."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from benchmarks.display.style import (
    implementation_colours,
    label_decades,
    new_figure,
    place_of_zero,
)
from benchmarks.implementations import title_of
from benchmarks.parity.results import RungComparison


def draw_ladder(results: Sequence[RungComparison]) -> Figure:
    """Draws one row a rung, from top to bottom: differences as points, the tolerance as a bar."""
    rungs = list(dict.fromkeys(result.name for result in results))
    rows = {name: row for row, name in enumerate(rungs)}
    pairs = list(dict.fromkeys(result.pair for result in results))
    differences = [result.difference or 0.0 for result in results]
    zero = place_of_zero([differences, [result.tolerance for result in results]])
    figure = new_figure(9.5, 1.6 + 0.36 * len(rungs))
    axes = figure.subplots()
    names = {pair: "–".join(map(title_of, pair)) for pair in pairs}
    colours = implementation_colours(tuple(names.values()))
    for place, pair in enumerate(pairs):
        points = [
            (max(result.difference, zero), rows[result.name])
            for result in results
            if result.pair == pair and result.difference is not None
        ]
        axes.scatter(
            [difference for difference, _ in points],
            [row + 0.22 * (place - (len(pairs) - 1) / 2) for _, row in points],
            label=names[pair],
            color=colours[names[pair]],
            s=26,
            zorder=3,
        )
    tolerances = {result.name: max(result.tolerance, zero) for result in results}
    axes.scatter(
        list(tolerances.values()),
        [rows[name] for name in tolerances],
        label="tolerance",
        marker="|",
        s=260,
        color="black",
        zorder=2,
    )
    axes.set_xscale("log")
    axes.set_xlim(left=zero / 10)
    label_decades(axes, zero)
    axes.set_yticks(range(len(rungs)), rungs)
    axes.invert_yaxis()
    axes.grid(axis="x", color="#DDDDDD")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("largest absolute difference; on the last rung, number of predictions")
    figure.legend(loc="outside lower center", ncols=len(pairs) + 1, frameon=False)
    return figure
