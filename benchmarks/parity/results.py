"""What `twins parity` finds: typed records, and their one file, `parity.json`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby
from typing import Literal

from benchmarks.runner.records import Record, check
from parity.compare import RungComparison


@dataclass(frozen=True, kw_only=True)
class ParityReport(Record):
    """A climb of the ladder: every rung reached, for every pair.

    until: the rung at which the climb was asked to end; None for the last there is.
    not_reached: rungs beyond that, or that a run of so few epochs does not have.
    devices: what each implementation ran on, by its name.
    """

    study: Literal["parity"] = "parity"
    dtype: str
    passed: bool
    rungs: tuple[RungComparison, ...]
    until: str | None = None
    not_reached: tuple[str, ...] = ()
    devices: dict[str, str]

    def ran_on(self) -> dict[str, str]:
        """As in `Record.ran_on`."""
        return self.devices

    def __post_init__(self) -> None:
        places = [(rung.name, rung.pair) for rung in self.rungs]
        check(bool(places) and len(set(places)) == len(places), "no rung, or one twice")


def side_by_side(results: Sequence[RungComparison]) -> tuple[RungComparison, ...]:
    """The same with the difference of one tensor for all pairs of a rung, whose tolerance is one.

    It is the tensor that comes nearest to its tolerance, or is farthest beyond it, in any pair.
    """
    return tuple(
        chain.from_iterable(_of_one_tensor(list(pairs)) for _, pairs in groupby(results, _name_of))
    )


def _name_of(result: RungComparison) -> str:
    return result.name


def _of_one_tensor(results: list[RungComparison]) -> Iterator[RungComparison]:
    tensors = [tensor for result in results for tensor in result.tensors]
    worst = max(tensors, key=lambda tensor: tensor.excess, default=None)
    for result in results:
        (same, *_) = [each for each in result.tensors if worst and each.name == worst.name] or [
            None
        ]
        # A pair that fails elsewhere keeps what it fails by.
        if same is not None and same.passed == result.passed:
            yield replace(result, difference=same.difference, tolerance=same.tolerance)
        else:
            yield result
