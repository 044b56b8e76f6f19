"""What defaults cost: ports that keep fewer and fewer of them."""

from collections.abc import Iterator

from benchmarks.defaults.results import DefaultsResults
from benchmarks.defaults.table import accuracy_table, changes_table, parity_table
from benchmarks.implementations import title_of
from benchmarks.report.parts import Finding, Paragraph, Part

KEY = "defaults"


def defaults_finding(results: DefaultsResults) -> Finding:
    """What a port with every default still in place costs."""
    first = results.rungs[0]
    return Finding(
        text=f"A {title_of(results.implementation)} port with every default left in place "
        f"classifies {first.parity.predictions:,} of {results.dataset.num_test:,} test images "
        "otherwise than the reference port.",
        outcome="plain",
        key=KEY,
    )


def defaults_parts(results: DefaultsResults, key: str) -> Iterator[Part]:
    """A row for each port, and what each gives up."""
    yield Paragraph(
        text="From a port that leaves every default in place, one is given up at a time, until "
        f"the port is the reference. Accuracies are of {len(results.seeds)} seeds."
    )
    yield accuracy_table(results, f"{key}-table")
    yield parity_table(results, f"{key}-parity")
    yield changes_table(results, f"{key}-changes")
