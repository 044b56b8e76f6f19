"""The float32 drift in two figures: curves over the steps, and bands of the documented figures."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from benchmarks.display.style import new_figure, power_of_ten
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
        _draw_floor(axes, drift, quantity)
        for curve in _across_curves(drift):
            _draw_across_curve(axes, curve, quantity)
        # Thin lines upon wide ones: where they coincide, both are seen.
        for curve in _moved_curves(drift):
            _draw_self_curve(axes, curve, drift, quantity)
        _label_panel(axes, title, drift, quantity)
    handles, labels = all_axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    unmoved = [_own_label(c) for c in _self_curves(drift) if not any(c.max_difference)]
    if unmoved:
        figure.supxlabel(f"not a bit differs: {'; '.join(unmoved)}", fontsize=10)
    return figure


def draw_bands(drift: Drift) -> Figure:
    """Draws each documented figure's runs as dots, their range as a bar, the documented value.

    All are drawn as distances from the mean of the runs, so that one axis serves
    accuracies and losses.
    """
    figure = new_figure(9.0, 1.6 + 0.62 * len(drift.bands))
    axes = figure.subplots()
    for row, band in enumerate(drift.bands):
        _draw_band(axes, band, row)
    axes.use_sticky_edges = False  # bars keep their distance from the frame
    axes.set_yticks(range(len(drift.bands)), [_band_label(band) for band in drift.bands])
    axes.set_ylim(len(drift.bands) - 0.4, -0.6)  # the first figure on top
    axes.set_xlabel("distance from the mean of the runs, in thousandths")
    axes.axvline(0.0, color="#BBBBBB", linewidth=0.8, zorder=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    axes.set_title(
        f"{len(drift.bands[0].values)} runs of {title_of(drift.band_implementation or '')}, "
        "initial weights different in the last bit only",
        fontsize=11,
    )
    handles, labels = axes.get_legend_handles_labels()
    first_of_each = dict(zip(labels, handles, strict=True))
    figure.legend(
        first_of_each.values(),
        first_of_each.keys(),
        loc="outside lower center",
        ncols=len(first_of_each),
        frameon=False,
    )
    return figure


def _across_curves(drift: Drift) -> Iterator[Curve]:
    yield from drift.across("float64")
    yield from drift.across("float32")


def _moved_curves(drift: Drift) -> list[Curve]:
    return [curve for curve in _self_curves(drift) if any(curve.max_difference)]


def _own_label(curve: Curve) -> str:
    return f"{title_of(curve.pair[0])} with itself, {KIND_TITLES[curve.kind]}"


def _self_curves(drift: Drift) -> list[Curve]:
    return [curve for curve in drift.curves if curve.kind != "across"]


def _draw_floor(axes: Axes, drift: Drift, quantity: Quantity) -> None:
    curves = _self_curves(drift)
    if not curves:
        return
    values = np.stack([curve.values(quantity) for curve in curves])
    if quantity in _LOGARITHMIC:
        values[values == 0.0] = np.nan  # has no place there
    # fmin and fmax pass over the gaps of zero differences; where all are, the floor has one.
    axes.fill_between(
        curves[0].steps,
        np.fmin.reduce(values),
        np.fmax.reduce(values),
        color=_FLOOR_COLOUR,
        linewidth=0.0,
        label="noise floor, float32: an implementation with itself",
    )


def _draw_self_curve(axes: Axes, curve: Curve, drift: Drift, quantity: Quantity) -> None:
    names = list(dict.fromkeys(c.pair[0] for c in _self_curves(drift)))
    axes.plot(
        curve.steps,
        curve.values(quantity),
        color=_KIND_COLOURS[curve.kind],
        linestyle=_LINE_STYLES[names.index(curve.pair[0]) % len(_LINE_STYLES)],
        linewidth=1.1,
        label=_own_label(curve),
    )


def _draw_across_curve(axes: Axes, curve: Curve, quantity: Quantity) -> None:
    axes.plot(
        curve.steps,
        curve.values(quantity),
        color=_ACROSS_COLOURS[curve.dtype],
        linewidth=3.0,
        label=f"{'–'.join(map(title_of, curve.pair))}, {curve.dtype}",
    )


def _label_panel(axes: Axes, title: str, drift: Drift, quantity: Quantity) -> None:
    axes.set_title(title, fontsize=11)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("steps of training")
    axes.grid(color="#EEEEEE")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
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
    steps = drift.curves[0].steps
    steps_per_epoch = steps[-1] / drift.experiment.num_epochs
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


def _draw_band(axes: Axes, band: Band, row: int) -> None:
    distances = (np.array(band.values) - band.mean) * _PER_MILLE
    axes.barh(
        row,
        np.ptp(distances),
        left=distances.min(),
        height=0.42,
        color="#CBE4F4",
        label="lowest to highest run",
    )
    axes.plot(
        distances,
        np.full(len(distances), row),
        linestyle="",
        marker="|",
        markersize=11,
        color="#0072B2",
        label="a run",
    )
    if band.applicable:
        axes.plot(
            (band.documented - band.mean) * _PER_MILLE,
            row,
            linestyle="",
            marker="D",
            markersize=8,
            color="#D55E00",
            label="documented value",
        )


def _band_label(band: Band) -> str:
    documented = f"documented {band.documented:.4f}, " if band.applicable else ""
    return f"{band.name}\n{documented}mean {band.mean:.4f}"
