"""Exchanged weights: what one implementation trained, evaluated in another."""

from collections.abc import Iterator

from benchmarks.report.parts import Finding, Paragraph, Part
from benchmarks.swap.results import SwapReport
from benchmarks.swap.table import swap_table

KEY = "swap"


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
    yield swap_table(report, f"{key}-table")
