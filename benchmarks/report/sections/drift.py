"""The float32 drift: how far trainings move apart, the noise floor, and the bands."""

from collections.abc import Iterator

from benchmarks.display.words import joined, plural, small
from benchmarks.drift.figure import draw_bands, draw_drift
from benchmarks.drift.results import Band, Drift
from benchmarks.drift.table import band_table, curve_sentences
from benchmarks.implementations import title_of
from benchmarks.pages.chart import Chart
from benchmarks.report.parts import Finding, Paragraph, Part, Points

KEY = "drift"


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
    yield Chart(
        key=f"{key}-chart",
        title="How far trainings move apart",
        description="Differences over the steps of training, above the noise floor.",
        figure=draw_drift(drift),
        is_readable=True,
    )
    yield Points(items=tuple(curve_sentences(drift)))
    if drift.bands:
        yield Chart(
            key=f"{key}-bands",
            title="Documented figures among runs that differ in rounding only",
            description="Each documented figure beside the same figure of the runs.",
            figure=draw_bands(drift),
        )
        yield band_table(drift, f"{key}-bands-table")
