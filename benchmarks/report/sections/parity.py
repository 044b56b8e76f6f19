"""The parity ladder: each rung's differences, far below their tolerances or not."""

from collections.abc import Iterator

from benchmarks.display.tables import table_of
from benchmarks.display.words import joined, plural, small
from benchmarks.implementations import title_of
from benchmarks.parity.results import ParityReport
from benchmarks.parity.rungs import RUN_WEIGHTS
from benchmarks.parity.table import parity_table, parting_sentences, reached_rungs, reason_sentences
from benchmarks.report.parts import Finding, Paragraph, Part

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
        text=f"The same program: {names} pass all {len(reached_rungs(report))} rungs of the parity "
        f"ladder in {report.dtype}, over {plural(report.experiment.num_epochs, 'epoch')}.{apart}",
        outcome="good",
        key=KEY,
    )


def parity_parts(report: ParityReport, key: str) -> Iterator[Part]:
    """The table, where two part, and the reasons for the tolerances."""
    yield Paragraph(
        text=f"Largest absolute differences in {report.dtype}, rung by rung, from the parameters "
        "to the predictions after the last step; the ladder stops where one exceeds its tolerance."
    )
    for sentence in parting_sentences(report.rungs):
        yield Paragraph(text=sentence, tone="bad")
    yield parity_table(report, f"{key}-table")
    yield table_of(
        f"{key}-reasons",
        "Why these tolerances",
        ("rung", "reason"),
        [tuple(sentence.split(": ", 1)) for sentence in reason_sentences(report.rungs)],
        is_hidden=True,
        is_text=True,
    )
