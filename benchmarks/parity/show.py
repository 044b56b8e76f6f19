"""What the parity ladder says: its verdict, its table, where two part, and reasons."""

from collections.abc import Iterable, Iterator
from itertools import chain

from benchmarks.display.parts import Chart, Finding, Notes, Paragraph, Part
from benchmarks.display.tables import NO_VALUE, Cell, Table
from benchmarks.display.words import joined, plural, small
from benchmarks.implementations import title_of
from benchmarks.parity.figure import draw_ladder
from benchmarks.parity.results import ParityReport, RungComparison
from benchmarks.parity.rungs import RUN_WEIGHTS, RUNGS

TITLE = "Parity ladder"


def findings(report: ParityReport) -> Iterator[Finding]:
    """Whether the implementations are the same program, and if not, at which rung that shows."""
    pairs = chain.from_iterable(rung.pair for rung in report.rungs)
    names = joined(map(title_of, dict.fromkeys(pairs)))
    if not report.passed:
        last = report.rungs[-1].name
        yield Finding(
            text=f"FAIL: rung “{last}” of {len(RUNGS)}. {names} are not the same program in "
            f"{report.dtype}.",
            outcome="bad",
        )
        return
    final = [rung.difference or 0.0 for rung in report.rungs if rung.name == RUN_WEIGHTS.name]
    yield Finding(
        text=f"PASS: all {len(RUNGS)} rungs. {names} are the same program in {report.dtype}, over "
        f"{plural(report.experiment.num_epochs, 'epoch')}; their final weights differ by "
        f"{small(max(final))} at most.",
        outcome="good",
    )


def parts(report: ParityReport) -> Iterator[Part]:
    """The table, where two part, the figure, and the reasons for the tolerances."""
    yield Paragraph(
        text=f"Largest absolute differences in {report.dtype}, rung by rung, from the parameters "
        "to the predictions after the last step; the ladder stops where one exceeds its tolerance."
    )
    yield parity_table(report)
    reached = {rung.name for rung in report.rungs}
    partings = tuple(parting_sentences(report.rungs))
    if partings:
        yield Notes(items=partings)
    yield Chart(
        key="ladder",
        title="Each rung's differences beside its tolerance",
        description="Differences as points, tolerances as strokes; the table has the numbers.",
        figure=draw_ladder(report.rungs),
    )
    yield Table(
        "reasons",
        "Why these tolerances",
        ("rung", "reason"),
        [(rung.name, rung.reason) for rung in RUNGS if rung.name in reached],
        is_hidden=True,
        is_text=True,
    )


def parity_table(report: ParityReport) -> Table:
    """One row a rung that was reached, one column a pair, and the tolerance."""
    pairs = list(dict.fromkeys(rung.pair for rung in report.rungs))
    by_place = {(rung.name, rung.pair): rung for rung in report.rungs}
    tolerances = {rung.name: rung.tolerance for rung in report.rungs}
    return Table(
        "parity",
        f"Parity ladder, {report.dtype}",
        ("rung", *("–".join(map(title_of, pair)) for pair in pairs), "tolerance"),
        [
            (
                name,
                *(_cell(by_place.get((name, pair))) for pair in pairs),
                _difference(tolerance, ".0e"),
            )
            for name, tolerance in tolerances.items()
        ],
    )


def parting_sentences(results: Iterable[RungComparison]) -> Iterator[str]:
    """For each failed pair, one line: rung, step, layer, tensor, index, both values."""
    for result in results:
        parting = result.parting
        if parting is None:
            continue
        left, right = map(title_of, result.pair)
        where = [
            f"step {parting.step}" if parting.step is not None else "before any step",
            *([f"layer {parting.layer}"] if parting.layer else []),
            f"tensor {parting.tensor}",
            *([f"index {list(parting.index)}"] if parting.index else []),
        ]
        notes = "".join(f"; {note}" for note in result.notes)
        yield (
            f"{left} and {right} first differ at rung “{result.name}”: {', '.join(where)}: "
            f"{left} {parting.left}, {right} {parting.right}{notes}"
        )


def _cell(result: RungComparison | None) -> str | Cell:
    if result is None:
        return NO_VALUE
    return Cell(
        text=_difference(result.difference, ".1e"),
        outcome="good" if result.passed else "bad",
        verdict="within tolerance" if result.passed else "beyond tolerance",
    )


def _difference(value: float | None, number_format: str) -> str:
    if value is None:
        return "∞"
    return format(value, number_format) if value else "0"
