"""The parity ladder as a figure: each rung's differences beside its tolerance."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from benchmarks.display import style
from benchmarks.implementations import title_of
from benchmarks.parity.results import side_by_side
from parity.compare import RungComparison


def draw_ladder(results: Sequence[RungComparison]) -> Figure:
    """Draws one row a rung, from top to bottom: differences as points, the tolerance as a bar."""
    results = side_by_side(results)
    tolerances = {result.name: result.tolerance for result in results}
    rows = {name: row for row, name in enumerate(tolerances)}
    names = {result.pair: "–".join(map(title_of, result.pair)) for result in results}
    differences = [result.difference or 0.0 for result in results]
    zero = style.place_of_zero([differences, list(tolerances.values())])
    figure = style.new_figure(9.5, 1.6 + 0.36 * len(rows))
    axes = figure.subplots()
    colours = style.implementation_colours(tuple(names.values()))
    for place, (pair, name) in enumerate(names.items()):
        own = [each for each in results if each.pair == pair and each.difference is not None]
        shift = 0.22 * (place - (len(names) - 1) / 2)
        axes.scatter(
            [max(result.difference or 0.0, zero) for result in own],
            [rows[result.name] + shift for result in own],
            label=name,
            color=colours[name],
            s=26,
            zorder=3,
        )
    axes.scatter(
        [max(tolerance, zero) for tolerance in tolerances.values()],
        list(rows.values()),
        label="tolerance",
        marker="|",
        s=260,
        color="black",
        zorder=2,
    )
    axes.set_xscale("log")
    axes.set_xlim(left=zero / 10)
    style.label_decades(axes, zero)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.invert_yaxis()
    style.tidy(axes)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("largest absolute difference; of test predictions, their number")
    figure.legend(loc="outside lower center", ncols=len(names) + 1, frameon=False)
    return figure
