"""The record of `python -m tests.mutants`."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class MutantRecord:
    """A port with one mistake, and where the ladder found it.

    expected_rung, expected_layer: written before the climb; no layer is the empty string.
    found_rung: where the climb ended; the last rung if it passed.
    found_layer, found_tensor: empty where no tensor was compared, or it belongs to no layer.
    sentence: the ladder's; empty if the port passed.
    remark: why it escaped or was found elsewhere.
    """

    example: str
    mutant: str
    expected_rung: str
    expected_layer: str
    found_rung: str
    found_layer: str
    found_tensor: str
    is_rejected: bool
    is_in_place: bool
    sentence: str
    remark: str


@dataclass(frozen=True, kw_only=True)
class VariantRecord:
    """A port that is no mistake; `sentence` is empty where it passed, as it must."""

    example: str
    variant: str
    has_passed: bool
    sentence: str


@dataclass(frozen=True, kw_only=True)
class SeedRecord:
    """A right port with other initial values, batches and last bits.

    excess: the largest difference in units of its tolerance; None beyond every tolerance.
    """

    example: str
    dtype: str
    seed: int
    has_passed: bool
    excess: float | None
    sentence: str


@dataclass(frozen=True, kw_only=True)
class MutantResults:
    """Everything, in the order in which it was climbed."""

    mutants: tuple[MutantRecord, ...]
    variants: tuple[VariantRecord, ...]
    seeds: tuple[SeedRecord, ...]
