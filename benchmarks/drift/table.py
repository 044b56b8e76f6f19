"""What `twins drift` says: the bands as a table, the curves as sentences."""

from collections.abc import Iterator

from benchmarks.display.tables import NO_VALUE, Cell, Table, table_of
from benchmarks.drift.results import Band, Curve, Drift, Quantity, num_within_floor
from benchmarks.implementations import title_of

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


def band_table(drift: Drift, key: str = "bands") -> Table:
    """One row a documented figure: what the disturbed runs reached, and whether it lies there."""
    assert drift.band_implementation is not None
    num_runs = len(drift.bands[0].values)
    return table_of(
        key,
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
