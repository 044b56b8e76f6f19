"""Exchanged weights: what one implementation trained, evaluated in another."""

from collections.abc import Iterator

from benchmarks.display.tables import Cell, table_of
from benchmarks.implementations import title_of
from benchmarks.report.parts import Finding, Paragraph, Part
from benchmarks.swap.results import SwapReport, SwapResult

KEY = "swap"
COLUMNS = ("trained in", "evaluated in", "loss at home", "loss there", "predictions that differ")


def swap_finding(report: SwapReport) -> Finding:
    """Whether foreign weights give the same answers."""
    apart = max(abs(swap.loss - swap.home_loss) for swap in report.swaps)
    if not report.passed:
        text = (
            "Not the same function: exchanged weights change predictions, or losses by "
            f"{apart:.1e}."
        )
        return Finding(text=text, outcome="bad", key=KEY)
    text = (
        "The same function: exchanged weights give the same prediction for every test image, and "
        f"losses within {apart:.1e}."
    )
    return Finding(text=text, outcome="good", key=KEY)


def swap_parts(report: SwapReport, key: str) -> Iterator[Part]:
    """A row for each exchange."""
    yield Paragraph(text="Trained weights, evaluated on the test images in the other framework.")
    yield table_of(f"{key}-table", f"Weight swap, {report.dtype}", COLUMNS, map(_row, report.swaps))


def _row(swap: SwapResult) -> tuple[str | Cell, ...]:
    differing = Cell(
        text=f"{swap.num_differing_predictions:,}",
        outcome="good" if swap.passed else "bad",
        verdict="passed" if swap.passed else "failed",
    )
    names = (title_of(swap.trained_in), title_of(swap.evaluated_in))
    return (*names, f"{swap.home_loss:.6f}", f"{swap.loss:.6f}", differing)
