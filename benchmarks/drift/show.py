"""What `twins drift` says: how far trainings part, the noise floor, and the bands."""

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

import numpy as np

from benchmarks.display.parts import Chart, Finding, Notes, Paragraph, Part
from benchmarks.display.tables import NO_VALUE, Cell, Table
from benchmarks.display.words import joined, plural, small
from benchmarks.drift.figure import draw_bands, draw_drift
from benchmarks.drift.results import Drift, Quantity, num_within_floor
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


def findings(drift: Drift) -> Iterator[Finding]:
    """How far the frameworks part, and whether the documented figures lie in their bands."""
    apart = [
        f"{small(max(max(curve.max_difference) for curve in curves))} in {dtype}"
        for dtype, curves in groupby(drift.across, attrgetter("dtype"))
    ]
    if apart:
        yield Finding(text=f"Rounding drives the weights apart by at most {joined(apart)}.")
    applicable = [band for band in drift.bands if band.applicable]
    outside = [band.name for band in applicable if not band.holds_documented]
    if outside:
        text = f"Outside the band that rounding alone gives, over {drift.runs}: {joined(outside)}."
        yield Finding(text=text, outcome="bad")
    elif applicable:
        yield Finding(
            text=f"All {len(applicable)} documented figures lie in the bands that rounding alone "
            f"gives, over {drift.runs}.",
            outcome="good",
        )


def parts(drift: Drift) -> Iterator[Part]:
    """The curves above the noise floor, what they come to, and the bands."""
    steps = drift.curves[0].steps
    yield Paragraph(
        text="In float32, programs that compute the same thing round differently, and training "
        "makes the difference grow. The shaded floor is what a framework does to itself when only "
        f"its rounding is disturbed. {len(steps)} snapshots over {plural(steps[-1], 'step')}."
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


def curve_sentences(drift: Drift) -> Iterator[str]:
    """What the curves between implementations came to, beside the noise floor in float32."""
    for curve in drift.across:
        name = f"{'–'.join(map(title_of, curve.pair))} in {curve.dtype}"
        num_snapshots = len(curve.steps)
        yield (
            f"{name}: weights at most {max(curve.max_difference):.1e} apart at any of "
            f"{num_snapshots} snapshots, {curve.max_difference[-1]:.1e} at the end; at most "
            f"{max(curve.disagreeing):,} predictions disagree, {curve.disagreeing[-1]:,} at the end"
        )
        floor = drift.floor_of(curve)
        if floor:
            counts = {words: num_within_floor(curve, floor, each) for words, each in _QUANTITIES}
            within = [f"{words} at {n} ({n / num_snapshots:.0%})" for words, n in counts.items()]
            yield (
                f"{name}: of {num_snapshots} snapshots, within the largest difference of "
                f"either framework with itself (the floor): {', '.join(within)}"
            )


def band_table(drift: Drift) -> Table:
    """One row a documented figure."""
    return Table(
        "bands",
        f"{drift.runs} from other last bits",
        ("figure", "documented", "lowest", "highest", "sd", "documented value"),
        [
            (
                band.name,
                f"{band.documented:.4f}",
                f"{min(band.values):.4f}",
                f"{max(band.values):.4f}",
                f"{np.std(band.values, ddof=1):.4f}",
                _ANSWERS[band.holds_documented],
            )
            for band in drift.bands
        ],
    )
