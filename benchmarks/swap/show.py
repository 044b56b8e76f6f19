"""What `twins swap` says: whether exchanged weights change an answer, and a row an exchange."""

from collections.abc import Iterator

from benchmarks.display.parts import Finding, Paragraph, Part
from benchmarks.display.tables import Cell, Table
from benchmarks.implementations import title_of
from benchmarks.swap.results import SwapReport, SwapResult

TITLE = "Weight swap"


def findings(report: SwapReport) -> Iterator[Finding]:
    """Whether foreign weights give the same answers."""
    apart = max(abs(swap.loss - swap.home_loss) for swap in report.swaps)
    if report.passed:
        yield Finding(
            text="The same function: exchanged weights give the same prediction for every test "
            f"image, and losses within {apart:.1e}.",
            outcome="good",
        )
    else:
        yield Finding(
            text="Not the same function: exchanged weights change predictions, or losses by "
            f"{apart:.1e}.",
            outcome="bad",
        )


def parts(report: SwapReport) -> Iterator[Part]:
    """The table: one row an exchange."""
    yield Paragraph(text="Trained weights, evaluated on the test images in the other framework.")
    yield Table(
        "swap",
        f"Weight swap, {report.dtype}",
        (
            *("trained in", "evaluated in", "loss at home", "loss there", "difference"),
            "predictions that differ",
        ),
        [_row(swap, report.dataset.num_test) for swap in report.swaps],
    )


def _row(swap: SwapResult, num_test: int) -> tuple[str | Cell, ...]:
    differing = Cell(
        text=f"{swap.num_differing_predictions:,} of {num_test:,}",
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
