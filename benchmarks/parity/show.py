"""What the parity ladder says: its verdict, its table, where two part, and reasons."""

from collections.abc import Iterable, Iterator
from itertools import chain

from benchmarks.display.parts import Chart, Finding, Notes, Paragraph, Part
from benchmarks.display.tables import NO_VALUE, Cell, Table
from benchmarks.display.words import joined, plural, small
from benchmarks.implementations import title_of
from benchmarks.parity.figure import draw_ladder
from benchmarks.parity.results import ParityReport, side_by_side
from benchmarks.parity.rungs import EPOCH_WEIGHTS, RUN_WEIGHTS, RUNGS
from parity.compare import FACTOR, RungComparison, TensorComparison, sentence

TITLE = "Parity ladder"
MOST_ROWS = 100_000
NEARLY = 0.01
"""Ratios of updates as close as this are called equal."""


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
    num_reached = len(RUNGS) - len(report.not_reached)
    if report.until not in (None, RUNGS[-1].name):
        yield Finding(
            text=f"PASS, up to rung “{report.until}”: {num_reached} of {len(RUNGS)} rungs. {names} "
            f"agree in {report.dtype} so far; whether they are the same program is not known "
            "before they have climbed the others, without --until.",
        )
        return
    reached, epochs = f"all {len(RUNGS)} rungs", plural(report.experiment.num_epochs, "epoch")
    if report.not_reached:
        reached = f"{num_reached} of {len(RUNGS)} rungs; the run's rungs need three epochs or more"
        reached, epochs = f"{reached}: not reached", "the first epoch"
    last = EPOCH_WEIGHTS if report.not_reached else RUN_WEIGHTS
    weights = (rung for rung in report.rungs if rung.name == last.name)
    final = [each.difference or 0.0 for rung in weights for each in rung.tensors]
    yield Finding(
        text=f"PASS: {reached}. {names} are the same program in {report.dtype}, over {epochs}; "
        f"their final weights differ by {small(max(final, default=0.0))} at most.",
        outcome="good",
    )


def parts(report: ParityReport) -> Iterator[Part]:
    """The table, where two part, the figure, and the reasons for the tolerances."""
    yield Paragraph(
        text=f"Largest absolute differences in {report.dtype}, rung by rung, of the tensor that "
        "comes nearest to its tolerance; the ladder stops where one exceeds it. A tolerance is "
        f"{FACTOR:g} times what rounding alone does, which replicas of the oracle show: they "
        "compute in the same type, from weights whose last bit is moved."
    )
    yield parity_table(report)
    failed = [rung for rung in report.rungs if not rung.passed]
    if failed:
        yield _tensor_table(failed[0])
        yield Notes(items=(*parting_sentences(failed), *_update_notes(failed[0])))
    yield Chart(
        key="ladder",
        title="Each rung's differences beside its tolerance",
        description="Differences as points, tolerances as strokes; the table has the numbers.",
        figure=draw_ladder(report.rungs),
    )
    reached = {rung.name for rung in report.rungs}
    yield Table(
        "reasons",
        "What rounding does on each rung",
        ("rung", "reason"),
        [(rung.name, rung.reason) for rung in RUNGS if rung.name in reached],
        is_hidden=True,
        is_text=True,
    )


def parity_table(report: ParityReport) -> Table:
    """One row a rung that was reached, one column a pair, and the tolerance."""
    results = side_by_side(report.rungs)
    pairs = list(dict.fromkeys(result.pair for result in results))
    by_place = {(result.name, result.pair): result for result in results}
    tolerances = {result.name: result.tolerance for result in results}
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


def _tensor_table(result: RungComparison) -> Table:
    """Each tensor of a rung that failed, with its update beside that of the other side."""
    return Table(
        "tensors",
        f"{result.name}, {'–'.join(map(title_of, result.pair))}: tensors that differ, and updates",
        ("tensor", "difference", "tolerance", "update ratio"),
        [
            (each.name, _cell(each), _difference(each.tolerance, ".0e"), _ratio(each))
            for each in result.tensors
            if not each.passed or each.update_ratio is not None
        ],
    )


def _ratio(tensor: TensorComparison) -> str:
    return NO_VALUE if tensor.update_ratio is None else f"{tensor.update_ratio:.4f}"


def _update_notes(result: RungComparison) -> Iterator[str]:
    """What the ratios tell, of updates in units of the oracle's or, without it, the reference's."""
    ratios = [each.update_ratio for each in result.tensors if each.update_ratio is not None]
    if not ratios:
        return
    if max(map(abs, ratios)) < NEARLY:
        yield "No update arrived: the step was skipped, or each gradient comes one step late."
    elif max(ratios) - min(ratios) < NEARLY * abs(ratios[0]) and abs(ratios[0] - 1) > NEARLY:
        yield f"All updates are {ratios[0]:.3g} times as large: look at the learning rate."


def parting_sentences(results: Iterable[RungComparison]) -> Iterator[str]:
    """For each failed pair, one line: rung, step, layer, tensor, index, both values."""
    return (sentence(result, title_of) for result in results if not result.passed)


def _cell(result: RungComparison | TensorComparison | None) -> str | Cell:
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
    if 10 <= value < MOST_ROWS:  # a number of predictions
        return f"{value:,.0f}"
    return format(value, number_format) if value else "0"
