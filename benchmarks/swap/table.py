"""What `twins swap` says: a row for each exchange."""

from benchmarks.display.tables import Cell, Table, table_of
from benchmarks.implementations import title_of
from benchmarks.swap.results import SwapReport, SwapResult


def swap_table(report: SwapReport, key: str = "swap") -> Table:
    """One row an exchange."""
    return table_of(
        key,
        f"Weight swap, {report.dtype}",
        (
            *("trained in", "evaluated in", "loss at home", "loss there", "difference"),
            "predictions that differ",
        ),
        map(_row, report.swaps),
    )


def _row(swap: SwapResult) -> tuple[str | Cell, ...]:
    differing = Cell(
        text=f"{swap.num_differing_predictions:,} of 10,000",
        outcome="good" if swap.passed else "bad",
        verdict="passed" if swap.passed else "failed",
    )
    return (
        title_of(swap.trained_in),
        title_of(swap.evaluated_in),
        f"{swap.home_loss:.6f}",
        f"{swap.loss:.6f}",
        f"{abs(swap.loss - swap.home_loss):.1e}",
        differing,
    )
