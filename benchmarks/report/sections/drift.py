"""The float32 drift: how far trainings move apart, the noise floor, and the bands."""

import math
from collections.abc import Iterator

import numpy as np

from benchmarks.display.words import colour, joined, plural, small
from benchmarks.drift.results import KIND_TITLES, Band, Curve, Drift, Quantity
from benchmarks.drift.table import band_table, curve_sentences
from benchmarks.implementations import title_of
from benchmarks.pages.line_charts import Area, Line, LineChart, LineCharts
from benchmarks.pages.row_chart import ChartRow, RowChart
from benchmarks.pages.scales import linear_scale, logarithmic_scale
from benchmarks.report.parts import Finding, Paragraph, Part, Points
from shared.experiment import DType

KEY = "drift"
PER_MILLE = 1000.0
CHARTS: tuple[tuple[Quantity, str, str, str], ...] = (
    ("max_difference", "Largest difference of a weight", "absolute, logarithmic", ".1e"),
    ("disagreeing", "Test images classified differently", "number of images", ".0f"),
)
ACROSS_COLOURS: dict[DType, str] = {"float64": colour(1), "float32": colour(0)}
FLOOR_LABEL = "noise floor: a framework against itself, float32"


def drift_findings(drift: Drift) -> Iterator[Finding]:
    """How far the frameworks part, and whether the documented figures lie in their bands."""
    across = {dtype: drift.across(dtype) for dtype in ("float64", "float32")}
    parts = [
        f"{small(max(max(curve.max_difference) for curve in curves))} in {dtype}"
        for dtype, curves in across.items()
        if curves
    ]
    if parts:
        yield Finding(
            text=f"Rounding drives the weights apart by at most {joined(parts)}.",
            outcome="plain",
            key=KEY,
        )
    applicable = [band for band in drift.bands if band.applicable]
    if applicable:
        outside = [band.name for band in applicable if not band.holds_documented]
        yield Finding(
            text=_band_text(drift, applicable, outside),
            outcome="bad" if outside else "good",
            key=KEY,
        )


def _band_text(drift: Drift, applicable: list[Band], outside: list[str]) -> str:
    runs = f"{len(applicable[0].values)} runs of {title_of(drift.band_implementation or '')}"
    if outside:
        return f"Outside the band that rounding alone gives, over {runs}: {joined(outside)}."
    return (
        f"All {len(applicable)} documented figures lie in the bands that rounding alone gives, "
        f"over {runs}."
    )


def drift_parts(drift: Drift, key: str) -> Iterator[Part]:
    """The curves with the noise floor behind them, what they come to, and the bands."""
    num_snapshots = len(drift.curves[0].steps)
    yield Paragraph(
        text="In float32, programs that compute the same thing round differently, and training "
        "makes the difference grow. The shaded floor is what a framework does to itself when only "
        f"its rounding is disturbed. {num_snapshots} snapshots over "
        f"{plural(drift.curves[0].steps[-1], 'step')}."
    )
    yield LineCharts(charts=tuple(_chart(drift, *chart, key=key) for chart in CHARTS))
    yield Points(items=tuple(curve_sentences(drift)))
    if drift.bands:
        yield _band_chart(drift, key)
        yield band_table(drift, f"{key}-bands-table")


def _chart(
    drift: Drift, quantity: Quantity, title: str, measure: str, number_format: str, *, key: str
) -> LineChart:
    own = [curve for curve in drift.curves if curve.kind == "across"]
    floor = [curve for curve in drift.curves if curve.kind != "across"]
    is_logarithmic = quantity == "max_difference"
    scale = logarithmic_scale if is_logarithmic else linear_scale
    values = [value for curve in drift.curves for value in map(float, curve.values(quantity))]
    steps = tuple(map(float, drift.curves[0].steps))
    return LineChart(
        key=f"{key}-{quantity.replace('_', '-')}",
        title=title,
        description=f"{title}, over the steps of training.",
        x=logarithmic_scale(steps, "steps of training"),
        y=scale(values, measure),
        position_name="step",
        positions=steps,
        lines=(
            *(_across_line(curve, quantity, number_format) for curve in own),
            *(_floor_line(curve, quantity, number_format) for curve in floor),
        ),
        areas=tuple(_floor_area(floor, quantity, is_logarithmic=is_logarithmic)),
    )


def _across_line(curve: Curve, quantity: Quantity, number_format: str) -> Line:
    return Line(
        label=f"{'–'.join(map(title_of, curve.pair))}, {curve.dtype}",
        values=tuple(map(float, curve.values(quantity))),
        colour=ACROSS_COLOURS[curve.dtype],
        width=2.5,
        number_format=number_format,
    )


def _floor_line(curve: Curve, quantity: Quantity, number_format: str) -> Line:
    return Line(
        label=f"{title_of(curve.pair[0])} with itself, {KIND_TITLES[curve.kind]}",
        values=tuple(map(float, curve.values(quantity))),
        colour="var(--quiet)",
        width=0.7,
        number_format=number_format,
        is_background=True,
    )


def _floor_area(floor: list[Curve], quantity: Quantity, *, is_logarithmic: bool) -> Iterator[Area]:
    """From the lowest to the highest curve; on a logarithmic axis, zeros have no place."""
    values = np.array([curve.values(quantity) for curve in floor])
    if is_logarithmic and len(floor):
        values[values == 0.0] = math.nan
    if len(floor) and np.isfinite(values).any():
        low, high = np.fmin.reduce(values), np.fmax.reduce(values)
        yield Area(label=FLOOR_LABEL, low=tuple(map(float, low)), high=tuple(map(float, high)))


def _band_chart(drift: Drift, key: str) -> RowChart:
    rows = tuple(map(_band_row, drift.bands))
    places = [place for row in rows for place in (*row.points, row.diamond or 0.0)]
    name = title_of(drift.band_implementation or "")
    return RowChart(
        key=f"{key}-bands",
        title=f"{len(drift.bands[0].values)} runs of {name} that differ in rounding only",
        description="Each documented figure beside the same figure of runs from other last bits.",
        scale=linear_scale(places, "distance from the mean of the runs, in thousandths"),
        rows=rows,
        marks=(("point", "a run"), ("interval", "lowest to highest"), ("diamond", "documented")),
    )


def _band_row(band: Band) -> ChartRow:
    distances = tuple((value - band.mean) * PER_MILLE for value in band.values)
    return ChartRow(
        label=band.name,
        value=f"{band.mean:.4f}",
        colour=colour(1),
        points=distances,
        interval=(min(distances), max(distances)),
        diamond=(band.documented - band.mean) * PER_MILLE if band.applicable else None,
    )
