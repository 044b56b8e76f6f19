"""The float32 drift in two figures: curves over the steps, and bands of the documented figures."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from benchmarks.display.style import new_figure, power_of_ten, tidy
from benchmarks.drift.results import Band, Curve, Drift, Kind, Quantity
from benchmarks.implementations import title_of
from shared.experiment import DType

# Of the palette in `style`; the floor is grey, so that curves between implementations stand out.
_ACROSS_COLOURS: dict[DType, str] = {"float64": "#0072B2", "float32": "#D55E00"}
_DISTURBANCES: dict[Kind, tuple[str, str]] = {
    "last bit": ("last bit of its initial weights", "#009E73"),
    "row order": ("rows of each batch reversed", "#CC79A7"),
    "one core": ("one core", "#8A8A8A"),
}
"""What was disturbed where an implementation is compared with itself, for people; a colour."""
_LINE_STYLES = ("-", "--", ":", "-.")


def draw_drift(drift: Drift) -> Figure:
    """Draws three quantities over the steps.

    The shaded floor reaches up to the largest curve of an implementation with itself. A curve
    that is zero throughout has no place on logarithmic axes and is named below the panels.
    """
    figure = new_figure(14.0, 6.2)
    panels: dict[Quantity, str] = {
        "max_difference": "largest difference of a weight",
        "rms_difference": "RMS difference of all weights",
        "disagreeing": f"test predictions that disagree, of {drift.dataset.num_test:,}",
    }
    all_axes = figure.subplots(1, len(panels))
    for axes, (quantity, title) in zip(all_axes, panels.items(), strict=True):
        axes.set_title(title, fontsize=11)
        if drift.floor:
            _draw_floor(axes, drift.floor, quantity)
        _draw_curves(axes, drift, quantity)
        _scale_axes(axes, quantity)
        steps_per_epoch = drift.curves[0].steps[-1] / drift.experiment.num_epochs
        axes.axvline(steps_per_epoch, color="#BBBBBB", linewidth=0.8, zorder=0)
        place = {"transform": axes.get_xaxis_transform(), "ha": "right", "va": "top"}
        axes.text(steps_per_epoch, 0.99, "1 epoch ", fontsize=8, color="#777777", **place)
    handles, labels = all_axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    unmoved = [_floor_label(curve) for curve in drift.floor if not any(curve.max_difference)]
    if unmoved:
        figure.supxlabel(f"not a bit differs: {'; '.join(unmoved)}", fontsize=10)
    return figure


def _floor_label(curve: Curve) -> str:
    return f"{title_of(curve.pair[0])} with itself, {_DISTURBANCES[curve.kind][0]}"


def _draw_floor(axes: Axes, floor: tuple[Curve, ...], quantity: Quantity) -> None:
    values = np.stack([curve.values(quantity) for curve in floor])
    if quantity != "disagreeing":
        values[values == 0.0] = np.nan  # has no place on a logarithmic axis
    if np.isnan(values).all():
        return
    # fmin and fmax pass over the gaps of zero differences; where all are, the floor has one.
    low, high = np.fmin.reduce(values), np.fmax.reduce(values)
    label = "noise floor, float32: an implementation with itself"
    axes.fill_between(floor[0].steps, low, high, color="#E2E2E2", linewidth=0.0, label=label)


def _draw_curves(axes: Axes, drift: Drift, quantity: Quantity) -> None:
    for curve in drift.across:
        label = f"{'–'.join(map(title_of, curve.pair))}, {curve.dtype}"
        colour = _ACROSS_COLOURS[curve.dtype]
        axes.plot(curve.steps, curve.values(quantity), label=label, color=colour, linewidth=3.0)
    # Thin lines upon wide ones: where they coincide, both are seen.
    names = list(dict.fromkeys(curve.pair[0] for curve in drift.floor))
    for curve in drift.floor:
        if any(curve.max_difference):
            style = _LINE_STYLES[names.index(curve.pair[0]) % len(_LINE_STYLES)]
            (line,) = axes.plot(curve.steps, curve.values(quantity), style, linewidth=1.1)
            line.set(color=_DISTURBANCES[curve.kind][1], label=_floor_label(curve))


def _scale_axes(axes: Axes, quantity: Quantity) -> None:
    axes.set(xscale="log", xlabel="steps of training")
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    tidy(axes)
    if quantity == "disagreeing":
        # Linear below one image, where the counts begin, and logarithmic above.
        axes.set_yscale("symlog", linthresh=1)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.fmt_ydata = "{:.0f}".format
    else:
        axes.set_yscale("log", nonpositive="mask")  # exact zeros are gaps
        axes.yaxis.set_major_formatter(power_of_ten)
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.fmt_ydata = "{:.1e}".format


def draw_bands(drift: Drift) -> Figure:
    """Draws each figure's runs as strokes, their range as a bar, and the documented value.

    As distances from the mean of the runs, so that one axis serves accuracies and losses.
    """
    figure = new_figure(9.0, 1.6 + 0.62 * len(drift.bands))
    axes = figure.subplots()
    rows = np.arange(len(drift.bands))
    values = np.array([band.values for band in drift.bands])
    means = values.mean(axis=1)
    distances = 1000 * (values - means[:, np.newaxis])
    ranges = {"left": distances.min(axis=1), "width": np.ptp(distances, axis=1)}
    axes.barh(rows, **ranges, height=0.42, color="#CBE4F4", label="lowest to highest run")
    run_rows = rows.repeat(values.shape[1])
    axes.plot(distances.ravel(), run_rows, "|", markersize=11, color="#0072B2", label="a run")
    documented = np.array([band.documented if band.applicable else np.nan for band in drift.bands])
    if not np.isnan(documented).all():
        places = 1000 * (documented - means)
        axes.plot(places, rows, "D", markersize=8, color="#D55E00", label="documented value")
    axes.use_sticky_edges = False  # bars keep their distance from the frame
    axes.set_yticks(rows, list(map(_band_label, drift.bands, means)))
    axes.set_ylim(len(rows) - 0.4, -0.6)  # the first figure on top
    axes.set_xlabel("distance from the mean of the runs, in thousandths")
    axes.axvline(0.0, color="#BBBBBB", linewidth=0.8, zorder=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    axes.set_title(f"{drift.runs}, initial weights different in the last bit only", fontsize=11)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def _band_label(band: Band, mean: float) -> str:
    documented = f"documented {band.documented:.4f}, " if band.applicable else ""
    return f"{band.name}\n{documented}mean {mean:.4f}"
