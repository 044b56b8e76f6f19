"""The figure of a sweep: test accuracies seed by seed, their difference, the documented values."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from pandas import DataFrame, Series

from benchmarks.display.style import implementation_colours, new_figure, tidy
from benchmarks.implementations import title_of
from benchmarks.seeds.results import SweepResults, SweepStatistics, accuracies_of

_VERDICT_WORDS = {"equivalent": "equivalent", "not shown": "equivalence not shown"}
_MEAN = {"fmt": "s", "markersize": 5, "capsize": 4, "color": "black"}


def draw_seeds(results: SweepResults) -> Figure:
    """Draws three panels, in per cent, and a fourth where documented figures can be compared."""
    statistics = results.statistics
    shares = {
        title_of(name): accuracies_of(results.of(name), results.dataset.num_test)
        for name in statistics.test_accuracy
    }
    accuracies = 100 * DataFrame(shares, index=results.seeds)
    has_distances = any(each.position.z is not None for each in statistics.documented)
    figure = new_figure(12.0, 8.6 if has_distances else 7.6)
    rows = figure.add_gridspec(2, 1, height_ratios=(1.25, 1))
    above = rows[0].subgridspec(1, 2, width_ratios=(2, 1)).subplots(sharey=True, squeeze=False)[0]
    below = rows[1].subgridspec(1, 1 + has_distances).subplots(squeeze=False)[0]
    _draw_by_seed(above[0], accuracies)
    _draw_spread(above[1], accuracies, statistics)
    documented = {each.figure: 100 * each.documented for each in statistics.documented}
    if accuracy := documented.get("test accuracy"):
        line = {"color": "black", "linestyle": "--", "linewidth": 1.2, "zorder": 1}
        for axes in above:
            axes.axhline(accuracy, label=f"documented, {accuracy:.2f} %", **line)
    _draw_differences(below[0], accuracies, statistics)
    if has_distances:
        _draw_distances(below[1], statistics)
    handles, labels = above[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(handles), frameon=False)
    return figure


def _draw_by_seed(axes: Axes, accuracies: DataFrame) -> None:
    colours = implementation_colours(accuracies.columns)
    lowest, highest = accuracies.min(axis=1), accuracies.max(axis=1)
    axes.vlines(accuracies.index, lowest, highest, color="#999999", linewidth=1)
    # The first dots are larger: where two coincide, both are seen.
    sizes = np.linspace(8, 5, len(colours))
    for size, (title, colour) in zip(sizes, colours.items(), strict=True):
        axes.plot(accuracies[title], "o", markersize=size, color=colour, label=title)
    axes.set(xlabel="seed", ylabel="test accuracy, per cent")
    axes.set_title("test accuracy, pairs of the same seed")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True))
    tidy(axes)


def _draw_spread(axes: Axes, accuracies: DataFrame, statistics: SweepStatistics) -> None:
    colours = implementation_colours(accuracies.columns)
    for column, (name, summary) in enumerate(statistics.test_accuracy.items()):
        title = title_of(name)
        values = accuracies[title].to_numpy()
        axes.plot(column + swarm(values), values, "o", markersize=5, color=colours[title])
        mean, reach = _interval(summary.mean_low, summary.mean, summary.mean_high)
        axes.errorbar(column - 0.4, mean, yerr=reach, **_MEAN)
    axes.set_xticks(range(len(colours)), list(colours))
    axes.set(title="distribution; mean with 95 % interval", xlim=(-0.65, len(colours) - 0.4))
    tidy(axes)


def _interval(low: float, mean: float, high: float) -> tuple[float, list[list[float]]]:
    """A mean, and how far its interval reaches below and above, both in per cent."""
    return 100 * mean, [[100 * (mean - low)], [100 * (high - mean)]]


def _draw_differences(axes: Axes, accuracies: DataFrame, statistics: SweepStatistics) -> None:
    """From top to bottom for each difference: seeds, paired interval, unpaired interval."""
    labels: list[str] = []
    margin = 100 * statistics.equivalence[0].paired.margin
    for pair in statistics.equivalence:
        other, reference = title_of(pair.other), title_of(pair.reference)
        differences = (accuracies[other] - accuracies[reference]).to_numpy()
        rows = len(labels) + swarm(differences)
        axes.plot(differences, rows, "o", markersize=4, color="#777777")
        labels.append(f"{other} − {reference}\neach seed")
        for test in (pair.paired, pair.unpaired):
            mean, reach = _interval(test.low, test.difference, test.high)
            axes.errorbar(mean, len(labels), xerr=reach, **_MEAN)
            labels.append(f"{test.design},\n{_VERDICT_WORDS[test.verdict]}")
    _lay_out_rows(axes, labels, band=margin, reach=1.1 * margin)
    axes.set_title(f"difference; mean with 90 % interval; margin ±{margin:.1f}")
    axes.set_xlabel("difference in test accuracy, percentage points")


def _draw_distances(axes: Axes, statistics: SweepStatistics) -> None:
    """One row a documented figure; the band is where 95 % of a normal distribution lie."""
    distances = [each for each in statistics.documented if each.position.z is not None]
    figures = list(dict.fromkeys(each.figure for each in distances))
    names = statistics.test_accuracy
    colours = implementation_colours([title_of(name) for name in names])
    for name, height in zip(names, np.linspace(-0.15, 0.15, len(names)), strict=True):
        own = [each for each in distances if each.implementation == name]
        rows = [figures.index(each.figure) + height for each in own]
        positions = np.array([each.position.z for each in own], float)
        axes.plot(positions, rows, "D", markersize=6, color=colours[title_of(name)])
    _lay_out_rows(axes, figures, band=1.96, reach=2.5)
    axes.set_title("where the documented figures lie; band ±1.96")
    axes.set_xlabel("standard deviations from the mean of the seeds")


def _lay_out_rows(axes: Axes, labels: Sequence[str], *, band: float, reach: float) -> None:
    """Labels rows from top to bottom, around a band about 0; the axis reaches `reach` at least."""
    axes.axvspan(-band, band, color="#DDEFE7", zorder=0)
    axes.axvline(0, color="#999999", linewidth=1, zorder=1)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    left, right = axes.get_xlim()
    axes.set_xlim(min(left, -reach), max(right, reach))
    tidy(axes)


def swarm(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sideways shifts, (N,), within ±0.25, that keep dots of near values apart.

    Values of the same of 25 bins stand side by side, centred; crowds move closer.
    """
    bins = np.digitize(values, np.histogram_bin_edges(values, 25)[1:-1])
    ranks = Series(bins).groupby(bins).cumcount().to_numpy()
    counts = np.bincount(bins)
    step = min(0.09, 0.5 / max(1, counts.max() - 1))
    return step * (ranks - (counts[bins] - 1) / 2)
