"""The tables at the end of a sweep: means, equivalence, and where the documented figures lie."""

from rich.table import Table

from benchmarks.implementations import title_of
from benchmarks.seeds.results import DocumentedPosition, SweepResults
from benchmarks.seeds.statistics import Equivalence, Summary

PERCENT = 100
MARKS = {"equivalent": "[green]✓ equivalent[/]", "not shown": "[yellow]not shown[/]"}


def accuracy_table(results: SweepResults) -> Table:
    """One row an implementation; per cent."""
    table = _table(
        f"test accuracy over {len(results.seeds)} seeds, {results.dataset.name}, "
        f"{results.experiment.num_epochs} epochs, randomness {results.experiment.randomness}",
        "",
        ("mean", "its 95 % interval", "sd", "lowest", "highest"),
    )
    for name, summary in results.statistics.test_accuracy.items():
        table.add_row(title_of(name), *_accuracy_cells(summary))
    return table


def _accuracy_cells(summary: Summary) -> tuple[str, ...]:
    return (
        f"{summary.mean:.2%}",
        f"{summary.mean_low:.2%} to {summary.mean_high:.2%}",
        f"{PERCENT * summary.standard_deviation:.2f} pp",
        f"{summary.minimum:.2%}",
        f"{summary.maximum:.2%}",
    )


def equivalence_table(results: SweepResults) -> Table:
    """Two rows for each implementation but the reference; percentage points."""
    first = results.statistics.equivalence[0].paired
    table = _table(
        f"equally accurate within ±{PERCENT * first.margin:.1f} percentage points (pp)? "
        f"two one-sided tests, alpha {first.alpha}",
        "difference",
        ("mean", "90 % interval", "p", "verdict"),
    )
    for pair in results.statistics.equivalence:
        difference = f"{title_of(pair.other)} − {title_of(pair.reference)}"
        table.add_row(f"{difference}, paired by seed", *_equivalence_cells(pair.paired))
        table.add_row(f"{difference}, unpaired", *_equivalence_cells(pair.unpaired))
    return table


def _equivalence_cells(equivalence: Equivalence) -> tuple[str, ...]:
    return (
        f"{PERCENT * equivalence.difference:+.3f} pp",
        f"{PERCENT * equivalence.low:+.3f} to {PERCENT * equivalence.high:+.3f} pp",
        f"{equivalence.p:.2g}",
        MARKS[equivalence.verdict],
    )


def documented_table(results: SweepResults) -> Table:
    """One row for each documented figure and implementation; shares, as they are documented."""
    table = _table(
        "where the documented figures lie among the seeds",
        "figure",
        ("documented", "", "mean ± sd", "lowest", "highest", "z", "percentile"),
    )
    positions = results.statistics.documented
    for figure in dict.fromkeys(each.figure for each in positions):
        row = [each for each in positions if each.figure == figure]
        table.add_row(figure, f"{row[0].documented:.4f}", *_position_cells(row[0]))
        for each in row[1:]:
            table.add_row("", "", *_position_cells(each))
    return table


def _position_cells(located: DocumentedPosition) -> tuple[str, ...]:
    sample, position = located.sample, located.position
    return (
        title_of(located.implementation),
        f"{sample.mean:.4f} ± {sample.standard_deviation:.4f}",
        f"{sample.minimum:.4f}",
        f"{sample.maximum:.4f}",
        "–" if position.z is None else f"{position.z:+.1f}",
        f"{position.percentile:.0f}",
    )


def _table(title: str, first_column: str, columns: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(first_column)
    for column in columns:
        table.add_column(column, justify="right")
    return table
