"""Many seeds: the accuracies of each implementation, and whether they are equally good."""

from collections.abc import Iterator

from benchmarks.implementations import title_of
from benchmarks.pages.chart import Chart
from benchmarks.report.parts import Finding, Paragraph, Part
from benchmarks.seeds.figure import draw_seeds
from benchmarks.seeds.results import SweepResults
from benchmarks.seeds.table import (
    PERCENT,
    accuracy_table,
    documented_table,
    equivalence_table,
    values_table,
)

KEY = "seeds"


def seeds_findings(results: SweepResults) -> Iterator[Finding]:
    """Whether each implementation is as accurate as the reference."""
    for pair in results.statistics.equivalence:
        paired = pair.paired
        names = f"{title_of(pair.other)} and {title_of(pair.reference)}"
        margin = f"±{PERCENT * paired.margin:.1f} percentage points"
        apart = f"{PERCENT * paired.difference:+.3f} points".replace("-", "−")
        if paired.verdict == "equivalent":
            text = (
                f"Equally accurate: over {paired.num_seeds} seeds {names} are {apart} apart, "
                f"equivalent within {margin} (paired, p = {paired.p:.1g})."
            )
            yield Finding(text=text, outcome="good", key=KEY)
        else:
            text = (
                f"Equal accuracy not shown: over {paired.num_seeds} seeds {names} are {apart} "
                f"apart, too uncertain for a margin of {margin} (paired, p = {paired.p:.1g})."
            )
            yield Finding(text=text, outcome="plain", key=KEY)


def seeds_parts(results: SweepResults, key: str) -> Iterator[Part]:
    """Every seed's accuracy, the differences with their margin, and the statistics."""
    yield Paragraph(
        text=f"Each implementation trained on the same {len(results.seeds)} seeds, "
        f"{results.experiment.num_epochs} epochs each. Which seed one draws is a matter of chance; "
        "whether the framework matters is asked of the differences."
    )
    yield Chart(
        key=f"{key}-chart",
        title="Test accuracy of every seed, and the differences with their margin",
        description="A dot for each seed, means with their intervals; the tables hold the numbers.",
        figure=draw_seeds(results),
    )
    yield accuracy_table(results, f"{key}-table")
    if results.statistics.equivalence:
        yield equivalence_table(results, f"{key}-equivalence")
    if results.statistics.documented:
        yield documented_table(results, f"{key}-documented")
    yield values_table(results, f"{key}-values")
