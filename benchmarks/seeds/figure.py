"""The figure of a sweep: test accuracies seed by seed, their difference, the documented values."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from benchmarks.display.style import implementation_colours, new_figure, tidy
from benchmarks.implementations import title_of
from benchmarks.seeds.analysis import accuracies_of
from benchmarks.seeds.results import DocumentedPosition, PairOfImplementations, SweepResults
from benchmarks.seeds.statistics import Summary

PERCENT = 100
"""Accuracies come as shares and are drawn in per cent; differences in percentage points."""
VERDICT_WORDS = {"equivalent": "equivalent", "not shown": "equivalence not shown"}
_NUM_BINS = 25
_WIDEST_STEP = 0.09
_WIDEST_SHIFT = 0.25
_INTERVAL_GAP = 0.4
_BAND_COLOUR = "#DDEFE7"
_MEAN = {"fmt": "s", "markersize": 5, "capsize": 4, "color": "black"}


def draw_seeds(results: SweepResults) -> Figure:
    """Draws three panels, and a fourth where documented figures can be compared."""
    statistics = results.statistics
    accuracies = {}
    for name in statistics.test_accuracy:
        shares = accuracies_of(results.of(name), results.dataset.num_test)
        accuracies[title_of(name)] = PERCENT * np.array(shares)
    distances = [each for each in statistics.documented if each.position.z is not None]
    figure = new_figure(12.0, 8.6 if distances else 7.6)
    rows = figure.add_gridspec(2, 1, height_ratios=(1.25, 1))
    above = rows[0].subgridspec(1, 2, width_ratios=(2, 1))
    below = rows[1].subgridspec(1, 2 if distances else 1)
    by_seed = figure.add_subplot(above[0])
    spread = figure.add_subplot(above[1], sharey=by_seed)
    _draw_by_seed(by_seed, results.seeds, accuracies)
    _draw_spread(spread, accuracies, list(statistics.test_accuracy.values()))
    _mark_documented((by_seed, spread), statistics.documented)
    _draw_differences(figure.add_subplot(below[0]), accuracies, statistics.equivalence)
    if distances:
        _draw_distances(figure.add_subplot(below[1]), distances)
    handles, labels = by_seed.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(handles), frameon=False)
    return figure


def _draw_by_seed(
    axes: Axes, seeds: Sequence[int], accuracies: Mapping[str, NDArray[np.float64]]
) -> None:
    colours = implementation_colours(accuracies)
    values = np.array(list(accuracies.values()))
    axes.vlines(seeds, values.min(axis=0), values.max(axis=0), color="#999999", linewidth=1)
    # The first dots are larger: where two coincide, both are seen.
    sizes = np.linspace(8, 5, len(accuracies))
    for size, (name, of_one) in zip(sizes, accuracies.items(), strict=True):
        axes.plot(seeds, of_one, "o", markersize=size, color=colours[name], label=name)
    axes.set_title("test accuracy, pairs of the same seed")
    axes.set_xlabel("seed")
    axes.set_ylabel("test accuracy, per cent")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True))
    tidy(axes)


def _draw_spread(
    axes: Axes, accuracies: Mapping[str, NDArray[np.float64]], summaries: Sequence[Summary]
) -> None:
    colours = implementation_colours(accuracies)
    for column, (name, values) in enumerate(accuracies.items()):
        axes.plot(column + swarm(values), values, "o", markersize=5, color=colours[name])
        summary = summaries[column]
        mean, reach = _interval(summary.mean_low, summary.mean, summary.mean_high)
        axes.errorbar(column - _INTERVAL_GAP, mean, yerr=reach, **_MEAN)
    axes.set_title("distribution; mean with 95 % interval")
    axes.set_xticks(range(len(accuracies)), list(accuracies))
    axes.set_xlim(-0.65, len(accuracies) - 0.4)
    axes.tick_params(labelleft=False)
    tidy(axes)


def _interval(low: float, mean: float, high: float) -> tuple[float, list[list[float]]]:
    """A mean, and how far its interval reaches below and above, both in per cent."""
    return PERCENT * mean, [[PERCENT * (mean - low)], [PERCENT * (high - mean)]]


def _mark_documented(panels: Sequence[Axes], documented: Sequence[DocumentedPosition]) -> None:
    accuracy = {each.figure: PERCENT * each.documented for each in documented}.get("test accuracy")
    if accuracy is None:
        return
    label = f"documented, {accuracy:.2f} %"
    for axes in panels:
        axes.axhline(accuracy, color="black", linestyle="--", linewidth=1.2, label=label, zorder=1)


def _draw_differences(
    axes: Axes,
    accuracies: Mapping[str, NDArray[np.float64]],
    pairs: Sequence[PairOfImplementations],
) -> None:
    """From top to bottom for each difference: seeds, paired interval, unpaired interval."""
    labels: list[str] = []
    margin = PERCENT * pairs[0].paired.margin
    for pair in pairs:
        other, reference = title_of(pair.other), title_of(pair.reference)
        differences = accuracies[other] - accuracies[reference]
        shifts = swarm(differences)
        axes.plot(differences, len(labels) + shifts, "o", markersize=4, color="#777777")
        labels.append(f"{other} − {reference}\neach seed")
        for test in (pair.paired, pair.unpaired):
            mean, reach = _interval(test.low, test.difference, test.high)
            axes.errorbar(mean, len(labels), xerr=reach, **_MEAN)
            labels.append(f"{test.design},\n{VERDICT_WORDS[test.verdict]}")
    _lay_out_rows(axes, labels, band=margin, reach=1.1 * margin)
    axes.set_title(f"difference; mean with 90 % interval; margin ±{margin:.1f}")
    axes.set_xlabel("difference in test accuracy, percentage points")


def _draw_distances(axes: Axes, distances: Sequence[DocumentedPosition]) -> None:
    """One row a documented figure; the band is where 95 % of a normal distribution lie."""
    figures = list(dict.fromkeys(each.figure for each in distances))
    names = list(dict.fromkeys(title_of(each.implementation) for each in distances))
    colours = implementation_colours(names)
    for name, height in zip(names, np.linspace(-0.15, 0.15, len(names)), strict=True):
        own = [each for each in distances if title_of(each.implementation) == name]
        rows = [figures.index(each.figure) + height for each in own]
        positions = np.array([each.position.z for each in own], float)
        axes.plot(positions, rows, "D", markersize=6, color=colours[name])
    _lay_out_rows(axes, figures, band=1.96, reach=2.5)
    axes.set_title("where the documented figures lie; band ±1.96")
    axes.set_xlabel("standard deviations from the mean of the seeds")


def _lay_out_rows(axes: Axes, labels: Sequence[str], *, band: float, reach: float) -> None:
    """Labels rows from top to bottom, around a band about 0; the axis reaches `reach` at least."""
    axes.axvspan(-band, band, color=_BAND_COLOUR, zorder=0)
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
    bins = np.digitize(values, np.histogram_bin_edges(values, _NUM_BINS)[1:-1])
    ranks = np.array([(bins[:index] == own).sum() for index, own in enumerate(bins)])
    counts = np.bincount(bins)
    step = min(_WIDEST_STEP, 2 * _WIDEST_SHIFT / max(1, counts.max() - 1))
    return step * (ranks - (counts[bins] - 1) / 2)
