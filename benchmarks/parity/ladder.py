"""The ladder: compares what implementations computed, rung by rung, and stops at the first gap."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

import numpy as np

from benchmarks.implementations import title_of
from benchmarks.parity.evidence import RungEvidence, Tensor
from benchmarks.parity.results import Parting, RungComparison
from benchmarks.parity.rungs import RUN_PREDICTIONS, RUNGS
from shared.experiment import DType


def climb(
    reports: Iterable[tuple[str, RungEvidence]], names: tuple[str, ...], dtype: DType
) -> Iterator[RungComparison]:
    """Yields each rung's result for each pair, as soon as every implementation has reported it.

    Ends after the first rung on which a pair fails; with it, all pairs are shown.

    Args:
        reports: evidence with the name of its implementation; each implementation's
            own come in the order of RUNGS, those of different ones in any order.
        names: the implementations, in the order of pairs.
        dtype: decides the tolerances.
    """
    waiting: dict[str, list[RungEvidence]] = {name: [] for name in names}
    for name, evidence in reports:
        waiting[name].append(evidence)
        while all(waiting.values()):
            current = {name: waiting[name].pop(0) for name in names}
            results = list(_compare_rung(current, dtype))
            yield from results
            if not all(result.passed for result in results):
                return


def passed_whole_ladder(results: Iterable[RungComparison]) -> bool:
    """Whether every rung was reached and none failed."""
    results = tuple(results)
    reached = {result.name for result in results}
    return reached == {rung.name for rung in RUNGS} and all(result.passed for result in results)


def _compare_rung(evidence: Mapping[str, RungEvidence], dtype: DType) -> Iterator[RungComparison]:
    for left, right in combinations(evidence, 2):
        yield compare(evidence[left], evidence[right], (left, right), dtype)


def compare(
    left: RungEvidence, right: RungEvidence, pair: tuple[str, str], dtype: DType
) -> RungComparison:
    """Compares two implementations on one rung."""
    tolerance = left.rung.tolerance(dtype)
    difference, parting = _first_parting(left, right, tolerance)
    passed = difference <= tolerance
    notes = tuple(
        f"{title_of(name)}: {evidence.note}"
        for name, evidence in zip(pair, (left, right), strict=True)
        if evidence.note and not passed
    )
    return RungComparison(
        name=left.rung.name,
        pair=pair,
        difference=difference if np.isfinite(difference) else None,
        tolerance=tolerance,
        passed=passed,
        parting=None if passed else parting,
        notes=notes,
    )


def _first_parting(
    left: RungEvidence, right: RungEvidence, tolerance: float
) -> tuple[float, Parting | None]:
    left_names = [tensor.name for tensor in left.tensors]
    right_names = [tensor.name for tensor in right.tensors]
    if left_names != right_names:
        return np.inf, _parting(left, "names", (), str(left_names), str(right_names))
    largest, first = 0.0, None
    for left_tensor, right_tensor in zip(left.tensors, right.tensors, strict=True):
        left_values, right_values = left_tensor.values, right_tensor.values
        if left_values.shape != right_values.shape:
            shapes = (f"shape {left_values.shape}", f"shape {right_values.shape}")
            return np.inf, _parting(left, left_tensor.name, (), *shapes)
        differences = _differences(left_tensor, right_tensor)
        largest = max(largest, _summary(left, differences))
        if first is None and differences.max(initial=0.0) > tolerance:
            index = _place(left_tensor, differences, tolerance)
            values = (_text(left_values[index]), _text(right_values[index]))
            first = _parting(left, left_tensor.name, index, *values)
    return largest, first


def _differences(left: Tensor, right: Tensor) -> np.ndarray:
    """Absolute differences in float64; infinite where one value is no number."""
    with np.errstate(invalid="ignore"):  # infinity less infinity is no number, and found below
        differences = np.abs(left.values.astype(np.float64) - right.values.astype(np.float64))
    return np.nan_to_num(differences, nan=np.inf, posinf=np.inf)


def _summary(evidence: RungEvidence, differences: np.ndarray) -> float:
    if evidence.rung == RUN_PREDICTIONS:
        return float(np.count_nonzero(differences))  # classes have no distance: count them
    return float(differences.max(initial=0.0))


def _place(tensor: Tensor, differences: np.ndarray, tolerance: float) -> tuple[int, ...]:
    """The first step beyond the tolerance; elsewhere, where the difference is largest."""
    if tensor.is_by_step:
        return (int(np.argmax(differences > tolerance)),)
    place = np.unravel_index(np.argmax(differences), differences.shape)
    return tuple(int(coordinate) for coordinate in place)


def _parting(
    evidence: RungEvidence, tensor: str, index: tuple[int, ...], left: str, right: str
) -> Parting:
    is_by_step = any(part.is_by_step and part.name == tensor for part in evidence.tensors)
    return Parting(
        step=index[0] + 1 if is_by_step else evidence.num_steps,
        layer=tensor.partition("/")[0] if "/" in tensor else "",
        tensor=tensor,
        index=() if is_by_step else index,
        left=left,
        right=right,
    )


def _text(value: np.generic) -> str:
    return repr(value.item())
