"""What programs computed, laid side by side: how far apart, where first, and how far is allowed.

A tolerance is measured, not chosen. Replicas of the reference, which differ from it in the
last bit of their weights, show what rounding alone does to a tensor; `FACTOR` times that passes.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, combinations, zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

FACTOR = 16.0
"""Another order of summation rounds in every operation, where a replica is moved once, in its
weights: right ports were found up to 4 times as far from the reference as its replicas are, in
some fifty climbs of the documented network by Keras, JAX and PyTorch in both types (learning rates
of 0.001 to 1, batches of 1 to 55,000 rows, one to four hidden layers of 1 to 300 units)."""

STORED_PLACES = 4.0
"""Units in the last place of its largest number that an updated tensor may always be off."""
SMALLEST, LARGEST = 1e-29, 1e17
"""Differences below are none: frameworks write such numbers as 0. Those above are written so."""
VISIBLE = 1e-10
"""Where rounding moves scores by more than this, one of thousands of rows may be on the edge."""
RATIO_DECIMALS = 6


@dataclass(frozen=True)
class Tensor:
    """Named numbers, of any shape.

    name: `hidden_1/kernel` for instance: its first part, where it has two, is a layer.
    is_by_step: the first axis counts training steps.
    is_counted: scores, (n, C), of which only each row's best counts: the difference is the number
        of rows whose best is another.
    unit: of a share of rows, what a single row adds to it; else 0.
    before: what an update started from, in the same shape; None where nothing was updated.
    tolerance: what passes where chance decides, and not rounding; None for what is measured.
    """

    name: str
    values: NDArray[Any]
    is_by_step: bool = False
    is_counted: bool = False
    unit: float = 0.0
    before: NDArray[Any] | None = None
    tolerance: float | None = None


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What one program computed on one rung.

    num_steps: training steps done before it was asked.
    is_exact: whether every bit must be the same, as where arrays are only copied.
    note: what a reader should know if this rung fails, else empty.
    failure: why there is nothing to compare, else empty: a verb that is missing, for instance.
    """

    rung: str
    tensors: tuple[Tensor, ...] = ()
    num_steps: int = 0
    is_exact: bool = False
    note: str = ""
    failure: str = ""


@dataclass(frozen=True, kw_only=True)
class Parting:
    """Where two programs part first.

    step: counted from 1; None before any training.
    tensor: `hidden_1/kernel` for instance; `layer` is its first part where it has one.
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
class TensorComparison:
    """One tensor, compared for one pair.

    difference: the largest absolute difference; None, beyond every tolerance, where shapes or
        names differ or a value is no number. Of classes, how many differ.
    update_ratio: the update along that of the reference, or else of the first program, in units
        of it: 0 where a step was skipped, 2 where its rate was doubled; None where there is none.
    """

    name: str
    difference: float | None
    tolerance: float
    update_ratio: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the difference is one that rounding makes."""
        return self.difference is not None and self.difference <= self.tolerance

    @property
    def excess(self) -> float:
        """The difference in units of its tolerance; at most 1 passes."""
        if self.difference is None:
            return np.inf
        if self.tolerance == 0.0:
            return np.inf if self.difference else 0.0
        return self.difference / self.tolerance


@dataclass(frozen=True, kw_only=True)
class RungComparison:
    """One rung, compared for one pair.

    difference, tolerance: of the tensor that comes nearest to its tolerance, or is farthest
        beyond it; see `TensorComparison`.
    notes: what may be the cause, or why there was nothing to compare.
    """

    name: str
    pair: tuple[str, str]
    difference: float | None
    tolerance: float
    passed: bool
    parting: Parting | None
    notes: tuple[str, ...]
    tensors: tuple[TensorComparison, ...] = ()


NOTHING = Tensor("nothing", np.zeros(0))
"""What stands opposite a tensor that the other program does not have."""


def compare_rungs(
    reports: Iterable[tuple[str, Evidence]],
    names: Collection[str],
    replicas: Collection[str],
    *,
    reference: str = "",
    mirrored: Collection[tuple[str, str]] = (),
    title_of: Callable[[str], str] = str,
) -> Iterator[RungComparison]:
    """Yields each rung's result for each pair of `names`, as soon as everybody has reported it.

    Ends after the first rung on which a pair fails; with it, all pairs are shown.

    Args:
        reports: evidence with the name of who computed it. That of one program comes rung after
            rung, in the same order for all; that of different ones in any order.
        names: the programs.
        replicas: names of the replicas.
        reference: whose replicas they are; the last of `names`, if not given.
        mirrored: names of further replicas, two by two; see `measure_tolerances`.
        title_of: what a program is called in notes.
    """
    reference = reference or list(names)[-1]
    everybody = (*names, *replicas, *chain.from_iterable(mirrored))
    waiting: dict[str, list[Evidence]] = {name: [] for name in everybody}
    for name, evidence in reports:
        waiting[name].append(evidence)
        while all(waiting.values()):
            current = {name: queue.pop(0) for name, queue in waiting.items()}
            moved = [current[replica] for replica in replicas]
            pairs = [(current[one], current[other]) for one, other in mirrored]
            tolerances = measure_tolerances(current[reference], moved, pairs)
            results = [
                compare(
                    *(current[left], current[right], (left, right), tolerances, title_of),
                    reference=reference,
                )
                for left, right in combinations(names, 2)
            ]
            yield from results
            if not all(result.passed for result in results):
                return


