"""The parity ladder as a figure: each rung's differences beside its tolerance."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from shared.figures.style import implementation_colours, new_figure
from shared.parity_results import RungResult

SMALLEST_SHOWN = 1e-18
"""Where a difference of exactly 0 is drawn on the logarithmic axis."""


def draw_ladder(results: Sequence[RungResult]) -> Figure:
    """Draws one row a rung, from top to bottom: differences as points, the tolerance as a bar."""
    rungs = list(dict.fromkeys(result.name for result in results))
    rows = {name: row for row, name in enumerate(rungs)}
    pairs = list(dict.fromkeys(result.pair for result in results))
    figure = new_figure(9.5, 1.6 + 0.36 * len(rungs))
    axes = figure.subplots()
    colours = implementation_colours("–".join(pair) for pair in pairs)
    for place, pair in enumerate(pairs):
        own = [result for result in results if result.pair == pair]
        axes.scatter(
            [max(result.difference, SMALLEST_SHOWN) for result in own],
            [rows[result.name] + 0.22 * (place - (len(pairs) - 1) / 2) for result in own],
            label="–".join(pair),
            color=colours["–".join(pair)],
            s=26,
            zorder=3,
        )
    tolerances = {result.name: max(result.tolerance, SMALLEST_SHOWN) for result in results}
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
    axes.set_xlim(left=SMALLEST_SHOWN / 3)
    axes.set_yticks(range(len(rungs)), rungs)
    axes.invert_yaxis()
    axes.grid(axis="x", color="#DDDDDD")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel(f"largest difference (exactly 0 is drawn at {SMALLEST_SHOWN:g})")
    figure.legend(loc="outside lower center", ncols=len(pairs) + 1, frameon=False)
    return figure
