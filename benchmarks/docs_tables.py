"""The tables of README and docs, written from the results: `python -m benchmarks.docs_tables`.

A figure in a document is thereby a figure in `benchmarks/results/`; a test
compares the two.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.defaults.results import DefaultsResults
from benchmarks.defaults.table import accuracy_text
from benchmarks.drift.results import Drift
from benchmarks.implementations import title_of
from benchmarks.parity.results import ParityReport
from benchmarks.run.results import Comparison, Results
from benchmarks.runner.records import read_json
from benchmarks.seeds.results import SweepResults
from benchmarks.speed.results import SpeedResults
from benchmarks.speed.table import COLUMNS, limit_cells, rung_cells

RESULTS = Path(__file__).parent / "results"
ROOT = Path(__file__).parent.parent
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
PERCENT = 100


def run_rows(results: Results) -> Iterator[tuple[str, ...]]:
    """Documented figures beside what each implementation reached."""
    yield ("figure", "documented", *(title_of(name) for name in results.runs))
    for comparison in results.documented:
        measured = (_value(comparison.measured[name]) for name in results.runs)
        yield (comparison.name, _documented(comparison), *measured)


def parity_rows(report: ParityReport) -> Iterator[tuple[str, ...]]:
    """Each rung's difference for each pair, and its tolerance."""
    pairs = list(dict.fromkeys(result.pair for result in report.rungs))
    yield ("rung", *("–".join(map(title_of, pair)) for pair in pairs), "tolerance")
    for name in dict.fromkeys(result.name for result in report.rungs):
        rung = [result for result in report.rungs if result.name == name]
        differences = (f"{result.difference:.1e}" for result in rung)
        yield (name, *differences, f"{rung[0].tolerance:.0e}")


def band_rows(drift: Drift) -> Iterator[tuple[str, ...]]:
    """The band of each documented figure over runs from other last bits."""
    yield ("figure", "documented", "lowest", "highest", "documented value")
    for band in drift.bands:
        numbers = (band.documented, band.lowest, band.highest)
        where = "inside" if band.holds_documented else "outside"
        yield (band.name, *map(_value, numbers), where)


def seeds_rows(results: SweepResults) -> Iterator[tuple[str, ...]]:
    """Test accuracy over seeds, and whether the two are equivalent."""
    yield ("test accuracy", "mean", "95 % interval of the mean", "sd")
    for name, summary in results.statistics.test_accuracy.items():
        interval = f"{summary.mean_low:.2%} to {summary.mean_high:.2%}"
        deviation = f"{PERCENT * summary.standard_deviation:.2f} pp"
        yield (title_of(name), f"{summary.mean:.2%}", interval, deviation)
    for pair in results.statistics.equivalence:
        for equivalence in (pair.paired, pair.unpaired):
            name = f"{title_of(pair.other)} − {title_of(pair.reference)}, {equivalence.design}"
            interval = (
                f"{PERCENT * equivalence.low:+.3f} to {PERCENT * equivalence.high:+.3f} pp (90 %)"
            )
            mean = f"{PERCENT * equivalence.difference:+.3f} pp"
            yield (name, mean, interval, f"{equivalence.verdict}, p = {equivalence.p:.2g}")


def defaults_rows(results: DefaultsResults) -> Iterator[tuple[str, ...]]:
    """What each default costs in parity and in accuracy."""
    yield ("port", "final weights differ by", "predictions differ", "test accuracy")
    for index, rung in enumerate(results.rungs):
        weights = f"{rung.parity.final_weights:.2g}"
        predictions = f"{rung.parity.predictions} of {results.dataset.num_test:,}"
        yield (f"{index} {rung.name}", weights, predictions, accuracy_text(rung))


def speed_rows(results: SpeedResults) -> Iterator[tuple[str, ...]]:
    """Each rung's epoch, against the first one and against the limits."""
    yield ("rung", *COLUMNS)
    for rung in results.rungs:
        yield (f"{rung.framework}: {rung.idea}", *rung_cells(rung, results.rungs[0]))
    for name, cells in limit_cells(results):
        yield (f"*limit, {name}*", *cells)


def markdown(rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table; the first row is its head, the first column aligned to the left."""
    head, *body = rows
    rule = ("---", *("--:" for _ in head[1:]))
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *body))


def docs_tables() -> tuple[str, ...]:
    """All tables."""
    return (
        markdown(run_rows(read_json(RESULTS / "run.json", Results))),
        markdown(parity_rows(read_json(RESULTS / "parity-float64.json", ParityReport))),
        markdown(band_rows(read_json(RESULTS / "drift.json", Drift))),
        markdown(seeds_rows(read_json(RESULTS / "seeds.json", SweepResults))),
        markdown(defaults_rows(read_json(RESULTS / "defaults.json", DefaultsResults))),
        markdown(speed_rows(read_json(RESULTS / "speed.json", SpeedResults))),
    )


def with_tables(document: str) -> str:
    """A document in Markdown with each table that starts as one of these do in its new form."""
    for table in docs_tables():
        head = re.escape(table.partition("\n")[0])
        document = re.sub(rf"{head}\n(?:\|.*\n?)+", lambda _, table=table: f"{table}\n", document)
    return document


def _documented(comparison: Comparison) -> str:
    if comparison.tolerance is None:
        return _value(comparison.documented)
    return f"{_value(comparison.documented)} ± {comparison.tolerance:.3f}"


def _value(value: float | tuple[int, ...] | None) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "–" if value is None else f"{value:.4f}"


if __name__ == "__main__":
    for path in DOCUMENTS:
        path.write_text(with_tables(path.read_text()))
