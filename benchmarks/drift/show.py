"""What `twins drift` says: how far trainings part, the noise floor, and the bands."""

from collections.abc import Iterator

from benchmarks.display.parts import Chart, Finding, Notes, Paragraph, Part
from benchmarks.display.tables import NO_VALUE, Cell, Table, table_of
from benchmarks.display.words import joined, plural, small
from benchmarks.drift.figure import draw_bands, draw_drift
from benchmarks.drift.results import Band, Curve, Drift, Quantity, num_within_floor
from benchmarks.implementations import title_of

TITLE = "Float32 drift"

_ANSWERS = {
    True: Cell(text="inside", outcome="good"),
    False: Cell(text="outside", outcome="bad"),
    None: NO_VALUE,
}
_QUANTITIES: tuple[tuple[str, Quantity], ...] = (
    ("largest weight difference", "max_difference"),
    ("RMS weight difference", "rms_difference"),
    ("disagreeing predictions", "disagreeing"),
)


def band_table(drift: Drift) -> Table:
    """One row a documented figure: what the disturbed runs reached, and whether it lies there."""
    assert drift.band_implementation is not None
    num_runs = len(drift.bands[0].values)
    return table_of(
        "bands",
        f"{num_runs} runs of {title_of(drift.band_implementation)} from other last bits",
        ("figure", "documented", "lowest", "highest", "sd", "documented value"),
        [(band.name, *_numbers(band), _ANSWERS[band.holds_documented]) for band in drift.bands],
    )


def curve_sentences(drift: Drift) -> Iterator[str]:
    """What the curves between implementations came to, beside the noise floor in float32."""
    for curve in (*drift.across("float64"), *drift.across("float32")):
        yield f"{_name(curve)}: {_extent(curve)}"
        floor = drift.floor_of(curve)
        if floor:
            yield _floor_sentence(curve, floor)


def _numbers(band: Band) -> list[str]:
    numbers = (band.documented, band.lowest, band.highest, band.standard_deviation)
    return [f"{number:.4f}" for number in numbers]


def _name(curve: Curve) -> str:
    return f"{'–'.join(map(title_of, curve.pair))} in {curve.dtype}"


def _extent(curve: Curve) -> str:
    return (
        f"weights at most {max(curve.max_difference):.1e} apart at any of "
        f"{len(curve.steps)} snapshots, {curve.max_difference[-1]:.1e} at the end; at most "
        f"{max(curve.disagreeing):,} predictions disagree, {curve.disagreeing[-1]:,} at the end"
    )


def _floor_sentence(across: Curve, floor: tuple[Curve, ...]) -> str:
    parts = []
    for words, quantity in _QUANTITIES:
        within = num_within_floor(across, floor, quantity)
        parts.append(f"{words} at {within} ({within / len(across.steps):.0%})")
    return (
        f"{_name(across)}: of {len(across.steps)} snapshots, within the largest difference of "
        f"either framework with itself (the floor): {', '.join(parts)}"
    )


def findings(drift: Drift) -> Iterator[Finding]:
    """How far the frameworks part, and whether the documented figures lie in their bands."""
    across = {dtype: drift.across(dtype) for dtype in ("float64", "float32")}
    apart = [
        f"{small(max(max(curve.max_difference) for curve in curves))} in {dtype}"
        for dtype, curves in across.items()
        if curves
    ]
    if apart:
        yield Finding(
            text=f"Rounding drives the weights apart by at most {joined(apart)}.",
        )
    applicable = [band for band in drift.bands if band.applicable]
    if applicable:
        outside = [band.name for band in applicable if not band.holds_documented]
        yield Finding(
            text=_band_text(drift, applicable, outside),
            outcome="bad" if outside else "good",
        )


def _band_text(drift: Drift, applicable: list[Band], outside: list[str]) -> str:
    runs = f"{len(applicable[0].values)} runs of {title_of(drift.band_implementation or '')}"
    if outside:
        return f"Outside the band that rounding alone gives, over {runs}: {joined(outside)}."
    return (
        f"All {len(applicable)} documented figures lie in the bands that rounding alone gives, "
        f"over {runs}."
    )


def parts(drift: Drift) -> Iterator[Part]:
    """The curves with the noise floor behind them, what they come to, and the bands."""
    num_snapshots = len(drift.curves[0].steps)
    yield Paragraph(
        text="In float32, programs that compute the same thing round differently, and training "
        "makes the difference grow. The shaded floor is what a framework does to itself when only "
        f"its rounding is disturbed. {num_snapshots} snapshots over "
        f"{plural(drift.curves[0].steps[-1], 'step')}."
    )
    yield Chart(
        key="drift",
        title="How far trainings move apart",
        description="Differences over the steps of training, above the noise floor.",
        figure=draw_drift(drift),
        is_readable=True,
    )
    yield Notes(items=tuple(curve_sentences(drift)))
    if drift.bands:
        yield Chart(
            key="bands",
            title="Documented figures among runs that differ in rounding only",
            description="Each documented figure beside the same figure of the runs.",
            figure=draw_bands(drift),
        )
        yield band_table(drift)