def measure_tolerances(
    reference: Evidence,
    replicas: Iterable[Evidence],
    mirrored: Iterable[tuple[Evidence, Evidence]] = (),
) -> dict[str, float]:
    """`FACTOR` times what rounding does to each tensor, by its name.

    That is the largest difference between the reference and its replicas, of updated tensors
    between their updates, or one unit in the last place of the largest number, if that is more.
    Rows are counted, and whole numbers have no last place; but as soon as rounding can be seen in
    one of the tensors, a row on the edge may fall either way. Where evidence is exact, nothing
    but 0 passes.

    mirrored: pairs moved farther, one up where the other is moved down. What is proportional
        cancels in their mean, so that it does not count; what is left is what rounding does
        rarely, when it turns on a unit that is on the edge, and a few replicas may miss.
    """
    if reference.is_exact:
        return {}
    noise, moved_scores = {tensor.name: _last_place(tensor) for tensor in reference.tensors}, 0.0
    for replica in replicas:
        for tensor, moved in zip(reference.tensors, replica.tensors, strict=False):
            size = _size(tensor, _differences(_update(tensor), _update(moved)))
            noise[tensor.name] = max(noise[tensor.name], size, _last_place(moved))
            scores = _differences(replace(tensor, is_counted=False), moved)
            moved_scores = max(moved_scores, float(scores.max(initial=0.0)))
    for pair in mirrored:
        for tensor, *moved in zip(reference.tensors, *(each.tensors for each in pair), strict=True):
            noise[tensor.name] = max(noise[tensor.name], _bend(tensor, *moved))
    if moved_scores > VISIBLE:
        units = {each.name: 1.0 if each.is_counted else each.unit for each in reference.tensors}
        noise = {name: max(size, units[name]) for name, size in noise.items()}
    return {name: FACTOR * size for name, size in noise.items()}


def _bend(tensor: Tensor, up: Tensor, down: Tensor) -> float:
    """How far the mean of two mirrored replicas is from the reference; rows have no mean."""
    if tensor.is_counted or tensor.unit:
        return max(_size(tensor, _differences(tensor, each)) for each in (up, down))
    mean = (_update(up).values.astype(np.float64) + _update(down).values) / 2
    return _size(tensor, _differences(_update(tensor), replace(tensor, values=mean)))


def compare(
    left: Evidence,
    right: Evidence,
    pair: tuple[str, str],
    tolerances: Mapping[str, float],
    title_of: Callable[[str], str] = str,
    *,
    reference: str = "",
) -> RungComparison:
    """Compares two programs on one rung; a tensor without a tolerance must be equal."""
    failures = tuple(each.failure for each in (left, right) if each.failure)
    compared, parting = [], None
    # Who failed has answered in part: what is there is compared.
    together = zip if failures else partial(zip_longest, fillvalue=NOTHING)
    for one, other in together(left.tensors, right.tensors):
        differences = _differences(one, other)
        allowed = tolerances.get(one.name, 0.0) if one.tolerance is None else one.tolerance
        result = TensorComparison(
            name=(other if one is NOTHING else one).name,
            difference=_readable(_size(one, differences), allowed),
            tolerance=min(allowed, LARGEST),
            update_ratio=_update_ratio(*((other, one) if pair[1] == reference else (one, other))),
        )
        if parting is None and not result.passed:
            parting = _parting(left.num_steps, one, other, differences, allowed)
        compared.append(result)
    passed = not failures and all(result.passed for result in compared)
    notes = [
        f"{title_of(name)}: {evidence.note}"
        for name, evidence in zip(pair, (left, right), strict=True)
        if evidence.note and not passed
    ]
    # The one that sentences name; else `max` takes the first of equals.
    parted = [result for result in compared if parting and result.name == parting.tensor]
    worst = max(parted or compared, key=lambda result: result.excess, default=None)
    return RungComparison(
        name=left.rung,
        pair=pair,
        difference=worst.difference if worst and (parting or not failures) else None,
        tolerance=worst.tolerance if worst else 0.0,
        passed=passed,
        parting=parting,
        notes=(*failures, *notes),
        tensors=tuple(compared),
    )


