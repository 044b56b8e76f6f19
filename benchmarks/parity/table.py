"""What the parity ladder says: its table for every reader, reasons, and where two part."""

from collections.abc import Iterable

from benchmarks.display.tables import NO_VALUE, Cell, Table, table_of
from benchmarks.implementations import title_of
from benchmarks.parity.results import ParityReport, RungComparison
from benchmarks.parity.rungs import RUNGS


def parity_table(report: ParityReport, key: str = "parity") -> Table:
    """One row a rung, one column a pair, and the tolerance; reasons are sentences of their own."""
    pairs = list(dict.fromkeys(rung.pair for rung in report.rungs))
    by_place = {(rung.name, rung.pair): rung for rung in report.rungs}
    tolerances = {rung.name: rung.tolerance for rung in report.rungs}
    return table_of(
        key,
        f"Parity ladder, {report.dtype}",
        ("rung", *("–".join(map(title_of, pair)) for pair in pairs), "tolerance"),
        [
            (
                name,
                *(_cell(by_place.get((name, pair))) for pair in pairs),
                _difference(tolerances[name], ".0e"),
            )
            for name in reached_rungs(report)
        ],
    )


def reached_rungs(report: ParityReport) -> list[str]:
    """The rungs that were reached, in the ladder's order; unknown ones last."""
    order = {rung.name: place for place, rung in enumerate(RUNGS)}
    names = dict.fromkeys(rung.name for rung in report.rungs)
    return sorted(names, key=lambda name: order.get(name, len(order)))


def reason_sentences(results: Iterable[RungComparison]) -> list[str]:
    """Why each rung that was reached has the tolerance it has."""
    reached = {result.name for result in results}
    return [f"{rung.name}: {rung.reason}" for rung in RUNGS if rung.name in reached]


def verdict_sentence(report: ParityReport) -> str:
    """Whether the implementations are the same program, and if not, at which rung that shows."""
    if report.passed:
        return f"PASS: all {len(RUNGS)} rungs"
    return f"FAIL: rung “{report.rungs[-1].name}” of {len(RUNGS)}"


def parting_sentences(results: Iterable[RungComparison]) -> list[str]:
    """For each failed pair, one line: rung, step, layer, tensor, index, both values."""
    return [_parting_sentence(result) for result in results if result.parting is not None]


def _cell(result: RungComparison | None) -> str | Cell:
    if result is None:
        return NO_VALUE
    return Cell(
        text=_difference(result.difference, ".1e"),
        outcome="good" if result.passed else "bad",
        verdict="within tolerance" if result.passed else "beyond tolerance",
    )


def _difference(value: float, number_format: str) -> str:
    return format(value, number_format) if value else "0"


def _parting_sentence(result: RungComparison) -> str:
    parting = result.parting
    assert parting is not None
    left, right = map(title_of, result.pair)
    where = [
        f"step {parting.step}" if parting.step is not None else "before any step",
        *([f"layer {parting.layer}"] if parting.layer else []),
        f"tensor {parting.tensor}",
        *([f"index {list(parting.index)}"] if parting.index else []),
    ]
    notes = "".join(f"; {note}" for note in result.notes)
    return (
        f"{left} and {right} first differ at rung “{result.name}”: {', '.join(where)}: "
        f"{left} {parting.left}, {right} {parting.right}{notes}"
    )
