"""What `twins drift` says at its end: the bands as a table, the curves as sentences."""

from collections.abc import Iterator

from rich.table import Table

from benchmarks.drift.results import Band, Curve, Drift, Quantity, num_within_floor
from benchmarks.implementations import title_of

_ANSWERS = {True: "[green]✓[/] inside", False: "[red]✗[/] outside", None: "–"}
_QUANTITIES: tuple[tuple[str, Quantity], ...] = (
    ("largest weight difference", "max_difference"),
    ("RMS weight difference", "rms_difference"),
    ("disagreeing predictions", "disagreeing"),
)


def band_table(drift: Drift) -> Table:
    """One row a documented figure: what the disturbed runs reached, and whether it lies there."""
    assert drift.band_implementation is not None
    num_runs = len(drift.bands[0].values)
    title = f"{num_runs} runs of {title_of(drift.band_implementation)} from other last bits"
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("figure")
    for heading in ("documented", "lowest", "highest", "mean", "deviation"):
        table.add_column(heading, justify="right")
    table.add_column("documented is")
    for band in drift.bands:
        table.add_row(band.name, *_numbers(band), _ANSWERS[band.holds_documented])
    return table


def curve_sentences(drift: Drift) -> Iterator[str]:
    """What the curves between implementations came to, beside the noise floor in float32."""
    for curve in drift.across("float64"):
        yield f"{_name(curve)}: {_extent(curve)}"
    for curve in drift.across("float32"):
        yield f"{_name(curve)}: {_extent(curve)}"
        yield from _floor_sentences(curve, drift.floor_of(curve))


def _numbers(band: Band) -> list[str]:
    numbers = (
        *(band.documented, band.lowest, band.highest),
        *(band.mean, band.standard_deviation),
    )
    return [f"{number:.4f}" for number in numbers]


def _name(curve: Curve) -> str:
    return f"{'–'.join(map(title_of, curve.pair))} in {curve.dtype}"


def _extent(curve: Curve) -> str:
    return (
        f"weights at most {max(curve.max_difference):.1e} apart at any of "
        f"{len(curve.steps)} snapshots, {curve.max_difference[-1]:.1e} at the end; "
        f"at most {max(curve.disagreeing)} predictions disagree, {curve.disagreeing[-1]} at the end"
    )


def _floor_sentences(across: Curve, floor: tuple[Curve, ...]) -> Iterator[str]:
    yield "  at most the largest difference of either framework with itself (the floor):"
    for words, quantity in _QUANTITIES:
        within = num_within_floor(across, floor, quantity)
        share = within / len(across.steps)
        yield f"    {words}: at {within} of {len(across.steps)} snapshots ({share:.0%})"
