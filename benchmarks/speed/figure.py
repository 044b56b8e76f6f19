"""The figures of the speed ladder: rungs with intervals and limits; how an epoch's time grows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from benchmarks.display.style import implementation_colours, new_figure

LIMIT_COLOUR = "#B00020"
GRID_COLOUR = "#DDDDDD"


@dataclass(frozen=True, kw_only=True)
class SpeedBar:
    """A rung's median with its interval, and its raw samples, in seconds of an epoch."""

    label: str
    framework: str
    median: float
    low: float
    high: float
    samples: Sequence[float]


def draw_speed(bars: Sequence[SpeedBar], limits: Mapping[str, float], *, title: str) -> Figure:
    """Draws one row a rung, from top to bottom, on a logarithmic axis.

    Args:
        bars: the rungs in the ladder's order.
        limits: seconds that an epoch's operations take at a measured rate, by its name.
        title: what was measured, and on what.
    """
    figure = new_figure(10.0, 1.9 + 0.42 * len(bars))
    axes = figure.subplots()
    colours = implementation_colours(tuple(dict.fromkeys(bar.framework for bar in bars)))
    for row, bar in enumerate(bars):
        colour = colours[bar.framework]
        axes.plot([bar.low, bar.high], [row, row], color=colour, linewidth=6, alpha=0.35)
        axes.plot(bar.samples, np.full(len(bar.samples), row), ".", color=colour, markersize=4)
        axes.plot(bar.median, row, "|", color=colour, markersize=16, markeredgewidth=2.5)
        axes.annotate(
            f"{bar.median:.2f} s",
            (max(bar.high, *bar.samples), row),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    for name, seconds in limits.items():
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
    axes.set_yticks(range(len(bars)), [bar.label for bar in bars])
    axes.invert_yaxis()
    _finish(axes)
    axes.set_xlabel("seconds of an epoch: samples, median, 95 % interval of the median")
    axes.set_title(title, fontsize=10, loc="left")
    return figure


@dataclass(frozen=True, kw_only=True)
class GrowthCurve:
    """How a rung's epoch grows: values of what grows, medians with their intervals, in seconds."""

    label: str
    framework: str
    values: Sequence[float]
    medians: Sequence[float]
    lows: Sequence[float]
    highs: Sequence[float]


def draw_growth(curves: Sequence[GrowthCurve], *, label: str, title: str) -> Figure:
    """Draws a curve for each rung, both axes logarithmic; bars are 95 % intervals of the median."""
    figure = new_figure(8.5, 5.0)
    axes = figure.subplots()
    colours = implementation_colours(tuple(dict.fromkeys(curve.framework for curve in curves)))
    drawn: set[str] = set()
    for curve in curves:
        medians = np.array(curve.medians)
        axes.errorbar(
            curve.values,
            medians,
            yerr=[medians - np.array(curve.lows), np.array(curve.highs) - medians],
            fmt="o--" if curve.framework in drawn else "o-",
            capsize=3,
            label=curve.label,
            color=colours[curve.framework],
            linewidth=2,
        )
        drawn.add(curve.framework)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    ticks = sorted({value for curve in curves for value in curve.values})
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    _finish(axes)
    axes.set_xlabel(label)
    axes.set_ylabel("seconds of an epoch, with 95 % interval")
    axes.set_title(title, fontsize=10, loc="left")
    axes.legend(frameon=False, fontsize=8, handlelength=4)
    return figure


def _finish(axes) -> None:
    axes.grid(color=GRID_COLOUR)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