def sentence(result: RungComparison, title_of: Callable[[str], str] = str) -> str:
    """Where a failed pair parts, in one line: rung, step, layer, tensor, index, both values."""
    left, right = map(title_of, result.pair)
    notes = "; ".join(result.notes)
    parting = result.parting
    if parting is None:
        return f"{left} and {right} were not compared at rung “{result.name}”: {notes}"
    where = [
        f"step {parting.step}" if parting.step is not None else "before any step",
        *([f"layer {parting.layer}"] if parting.layer else []),
        f"tensor {parting.tensor}",
        *([f"index {list(parting.index)}"] if parting.index else []),
    ]
    return (
        f"{left} and {right} first differ at rung “{result.name}”: {', '.join(where)}: "
        f"{left} {parting.left}, {right} {parting.right}" + (f"; {notes}" if notes else "")
    )


def _update(tensor: Tensor) -> Tensor:
    """The tensor's update in its place, where there is one."""
    before = tensor.before
    if before is None or before.shape != tensor.values.shape:
        return tensor
    return replace(tensor, values=tensor.values.astype(np.float64) - before)


def _differences(one: Tensor, other: Tensor) -> NDArray[np.float64]:
    """Absolute differences in float64; infinite where one value is no number, or all are apart."""
    if one.name != other.name or one.values.shape != other.values.shape:
        return np.array(np.inf)
    if one.is_counted and np.isfinite(one.values).all() and np.isfinite(other.values).all():
        return (_compared(one) != _compared(other)).astype(np.float64)
    with np.errstate(invalid="ignore"):  # infinity less infinity is no number, and found below
        differences = np.abs(one.values.astype(np.float64) - other.values.astype(np.float64))
    return np.nan_to_num(differences, nan=np.inf, posinf=np.inf)


def _size(tensor: Tensor, differences: NDArray[np.float64]) -> float:
    """The largest difference; of classes, which have no distance, how many differ."""
    if tensor.is_counted and np.isfinite(differences).all():
        return float(np.count_nonzero(differences))
    return float(differences.max(initial=0.0))


def _compared(tensor: Tensor) -> NDArray[Any]:
    return tensor.values.argmax(axis=-1) if tensor.is_counted else tensor.values


def _readable(size: float, allowed: float) -> float | None:
    """A difference as a record holds it: 0 where it means nothing, None beyond every tolerance."""
    if not np.isfinite(size) or size > max(allowed, LARGEST):
        return None
    return min(size, LARGEST) if size > SMALLEST else 0.0


def _last_place(tensor: Tensor) -> float:
    values = tensor.values
    if tensor.is_counted or not np.issubdtype(values.dtype, np.floating) or not values.size:
        return 0.0
    # What is updated is rounded a few times where it is stored, however small the update; what
    # ends near zero was rounded when it was larger.
    before = values if tensor.before is None else tensor.before
    largest = max(np.abs(values).max(), np.abs(before).max())
    share = 1.0 if tensor.before is None else STORED_PLACES / FACTOR
    return max(share * float(np.spacing(largest)), SMALLEST) if np.isfinite(largest) else 0.0


def _update_ratio(one: Tensor, other: Tensor) -> float | None:
    if one.before is None or other.before is None or one.values.shape != other.values.shape:
        return None
    left, right = (_update(each).values.astype(np.float64).ravel() for each in (one, other))
    size = float(left @ left)
    ratio = float(left @ right) / size if size else np.nan
    return round(ratio, RATIO_DECIMALS) if abs(ratio) < LARGEST else None


def _parting(
    num_steps: int,
    one: Tensor,
    other: Tensor,
    differences: NDArray[np.float64],
    tolerance: float,
) -> Parting:
    """The first step beyond the tolerance; elsewhere, where the difference is largest."""
    named = other if one is NOTHING else one
    place: tuple[int, ...] = ()
    texts = [f"{tensor.name}, shape {tensor.values.shape}" for tensor in (one, other)]
    if one.name == other.name and one.values.shape == other.values.shape:
        flat = np.argmax(differences > tolerance if one.is_by_step else differences)
        place = tuple(map(int, np.unravel_index(flat, differences.shape)))
        texts = [repr(_compared(tensor)[place].item()) for tensor in (one, other)]
    return Parting(
        step=place[0] + 1 if one.is_by_step and place else num_steps or None,
        layer=named.name.rpartition("/")[0],
        tensor=named.name,
        index=() if one.is_by_step else place,
        left=texts[0],
        right=texts[1],
    )
