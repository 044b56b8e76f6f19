"""What `twins parity` finds: typed records, and their one file, `parity.json`."""

from dataclasses import dataclass
from typing import Literal

from benchmarks.runner.records import Record, check


@dataclass(frozen=True, kw_only=True)
class Parting:
    """Where two implementations part first.

    step: counted from 1; None before any training.
    tensor: `hidden_1/kernel` for instance; `layer` is its first half where it has one.
    index: of the number in its tensor; empty for a single number.
    left, right: both values, or both shapes where these differ.
    """

    step: int | None
    layer: str
    tensor: str
    index: tuple[int, ...]
    left: str
    right: str


@dataclass(frozen=True, kw_only=True)
class RungComparison:
    """One rung, compared for one pair.

    difference: the largest absolute difference; None, beyond every tolerance, where shapes
        or names differ or a value is no number. On the last rung, a number of rows.
    """

    name: str
    pair: tuple[str, str]
    difference: float | None
    tolerance: float
    passed: bool
    parting: Parting | None
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ParityReport(Record):
    """A climb of the ladder: every rung reached, for every pair.

    devices: what each implementation ran on, by its name.
    """

    study: Literal["parity"] = "parity"
    dtype: str
    passed: bool
    rungs: tuple[RungComparison, ...]
    devices: dict[str, str]

    def ran_on(self) -> dict[str, str]:
        """As in `Record.ran_on`."""
        return self.devices

    def __post_init__(self) -> None:
        places = [(rung.name, rung.pair) for rung in self.rungs]
        check(bool(places) and len(set(places)) == len(places), "no rung, or one twice")
