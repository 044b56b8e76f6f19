"""The parity table on screen, and the sentence that says where two implementations part."""

from collections.abc import Iterable

from rich.table import Table

from benchmarks.implementations import title_of
from benchmarks.parity.results import ParityReport, RungResult
from benchmarks.parity.rungs import RUNGS


def parity_table(results: Iterable[RungResult], title: str) -> Table:
    """One row a rung, one column a pair, and the tolerance; reasons are sentences of their own."""
    results = tuple(results)
    pairs = list(dict.fromkeys(result.pair for result in results))
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("rung")
    for left, right in pairs:
        table.add_column(f"{title_of(left)}–{title_of(right)}", justify="right")
    table.add_column("tolerance", justify="right")
    by_place = {(result.name, result.pair): result for result in results}
    for rung in RUNGS:
        row = [by_place[rung.name, pair] for pair in pairs if (rung.name, pair) in by_place]
        if row:
            cells = [_cell(result) for result in row]
            table.add_row(rung.name, *cells, f"{row[0].tolerance:.0e}")
    return table


def reason_sentences(results: Iterable[RungResult]) -> list[str]:
    """Why each rung that was reached has the tolerance it has."""
    reached = {result.name for result in results}
    return [f"{rung.name}: {rung.reason}" for rung in RUNGS if rung.name in reached]


def verdict_sentence(report: ParityReport) -> str:
    """Whether the implementations are the same program, and if not, at which rung that shows."""
    if report.passed:
        return f"PASS: all {len(RUNGS)} rungs"
    return f"FAIL: rung “{report.rungs[-1].name}” of {len(RUNGS)}"


def _cell(result: RungResult) -> str:
    mark = "[green]✓[/]" if result.passed else "[red]✗[/]"
    return f"{result.difference:.1e} {mark}"


def parting_sentences(results: Iterable[RungResult]) -> list[str]:
    """For each failed pair, one line: rung, step, layer, tensor, index, both values."""
    return [_parting_sentence(result) for result in results if result.parting is not None]


def _parting_sentence(result: RungResult) -> str:
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
