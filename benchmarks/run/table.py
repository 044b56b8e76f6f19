"""The documented figures beside what each implementation reached: one table for every reader."""

from dataclasses import replace

from benchmarks.display.tables import NO_VALUE, Cell, Outcome, Table, table_of
from benchmarks.display.words import network
from benchmarks.implementations import title_of
from benchmarks.run.results import Comparison, Results
from shared.documented import Verdict

OUTCOMES: dict[Verdict, Outcome] = {"met": "good", "missed": "bad", "not applicable": "plain"}


def documented_table(results: Results, key: str, caption: str) -> Table:
    """One row a figure, one column an implementation; ✓ within the tolerance, ✗ beyond it."""
    return table_of(
        key,
        caption,
        ("figure", "documented", *map(title_of, results.runs)),
        [
            (
                comparison.name,
                _documented(comparison),
                *(_measured(comparison, name) for name in results.runs),
            )
            for comparison in results.documented
        ],
    )


def run_table(results: Results) -> Table:
    """The same at the end of a run, with the time that each training took."""
    experiment = results.experiment
    table = documented_table(
        results,
        "documented",
        f"{results.dataset.name}, {network(experiment)}, {experiment.num_epochs} epochs, "
        f"{experiment.dtype}, randomness {experiment.randomness}, seed {experiment.seed}",
    )
    seconds = (f"{sum(run.seconds.epochs):.1f} s" for run in results.runs.values())
    return replace(table, rows=(*table.rows, ("training time, all epochs", "", *seconds)))


def figure_text(value: float | tuple[int, ...] | None) -> str:
    """A documented figure, or what was measured of it: `0.8824`, `9, 2, 1`, `–`."""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return NO_VALUE if value is None else f"{value:.4f}"


def _documented(comparison: Comparison) -> str:
    tolerance = "" if comparison.tolerance is None else f" ± {comparison.tolerance:.3f}"
    return f"{figure_text(comparison.documented)}{tolerance}"


def _measured(comparison: Comparison, name: str) -> Cell:
    verdict = comparison.verdicts[name]
    return Cell(
        text=figure_text(comparison.measured[name]), outcome=OUTCOMES[verdict], verdict=verdict
    )
