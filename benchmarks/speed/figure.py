"""The figures of the speed ladder: rungs with intervals and limits; how an epoch's time grows."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from benchmarks.display.style import implementation_colours, new_figure, tidy
from benchmarks.speed.results import RungTimes, SpeedResults

LIMIT_COLOUR = "#B00020"


def draw_speed(results: SpeedResults) -> Figure:
    """Draws one row a rung, from top to bottom, on a logarithmic axis, and the limits."""
    figure = new_figure(10.0, 1.9 + 0.42 * len(results.rungs))
    axes = figure.subplots()
    colours = implementation_colours(tuple(dict.fromkeys(rung.framework for rung in results.rungs)))
    for row, rung in enumerate(results.rungs):
        colour = colours[rung.framework]
        axes.plot([rung.low, rung.high], [row, row], color=colour, linewidth=6, alpha=0.35)
        axes.plot(
            rung.epoch_seconds,
            np.full(len(rung.epoch_seconds), row),
            ".",
            color=colour,
            markersize=4,
        )
        axes.plot(rung.median, row, "|", color=colour, markersize=16, markeredgewidth=2.5)
        axes.annotate(
            f"{rung.median:.2f} s",
            (max(rung.high, *rung.epoch_seconds), row),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    for name, seconds in results.limit_seconds.items():
        axes.axvline(seconds, color=LIMIT_COLOUR, linewidth=1, linestyle="--", zorder=0)
        axes.annotate(
            f"{name} {seconds:.2f} s",
            (seconds, 0.01),
            xycoords=("data", "axes fraction"),
            xytext=(-3, 2),
            textcoords="offset points",
            rotation=90,
            ha="right",
            va="bottom",
            fontsize=8,
            color=LIMIT_COLOUR,
        )
    axes.set_xscale("log")
    axes.margins(x=0.12)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_yticks(range(len(results.rungs)), [rung.title for rung in results.rungs])
    axes.invert_yaxis()
    tidy(axes)
    axes.set_xlabel("seconds of an epoch: samples, median, 95 % interval of the median")
    axes.set_title(results.device_title, fontsize=10, loc="left")
    return figure


def draw_growth(rungs: Mapping[tuple[str, int], RungTimes], *, label: str, device: str) -> Figure:
    """Draws a curve for each rung, both axes logarithmic; bars are 95 % intervals of the median.

    Args:
        rungs: times by the rung's title and by the value of what grows.
        label: what grows.
        device: what computed.
    """
    figure = new_figure(8.5, 5.0)
    axes = figure.subplots()
    drawn: set[str] = set()
    for name in dict.fromkeys(name for name, _ in rungs):
        sizes = sorted(size for other, size in rungs if other == name)
        curve = [rungs[name, size] for size in sizes]
        framework = curve[0].framework
        medians = np.array([rung.median for rung in curve])
        axes.errorbar(
            sizes,
            medians,
            yerr=[
                medians - np.array([rung.low for rung in curve]),
                np.array([rung.high for rung in curve]) - medians,
            ],
            fmt="o--" if framework in drawn else "o-",
            capsize=3,
            label=name,
            color=implementation_colours((framework,))[framework],
            linewidth=2,
        )
        drawn.add(framework)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    ticks = sorted({size for _, size in rungs})
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    tidy(axes)
    axes.set_xlabel(label)
    axes.set_ylabel("seconds of an epoch, with 95 % interval")
    axes.set_title(device, fontsize=10, loc="left")
    axes.legend(frameon=False, fontsize=8, handlelength=4)
    return figure
