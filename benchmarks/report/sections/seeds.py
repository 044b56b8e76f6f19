"""Many seeds: the accuracies of each implementation, and whether they are equally good."""

from collections.abc import Iterator

from benchmarks.display.words import colour
from benchmarks.implementations import title_of
from benchmarks.pages.row_chart import ChartRow, LimitLine, RowChart
from benchmarks.pages.scales import linear_scale
from benchmarks.report.parts import Finding, Paragraph, Part
from benchmarks.seeds.analysis import accuracies_of, documented_test_accuracy
from benchmarks.seeds.results import PairOfImplementations, SweepResults
from benchmarks.seeds.statistics import Equivalence
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
    yield _accuracy_chart(results, key)
    if results.statistics.equivalence:
        yield _difference_chart(results, key)
    yield accuracy_table(results, f"{key}-table")
    if results.statistics.equivalence:
        yield equivalence_table(results, f"{key}-equivalence")
    if results.statistics.documented:
        yield documented_table(results, f"{key}-documented")
    yield values_table(results, f"{key}-values")


def _accuracy_chart(results: SweepResults, key: str) -> RowChart:
    rows = tuple(_accuracy_row(results, name, i) for i, name in enumerate(_names(results)))
    documented = documented_test_accuracy(results.experiment, results.dataset.name)
    limits = () if documented is None else (_documented_limit(PERCENT * documented),)
    places = [point for row in rows for point in row.points] + [each.value for each in limits]
    return RowChart(
        key=f"{key}-accuracy",
        title="Test accuracy of every seed",
        description="A dot for each seed, with the mean and its 95 % interval.",
        scale=linear_scale(places, "test accuracy, per cent"),
        rows=rows,
        marks=(("point", "a seed"), ("middle", "mean"), ("interval", "its 95 % interval")),
        limits=limits,
    )


def _accuracy_row(results: SweepResults, name: str, index: int) -> ChartRow:
    summary = results.statistics.test_accuracy[name]
    return ChartRow(
        label=title_of(name),
        value=f"{summary.mean:.2%}",
        colour=colour(index),
        points=tuple(
            PERCENT * value for value in accuracies_of(results.of(name), results.dataset.num_test)
        ),
        interval=(PERCENT * summary.mean_low, PERCENT * summary.mean_high),
        middle=PERCENT * summary.mean,
    )


def _documented_limit(percent: float) -> LimitLine:
    return LimitLine(label=f"documented, {percent:.2f}", value=percent, dashes="6 3")


def _difference_chart(results: SweepResults, key: str) -> RowChart:
    pairs = results.statistics.equivalence
    rows = tuple(row for index, pair in enumerate(pairs) for row in _difference_rows(pair, index))
    margin = PERCENT * pairs[0].paired.margin
    ends = [end for row in rows if row.interval for end in row.interval]
    return RowChart(
        key=f"{key}-difference",
        title="Equal within the margin?",
        description="Differences of the mean test accuracies with their 90 % intervals.",
        scale=linear_scale([*ends, -margin, margin], "difference in percentage points"),
        rows=rows,
        marks=(("middle", "difference of the means"), ("interval", "its 90 % interval")),
        limits=(
            LimitLine(label=f"margin, ±{margin:.1f}", value=-margin, dashes="2 3"),
            LimitLine(label="", value=margin, dashes="2 3"),
        ),
    )


def _difference_rows(pair: PairOfImplementations, index: int) -> Iterator[ChartRow]:
    for equivalence in (pair.paired, pair.unpaired):
        yield ChartRow(
            label=f"{title_of(pair.other)} − {title_of(pair.reference)}, {equivalence.design}",
            value=_signed(equivalence),
            colour=colour(index + 1),
            interval=(PERCENT * equivalence.low, PERCENT * equivalence.high),
            middle=PERCENT * equivalence.difference,
        )


def _signed(equivalence: Equivalence) -> str:
    return f"{PERCENT * equivalence.difference:+.3f}".replace("-", "−")


def _names(results: SweepResults) -> list[str]:
    return list(results.statistics.test_accuracy)
