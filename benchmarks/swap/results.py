"""What `twins swap` finds: typed records, and their one file, `swap.json`."""

from dataclasses import dataclass
from typing import Literal

from benchmarks.runner.records import Record, check


@dataclass(frozen=True, kw_only=True)
class SwapResult:
    """Weights trained in one implementation, evaluated at home and in another."""

    trained_in: str
    evaluated_in: str
    home_loss: float
    loss: float
    num_differing_predictions: int
    passed: bool


@dataclass(frozen=True, kw_only=True)
class SwapReport(Record):
    """All exchanges."""

    study: Literal["swap"] = "swap"
    dtype: str
    passed: bool
    swaps: tuple[SwapResult, ...]

    def __post_init__(self) -> None:
        check(bool(self.swaps), "no weights were exchanged")
