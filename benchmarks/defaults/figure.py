"""The ladder of defaults as a figure: what each rung leaves of parity, and of accuracy."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.defaults.results import DefaultsResults, PortResult
from benchmarks.display import style

_MARKERS = "osD^"
_SPREAD = 0.4


def draw_defaults(results: DefaultsResults) -> Figure:
    """Draws one row a rung, the naive port on top: parity, errors of its report, accuracy."""
    rungs = results.rungs
    figure = style.new_figure(14.0, 2.4 + 0.45 * len(rungs))
    parity, report, accuracy = figure.subplots(1, 3, sharey=True, width_ratios=(4, 4, 3))
    num_test = results.dataset.num_test
    differences = {
        "initial weights": [rung.parity.initial_weights for rung in rungs],
        "loss of a step, epoch 1": [rung.parity.step_losses for rung in rungs],
        "final weights": [rung.parity.final_weights for rung in rungs],
        "share of test predictions": [rung.parity.predictions / num_test for rung in rungs],
    }
    errors = {
        "test accuracy": [rung.test_accuracy_gap for rung in rungs],
        "test loss": [rung.test_loss_gap for rung in rungs],
        "training loss": [rung.training_loss_gap for rung in rungs],
    }
    zero = style.place_of_zero([*differences.values(), *errors.values()])
    colours = style.implementation_colours((*differences, *errors))  # none of them has two meanings
    _draw_differences(parity, differences, zero, colours)
    _draw_differences(report, errors, zero, colours)
    _draw_accuracies(accuracy, rungs)
    parity.set(title="difference from the reference port", xlabel="largest absolute difference")
    report.set_title("error of what the port reports")
    report.set_xlabel("largest absolute error, over the seeds")
    parity.set_yticks(range(len(rungs)), [port for port, _ in results.numbered_rungs()])
    parity.set_ylim(len(rungs) - 0.5, -0.5)
    return figure


def _draw_differences(
    axes: Axes, series: Mapping[str, Sequence[float]], zero: float, colours: Mapping[str, str]
) -> None:
    """Draws differences on a logarithmic axis, those of a row a little apart in height."""
    heights = np.linspace(-_SPREAD / 2, _SPREAD / 2, len(series))
    for (name, values), height, marker in zip(series.items(), heights, _MARKERS, strict=False):
        axes.scatter(
            [value or zero for value in values],
            np.arange(len(values)) + height,
            label=name,
            color=colours[name],
            marker=marker,
            s=34,
            zorder=3,
        )
    axes.set_xscale("log")
    axes.set_xlim(zero / 5, 5)
    style.label_decades(axes, zero)
    style.tidy(axes)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, frameon=False)


def _draw_accuracies(axes: Axes, rungs: Sequence[PortResult]) -> None:
    """Draws each seed as a point, the mean as a bar, and the last rung's range behind all."""
    last = rungs[-1].test_accuracies
    axes.axvspan(min(last), max(last), color="#EEEEEE", zorder=0)
    for row, rung in enumerate(rungs):
        heights = row + np.linspace(-_SPREAD / 2, _SPREAD / 2, len(rung.test_accuracies))
        axes.scatter(
            rung.test_accuracies,
            heights if len(heights) > 1 else [row],
            facecolors="none",
            edgecolors="#555555",
            s=30,
            zorder=3,
        )
        axes.vlines(np.mean(rung.test_accuracies), row - 0.3, row + 0.3, color="black", zorder=2)
    axes.margins(x=0.1)
    axes.ticklabel_format(axis="x", useOffset=False)
    axes.locator_params(axis="x", nbins=5)
    style.tidy(axes)
    axes.set_title("test accuracy")
    axes.set_xlabel("circle: one seed; bar: mean\ngrey: range of the reference port")
