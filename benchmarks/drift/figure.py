"""The float32 drift in two figures: curves over the steps, and bands of the documented figures."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from benchmarks.display.style import new_figure, power_of_ten, tidy
from benchmarks.drift.results import KIND_TITLES, Band, Curve, Drift, Kind, Quantity
from benchmarks.implementations import title_of
from shared.experiment import DType

# Of the palette in `style`, whose source stands there; the floor in greys, so that
# the curves between implementations stand out from it.
_ACROSS_COLOURS: dict[DType, str] = {"float64": "#0072B2", "float32": "#D55E00"}
_FLOOR_COLOUR = "#E2E2E2"
_KIND_COLOURS: dict[Kind, str] = {
    "last bit": "#009E73",
    "row order": "#CC79A7",
    "one core": "#8A8A8A",
}
_LINE_STYLES = ("-", "--", ":", "-.")
_LOGARITHMIC: tuple[Quantity, ...] = ("max_difference", "rms_difference")
_PER_MILLE = 1000.0


def draw_drift(drift: Drift) -> Figure:
    """Draws largest and RMS weight difference and disagreeing predictions over the steps.

    The shaded floor reaches up to the largest curve of an implementation with
    itself. On the logarithmic axes a difference of exactly zero has no place; a
    curve that is zero throughout is named below the panels, where it has no line.
    """
    figure = new_figure(14.0, 6.2)
    panels: tuple[tuple[Quantity, str], ...] = (
        ("max_difference", "largest difference of a weight"),
        ("rms_difference", "RMS difference of all weights"),
        ("disagreeing", f"test predictions that disagree, of {drift.dataset.num_test:,}"),
    )
    all_axes = figure.subplots(1, len(panels))
    for axes, (quantity, title) in zip(all_axes, panels, strict=True):
        _draw_floor(axes, drift.floor, quantity)
        _draw_curves(axes, drift, quantity)
        _label_panel(axes, title, drift, quantity)
    handles, labels = all_axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    unmoved = [_floor_label(curve) for curve in drift.floor if not any(curve.max_difference)]
    if unmoved:
        figure.supxlabel(f"not a bit differs: {'; '.join(unmoved)}", fontsize=10)
    return figure


def _floor_label(curve: Curve) -> str:
    return f"{title_of(curve.pair[0])} with itself, {KIND_TITLES[curve.kind]}"


def _draw_floor(axes: Axes, floor: tuple[Curve, ...], quantity: Quantity) -> None:
    if not floor:
        return
    values = np.stack([curve.values(quantity) for curve in floor])
    if quantity in _LOGARITHMIC:
        values[values == 0.0] = np.nan  # has no place there
    # fmin and fmax pass over the gaps of zero differences; where all are, the floor has one.
    axes.fill_between(
        floor[0].steps,
        np.fmin.reduce(values),
        np.fmax.reduce(values),
        color=_FLOOR_COLOUR,
        linewidth=0.0,
        label="noise floor, float32: an implementation with itself",
    )


def _draw_curves(axes: Axes, drift: Drift, quantity: Quantity) -> None:
    for curve in (*drift.across("float64"), *drift.across("float32")):
        label = f"{'–'.join(map(title_of, curve.pair))}, {curve.dtype}"
        style = {"color": _ACROSS_COLOURS[curve.dtype], "linewidth": 3.0}
        axes.plot(curve.steps, curve.values(quantity), label=label, **style)
    # Thin lines upon wide ones: where they coincide, both are seen.
    names = list(dict.fromkeys(curve.pair[0] for curve in drift.floor))
    for curve in drift.floor:
        if any(curve.max_difference):
            axes.plot(
                curve.steps,
                curve.values(quantity),
                color=_KIND_COLOURS[curve.kind],
                linestyle=_LINE_STYLES[names.index(curve.pair[0]) % len(_LINE_STYLES)],
                linewidth=1.1,
                label=_floor_label(curve),
            )


def _label_panel(axes: Axes, title: str, drift: Drift, quantity: Quantity) -> None:
    axes.set_title(title, fontsize=11)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("steps of training")
    tidy(axes)
    if quantity in _LOGARITHMIC:
        axes.set_yscale("log", nonpositive="mask")  # exact zeros are gaps
        axes.yaxis.set_major_formatter(power_of_ten)
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.fmt_ydata = "{:.1e}".format
    else:
        # Linear below one image, where the counts begin, and logarithmic above.
        axes.set_yscale("symlog", linthresh=1)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.fmt_ydata = "{:.0f}".format
    steps_per_epoch = drift.curves[0].steps[-1] / drift.experiment.num_epochs
    axes.axvline(steps_per_epoch, color="#BBBBBB", linewidth=0.8, zorder=0)
    axes.annotate(
        "1 epoch",
        (steps_per_epoch, 0.99),
        xycoords=axes.get_xaxis_transform(),
        textcoords="offset points",
        xytext=(-3, 0),
        fontsize=8,
        color="#777777",
        ha="right",
        va="top",
    )


def draw_bands(drift: Drift) -> Figure:
    """Draws each documented figure's runs as dots, their range as a bar, the documented value.

    All are drawn as distances from the mean of the runs, so that one axis serves
    accuracies and losses.
    """
    figure = new_figure(9.0, 1.6 + 0.62 * len(drift.bands))
    axes = figure.subplots()
    labels = [_draw_band(axes, band, row) for row, band in enumerate(drift.bands)]
    axes.use_sticky_edges = False  # bars keep their distance from the frame
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)  # the first figure on top
    axes.set_xlabel("distance from the mean of the runs, in thousandths")
    axes.axvline(0.0, color="#BBBBBB", linewidth=0.8, zorder=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    axes.set_title(f"{drift.runs}, initial weights different in the last bit only", fontsize=11)
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    figure.legend(
        once.values(), once.keys(), loc="outside lower center", ncols=len(once), frameon=False
    )
    return figure


def _draw_band(axes: Axes, band: Band, row: int) -> str:
    """Draws a row; returns what stands beside it."""
    mean = float(np.mean(band.values))
    distances = (np.array(band.values) - mean) * _PER_MILLE
    axes.barh(
        row,
        np.ptp(distances),
        left=distances.min(),
        height=0.42,
        color="#CBE4F4",
        label="lowest to highest run",
    )
    rows = np.full(len(distances), row)
    axes.plot(distances, rows, "|", markersize=11, color="#0072B2", label="a run")
    if not band.applicable:
        return f"{band.name}\nmean {mean:.4f}"
    distance = (band.documented - mean) * _PER_MILLE
    axes.plot(distance, row, "D", markersize=8, color="#D55E00", label="documented value")
    return f"{band.name}\ndocumented {band.documented:.4f}, mean {mean:.4f}"
