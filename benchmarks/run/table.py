"""The table at the end of a run: documented figures beside what each implementation reached."""

from rich.table import Table

from benchmarks.implementations import title_of
from benchmarks.run.results import Comparison, Results

MARKS = {"met": "[green]✓[/]", "missed": "[red]✗[/]", "not applicable": ""}


def run_table(results: Results) -> Table:
    """One row a figure, one column an implementation; ✓ within the tolerance, ✗ beyond it."""
    table = Table(title=_title(results), title_justify="left", title_style="bold")
    table.add_column("figure")
    table.add_column("documented", justify="right")
    for name in results.runs:
        table.add_column(title_of(name), justify="right")
    for comparison in results.documented:
        table.add_row(
            comparison.name,
            _documented(comparison),
            *(_measured(comparison, name) for name in results.runs),
        )
    seconds = [f"{sum(run.seconds.epochs):.1f} s" for run in results.runs.values()]
    table.add_row("training time, all epochs", "", *seconds)
    return table


def _title(results: Results) -> str:
    experiment = results.experiment
    sizes = "→".join(map(str, (784, *experiment.hidden_sizes, 10)))
    return (
        f"{results.dataset.name}, {sizes}, {experiment.num_epochs} epochs, {experiment.dtype}, "
        f"randomness {experiment.randomness}, seed {experiment.seed}"
    )


def _documented(comparison: Comparison) -> str:
    if comparison.tolerance is None:
        return _text(comparison.documented)
    return f"{_text(comparison.documented)} ± {comparison.tolerance:.3f}"


def _measured(comparison: Comparison, name: str) -> str:
    mark = MARKS[comparison.verdicts[name]]
    return f"{_text(comparison.measured[name])} {mark}".rstrip()


def _text(value: float | tuple[int, ...] | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:.4f}"
