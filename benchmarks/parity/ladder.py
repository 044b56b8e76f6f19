"""The ladder: compares what implementations computed, rung by rung, and stops at the first gap."""

from collections.abc import Collection, Iterable, Iterator
from itertools import combinations, zip_longest

import numpy as np
from numpy.typing import NDArray

from benchmarks.implementations import title_of
from benchmarks.parity.evidence import RungEvidence, Tensor
from benchmarks.parity.results import Parting, RungComparison
from benchmarks.parity.rungs import RUN_PREDICTIONS, RUNGS
from shared.experiment import DType

NOTHING = Tensor("nothing", np.zeros(0))
"""What stands opposite a tensor that the other implementation does not have."""


def climb(
    reports: Iterable[tuple[str, RungEvidence]], names: tuple[str, ...], dtype: DType
) -> Iterator[RungComparison]:
    """Yields each rung's result for each pair of `names`, as soon as all have reported it.

    Ends after the first rung on which a pair fails; with it, all pairs are shown.
    `reports` has evidence with its implementation's name: those of one implementation
    in the order of RUNGS, those of different ones in any order.
    """
    waiting: dict[str, list[RungEvidence]] = {name: [] for name in names}
    for name, evidence in reports:
        waiting[name].append(evidence)
        while all(waiting.values()):
            current = {name: waiting[name].pop(0) for name in names}
            results = [
                compare(current[left], current[right], (left, right), dtype)
                for left, right in combinations(names, 2)
            ]
            yield from results
            if not all(result.passed for result in results):
                return


def passed_whole_ladder(results: Collection[RungComparison]) -> bool:
    """Whether every rung was reached and none failed."""
    reached = {result.name for result in results}
    return reached == {rung.name for rung in RUNGS} and all(result.passed for result in results)


def compare(
    left: RungEvidence, right: RungEvidence, pair: tuple[str, str], dtype: DType
) -> RungComparison:
    """Compares two implementations on one rung."""
    tolerance = left.rung.tolerance(dtype)
    largest, parting = 0.0, None
    for one, other in zip_longest(left.tensors, right.tensors, fillvalue=NOTHING):
        differences = _differences(one, other)
        # Classes have no distance: count them.
        is_counted = left.rung == RUN_PREDICTIONS and np.isfinite(differences).all()
        size = np.count_nonzero(differences) if is_counted else differences.max(initial=0.0)
        largest = max(largest, float(size))
        if parting is None and size > tolerance:
            parting = _parting(left.num_steps, one, other, differences, tolerance)
    passed = largest <= tolerance
    notes = [
        f"{title_of(name)}: {evidence.note}"
        for name, evidence in zip(pair, (left, right), strict=True)
        if evidence.note and not passed
    ]
    return RungComparison(
        name=left.rung.name,
        pair=pair,
        difference=largest if np.isfinite(largest) else None,
        tolerance=tolerance,
        passed=passed,
        parting=parting,
        notes=tuple(notes),
    )


def _differences(one: Tensor, other: Tensor) -> NDArray[np.float64]:
    """Absolute differences in float64; infinite where one value is no number, or all are apart."""
    if one.name != other.name or one.values.shape != other.values.shape:
        return np.array(np.inf)
    with np.errstate(invalid="ignore"):  # infinity less infinity is no number, and found below
        differences = np.abs(one.values.astype(np.float64) - other.values.astype(np.float64))
    return np.nan_to_num(differences, nan=np.inf, posinf=np.inf)


def _parting(
    num_steps: int | None,
    one: Tensor,
    other: Tensor,
    differences: NDArray[np.float64],
    tolerance: float,
) -> Parting:
    """The first step beyond the tolerance; elsewhere, where the difference is largest."""
    place: tuple[int, ...] = ()
    texts = [f"{tensor.name}, shape {tensor.values.shape}" for tensor in (one, other)]
    if one.name == other.name and one.values.shape == other.values.shape:
        flat = np.argmax(differences > tolerance if one.is_by_step else differences)
        place = tuple(map(int, np.unravel_index(flat, differences.shape)))
        texts = [repr(tensor.values[place].item()) for tensor in (one, other)]
    return Parting(
        step=place[0] + 1 if one.is_by_step and place else num_steps,
        layer=one.name.partition("/")[0] if "/" in one.name else "",
        tensor=one.name,
        index=() if one.is_by_step else place,
        left=texts[0],
        right=texts[1],
    )
