"""The parity ladder: each rung's differences, far below their tolerances or not."""

from collections.abc import Iterator

from benchmarks.display.tables import Cell, table_of
from benchmarks.implementations import title_of
from benchmarks.parity.results import ParityReport, RungResult
from benchmarks.parity.rungs import RUN_WEIGHTS, RUNGS
from benchmarks.parity.table import parting_sentences, reason_sentences
from benchmarks.report.parts import Finding, Paragraph, Part
from benchmarks.report.titles import joined, plural, small

KEY = "parity"


def parity_finding(report: ParityReport) -> Finding:
    """Whether the whole ladder was climbed."""
    names = joined(
        map(title_of, dict.fromkeys(name for rung in report.rungs for name in rung.pair))
    )
    if not report.passed:
        last = report.rungs[-1].name
        return Finding(
            text="Not the same program: "
            f"the ladder of {names} in {report.dtype} breaks at “{last}”.",
            outcome="bad",
            key=KEY,
        )
    final = [rung.difference for rung in report.rungs if rung.name == RUN_WEIGHTS.name]
    apart = f" The final weights differ by {small(max(final))} at most." if final else ""
    return Finding(
        text=f"The same program: {names} pass all {len(_rung_names(report))} rungs of the parity "
        f"ladder in {report.dtype}, over {plural(report.experiment.num_epochs, 'epoch')}.{apart}",
        outcome="good",
        key=KEY,
    )


def parity_parts(report: ParityReport, key: str) -> Iterator[Part]:
    """The table, where two part, and the reasons for the tolerances."""
    names = _rung_names(report)
    pairs = list(dict.fromkeys(rung.pair for rung in report.rungs))
    results = {(rung.name, rung.pair): rung for rung in report.rungs}
    yield Paragraph(
        text=f"Largest absolute differences in {report.dtype}, rung by rung, from the parameters "
        "to the predictions after the last step; the ladder stops where one exceeds its tolerance."
    )
    for sentence in parting_sentences(report.rungs):
        yield Paragraph(text=sentence, tone="bad")
    yield table_of(
        f"{key}-table",
        f"Parity ladder, {report.dtype}",
        ("rung", *("–".join(map(title_of, pair)) for pair in pairs), "tolerance"),
        [
            (
                name,
                *(_cell(results.get((name, pair))) for pair in pairs),
                _tolerance(name, report),
            )
            for name in names
        ],
    )
    yield table_of(
        f"{key}-reasons",
        "Why these tolerances",
        ("rung", "reason"),
        [tuple(sentence.split(": ", 1)) for sentence in _reasons(report)],
        is_hidden=True,
        is_text=True,
    )


def _reasons(report: ParityReport) -> list[str]:
    return reason_sentences(report.rungs)


def _rung_names(report: ParityReport) -> list[str]:
    """The rungs that were reached, in the ladder's order; unknown ones last."""
    order = {rung.name: place for place, rung in enumerate(RUNGS)}
    names = dict.fromkeys(rung.name for rung in report.rungs)
    return sorted(names, key=lambda name: order.get(name, len(order)))


def _cell(result: RungResult | None) -> str | Cell:
    if result is None:
        return "–"
    return Cell(
        text=_difference(result.difference, ".1e"),
        outcome="good" if result.passed else "bad",
        verdict="within tolerance" if result.passed else "beyond tolerance",
    )


def _tolerance(name: str, report: ParityReport) -> str:
    return next(_difference(rung.tolerance, ".0e") for rung in report.rungs if rung.name == name)


def _difference(value: float, number_format: str) -> str:
    return format(value, number_format) if value else "0"
