"""The figures of the speed ladder: rungs with intervals and limits; how an epoch's time grows."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from benchmarks.display.style import implementation_colours, new_figure, tidy
from benchmarks.speed.results import RungTimes, SpeedResults

Curves = dict[str, dict[int, RungTimes]]
"""The times of each rung, by its name and by the size that grows."""


def draw_speed(results: SpeedResults) -> Figure:
    """Draws one row a rung, from top to bottom, on a logarithmic axis, and the limits."""
    rungs = results.rungs
    figure = new_figure(10.0, 1.9 + 0.42 * len(rungs))
    axes = figure.subplots()
    colours = implementation_colours(dict.fromkeys(rung.framework for rung in rungs))
    for row, rung in enumerate(rungs):
        colour = colours[rung.framework]
        samples = np.ravel(rung.epoch_seconds)
        axes.plot([rung.low, rung.high], [row, row], color=colour, linewidth=6, alpha=0.35)
        axes.plot(samples, np.full(len(samples), row), ".", color=colour, markersize=4)
        axes.plot(rung.median, row, "|", color=colour, markersize=16, markeredgewidth=2.5)
        axes.annotate(
            f"{rung.median:.2f} s",
            (max(rung.high, *samples), row),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    if results.environment.accelerator is None:
        _draw_limit(axes, "the machine", results.seconds_at(results.limits.machine.large_product))
        _draw_limit(axes, "one core", results.seconds_at(results.limits.one_core.large_product))
    axes.set_xscale("log")
    axes.margins(x=0.12)
    _label_seconds(axes.xaxis)
    axes.set_yticks(range(len(rungs)), [rung.title for rung in rungs])
    axes.invert_yaxis()
    tidy(axes)
    axes.set_xlabel("seconds of an epoch: samples, median, 95 % interval of the median")
    axes.set_title(results.device_title, fontsize=10, loc="left")
    return figure


def _draw_limit(axes: Axes, of_what: str, seconds: float) -> None:
    red = "#B00020"
    axes.axvline(seconds, color=red, linewidth=1, linestyle="--", zorder=0)
    axes.annotate(
        f"limit of {of_what} {seconds:.2f} s",
        (seconds, 0.01),
        xycoords=("data", "axes fraction"),
        xytext=(-3, 2),
        textcoords="offset points",
        rotation=90,
        ha="right",
        va="bottom",
        fontsize=8,
        color=red,
    )


def draw_growth(curves: Curves, *, label: str, device: str) -> Figure:
    """Draws each rung's curve by what grows, both axes logarithmic, with 95 % intervals."""
    figure = new_figure(8.5, 5.0)
    axes = figure.subplots()
    drawn: set[str] = set()
    for curve in curves.values():
        rungs = list(curve.values())
        framework = rungs[0].framework
        median, low, high = np.transpose([(rung.median, rung.low, rung.high) for rung in rungs])
        axes.errorbar(
            list(curve),
            median,
            yerr=[median - low, high - median],
            fmt="o--" if framework in drawn else "o-",
            capsize=3,
            label=rungs[0].title,
            color=implementation_colours((framework,))[framework],
            linewidth=2,
        )
        drawn.add(framework)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    _label_seconds(axes.yaxis)
    sizes = sorted(set().union(*curves.values()))
    axes.set_xticks(sizes, map(str, sizes))
    axes.minorticks_off()
    tidy(axes)
    axes.set(xlabel=label, ylabel="seconds of an epoch, with 95 % interval")
    axes.set_title(device, fontsize=10, loc="left")
    axes.legend(frameon=False, fontsize=8, handlelength=4)
    return figure


def _label_seconds(axis: Axis) -> None:
    """Labels 0.1, 0.2, 0.5, 1, 2, 5 and so on, and nothing between them."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())
