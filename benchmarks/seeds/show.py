"""What a sweep says: means, equivalence, and where the documented figures lie among the seeds."""

from collections.abc import Iterator

from benchmarks.display.parts import Chart, Finding, Notes, Paragraph, Part
from benchmarks.display.tables import NO_VALUE, Cell, Table, table_of
from benchmarks.implementations import title_of
from benchmarks.seeds.figure import draw_seeds
from benchmarks.seeds.results import DocumentedPosition, SweepResults
from benchmarks.seeds.statistics import Equivalence, Summary

TITLE = "Many seeds"

PERCENT = 100


def accuracy_table(results: SweepResults) -> Table:
    """One row an implementation; per cent."""
    return table_of(
        "accuracy",
        f"Test accuracy over {len(results.seeds)} seeds, {results.dataset.name}, "
        f"{results.experiment.num_epochs} epochs, randomness {results.experiment.randomness}",
        ("test accuracy", "mean", "95 % interval of the mean", "sd", "lowest", "highest"),
        [
            (title_of(name), *_accuracy_cells(summary))
            for name, summary in results.statistics.test_accuracy.items()
        ],
    )


def equivalence_table(results: SweepResults) -> Table:
    """Two rows for each implementation but the reference; percentage points."""
    first = results.statistics.equivalence[0].paired
    rows = []
    for pair in results.statistics.equivalence:
        difference = f"{title_of(pair.other)} − {title_of(pair.reference)}"
        rows.append((f"{difference}, paired by seed", *_equivalence_cells(pair.paired)))
        rows.append((f"{difference}, unpaired", *_equivalence_cells(pair.unpaired)))
    return table_of(
        "equivalence",
        f"Equally accurate within ±{PERCENT * first.margin:.1f} percentage points (pp)? "
        f"Two one-sided tests, alpha {first.alpha}",
        ("difference", "mean", "90 % interval", "p", "verdict"),
        rows,
    )


def documented_table(results: SweepResults) -> Table:
    """One row for each documented figure and implementation; shares, as they are documented."""
    return table_of(
        "documented",
        "Where the documented figures lie among the seeds",
        ("figure", "documented", "seeds of", "mean ± sd", "z", "per cent below"),
        [
            (each.figure, f"{each.documented:.4f}", *_position_cells(each))
            for each in results.statistics.documented
        ],
    )


def values_table(results: SweepResults) -> Table:
    """One row a seed."""
    names = tuple(results.statistics.test_accuracy)
    columns = ([f"{each.test.accuracy:.4f}" for each in results.of(name)] for name in names)
    return table_of(
        "values",
        "Test accuracy, seed by seed",
        ("seed", *map(title_of, names)),
        zip(map(str, results.seeds), *columns, strict=True),
        is_hidden=True,
    )


def _accuracy_cells(summary: Summary) -> tuple[str, ...]:
    return (
        f"{summary.mean:.2%}",
        f"{summary.mean_low:.2%} to {summary.mean_high:.2%}",
        f"{PERCENT * summary.standard_deviation:.2f} pp",
        f"{summary.minimum:.2%}",
        f"{summary.maximum:.2%}",
    )


def _equivalence_cells(equivalence: Equivalence) -> tuple[str | Cell, ...]:
    is_equivalent = equivalence.verdict == "equivalent"
    return (
        f"{PERCENT * equivalence.difference:+.3f} pp",
        f"{PERCENT * equivalence.low:+.3f} to {PERCENT * equivalence.high:+.3f}",
        f"{equivalence.p:.2g}",
        Cell(text=equivalence.verdict, outcome="good" if is_equivalent else "plain"),
    )


def _position_cells(located: DocumentedPosition) -> tuple[str, ...]:
    sample, position = located.sample, located.position
    return (
        title_of(located.implementation),
        f"{sample.mean:.4f} ± {sample.standard_deviation:.4f}",
        NO_VALUE if position.z is None else f"{position.z:+.1f}",
        f"{position.percentile:.0f}",
    )


def findings(results: SweepResults) -> Iterator[Finding]:
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
            yield Finding(text=text, outcome="good")
        else:
            text = (
                f"Equal accuracy not shown: over {paired.num_seeds} seeds {names} are {apart} "
                f"apart, too uncertain for a margin of {margin} (paired, p = {paired.p:.1g})."
            )
            yield Finding(text=text)


def parts(results: SweepResults) -> Iterator[Part]:
    """Every seed's accuracy, the differences with their margin, and the statistics."""
    yield Paragraph(
        text=f"Each implementation trained on the same {len(results.seeds)} seeds, "
        f"{results.experiment.num_epochs} epochs each. Which seed one draws is a matter of chance; "
        "whether the framework matters is asked of the differences."
    )
    yield Chart(
        key="seeds",
        title="Test accuracy of every seed, and the differences with their margin",
        description="A dot for each seed, means with their intervals; the tables hold the numbers.",
        figure=draw_seeds(results),
    )
    yield accuracy_table(results)
    if results.statistics.equivalence:
        yield equivalence_table(results)
    if results.statistics.documented:
        yield documented_table(results)
    else:
        reason = results.statistics.why_not_applicable
        yield Notes(items=(f"documented figures: not applicable, {reason}",))
    yield values_table(results)
