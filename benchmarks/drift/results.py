"""Drift: how far trainings of one network move apart, as records, and the rule of the floor.

Two programs that compute the same thing round differently, and each step of
training builds on the last. In float64 the rounding stays invisible; in float32
it grows until the two end up at different, equally good weights. Whether a
difference between two frameworks is more than that is asked of the *noise floor*:
how far one framework moves from itself when only its rounding is disturbed.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.implementations import title_of
from benchmarks.runner.records import Record, check
from shared.experiment import DType

Quantity = Literal["max_difference", "rms_difference", "disagreeing"]
Kind = Literal["across", "last bit", "row order", "one core"]
"""What differs between the two trainings of a curve.

across: the framework, and nothing else.
last bit: each initial weight moved to the next number above or below it.
row order: the rows inside each batch reversed, so that sums run in another order.
one core: the number of processor cores, hence how work is cut up between threads.
"""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """How far two trainings were apart, snapshot by snapshot.

    pair: the two implementations; twice the same for one with itself.
    steps: done at each snapshot, rising, (K,).
    max_difference, rms_difference: largest, and root mean square, of all weights and biases, (K,).
    disagreeing: test images that the two classify differently, (K,).
    """

    pair: tuple[str, str]
    kind: Kind
    dtype: DType
    steps: tuple[int, ...]
    max_difference: tuple[float, ...]
    rms_difference: tuple[float, ...]
    disagreeing: tuple[int, ...]

    def __post_init__(self) -> None:
        columns = (self.steps, self.max_difference, self.rms_difference, self.disagreeing)
        check(bool(self.steps) and len(set(map(len, columns))) == 1, "columns differ in length")
        rises = self.steps == tuple(sorted(set(self.steps))) and self.steps[0] > 0
        check(rises and min(map(min, columns)) >= 0, "steps do not rise, or a value is below 0")

    def values(self, quantity: Quantity) -> NDArray[np.float64]:
        """The quantity as an array, (K,)."""
        return np.array(getattr(self, quantity), np.float64)


@dataclass(frozen=True, kw_only=True)
class Band:
    """A documented figure beside the same figure of runs that differ in rounding only.

    applicable: whether these runs are of the experiment that the figure documents.
    values: the figure in each run.
    """

    name: str
    documented: float
    applicable: bool
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        check(len(self.values) > 1, "a band needs two runs")

    @property
    def holds_documented(self) -> bool | None:
        """Whether the documented value lies between the lowest and the highest run.

        The runs are rounded to four decimals, as the documented value was when it was printed:
        the share of 4,117 rows in 5,000 is .8234, but 0.82339996 in float32.
        """
        if not self.applicable:
            return None
        rounded = [round(value, 4) for value in self.values]
        return min(rounded) <= self.documented <= max(rounded)


@dataclass(frozen=True, kw_only=True)
class Drift(Record):
    """All that `twins drift` measured; `band_implementation` is None where there are no bands."""

    study: Literal["drift"] = "drift"
    curves: tuple[Curve, ...]
    band_implementation: str | None
    bands: tuple[Band, ...]

    def __post_init__(self) -> None:
        check(len({curve.steps for curve in self.curves}) == 1, "curves of other steps, or none")
        check(len({len(band.values) for band in self.bands}) < 2, "bands of other numbers of runs")
        check(bool(self.bands) == bool(self.band_implementation), "bands are of an implementation")

    @property
    def runs(self) -> str:
        """What the bands are made of: `16 runs of JAX`."""
        return f"{len(self.bands[0].values)} runs of {title_of(self.band_implementation or '')}"

    @property
    def across(self) -> tuple[Curve, ...]:
        """The curves between different implementations, those in float64 first."""
        across = (curve for curve in self.curves if curve.kind == "across")
        return tuple(sorted(across, key=lambda curve: curve.dtype, reverse=True))

    @property
    def floor(self) -> tuple[Curve, ...]:
        """The curves of implementations with themselves."""
        return tuple(curve for curve in self.curves if curve.kind != "across")

    def floor_of(self, across: Curve) -> tuple[Curve, ...]:
        """The curves of each of the pair's implementations with itself, in the same type."""
        return tuple(c for c in self.floor if c.dtype == across.dtype and c.pair[0] in across.pair)


def num_within_floor(across: Curve, floor: tuple[Curve, ...], quantity: Quantity) -> int:
    """The number of snapshots at which `across` is at most the largest curve of the floor.

    Each curve is a single draw of a chaotic process, and so is the floor: a few snapshots
    beyond it are no proof of a difference, nor are all within it one of none.
    """
    highest = np.max([curve.values(quantity) for curve in floor], axis=0)
    return int(np.sum(across.values(quantity) <= highest))
