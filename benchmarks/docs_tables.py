"""The tables of README and docs, written from the results: `python -m benchmarks.docs_tables`.

A figure in a document is thereby a figure in `benchmarks/results/`; a test
compares the two.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.defaults import show as defaults
from benchmarks.defaults.results import DefaultsResults
from benchmarks.display.tables import Table, to_markdown
from benchmarks.drift.results import Drift
from benchmarks.drift.show import band_table
from benchmarks.mutants import show as mutants
from benchmarks.mutants.results import MutantResults
from benchmarks.parity.results import ParityReport
from benchmarks.parity.show import parity_table
from benchmarks.run.results import Results
from benchmarks.run.show import documented_table
from benchmarks.runner.records import read_json
from benchmarks.seeds import show as seeds
from benchmarks.seeds.results import SweepResults
from benchmarks.speed.results import SpeedResults
from benchmarks.speed.show import ladder_table

RESULTS = Path(__file__).parent / "results"
ROOT = Path(__file__).parent.parent
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))


def docs_tables() -> tuple[str, ...]:
    """All tables, as Markdown."""
    return tuple(map(to_markdown, measured_tables()))


def with_tables(document: str) -> str:
    """A document in Markdown with each table that starts as one of these do in its new form."""
    for table in docs_tables():
        head = re.escape(table.partition("\n")[0])
        document = re.sub(rf"{head}\n(?:\|.*\n?)+", lambda _, table=table: f"{table}\n", document)
    return document


def measured_tables() -> Iterator[Table]:
    """Every table of the documents, from the committed results."""
    yield documented_table(read_json(RESULTS / "run.json", Results))
    yield parity_table(read_json(RESULTS / "parity-float64.json", ParityReport))
    yield band_table(read_json(RESULTS / "drift.json", Drift))
    sweep = read_json(RESULTS / "seeds.json", SweepResults)
    yield seeds.accuracy_table(sweep)
    yield seeds.equivalence_table(sweep)
    ladder = read_json(RESULTS / "defaults.json", DefaultsResults)
    yield defaults.parity_table(ladder)
    yield defaults.accuracy_table(ladder)
    yield ladder_table(read_json(RESULTS / "speed.json", SpeedResults))
    climbs = read_json(RESULTS / "mutants.json", MutantResults)
    yield mutants.example_table(climbs)
    yield mutants.rung_table(climbs)
    yield mutants.elsewhere_table(climbs)


if __name__ == "__main__":
    for path in DOCUMENTS:
        path.write_text(with_tables(path.read_text()))
