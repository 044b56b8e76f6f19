"""What `twins parity` finds: typed records, and their one file, `parity.json`.

Format history: version 1, the first.
"""

from dataclasses import dataclass

from benchmarks.runner.environment import Environment
from benchmarks.runner.records import check
from shared.data.dataset import DatasetDescription
from shared.experiment import Experiment

SCHEMA_VERSION = 1


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

    difference: the largest absolute difference; infinite where shapes or names
        differ or a value is no number. On the last rung, a number of rows.
    """

    name: str
    pair: tuple[str, str]
    difference: float
    tolerance: float
    passed: bool
    parting: Parting | None
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ParityReport:
    """A climb of the ladder: every rung reached, for every pair.

    devices: what each implementation ran on, by its name.
    """

    schema_version: int
    dtype: str
    passed: bool
    rungs: tuple[RungComparison, ...]
    dataset: DatasetDescription
    experiment: Experiment
    environment: Environment
    devices: dict[str, str]

    def __post_init__(self) -> None:
        places = [(rung.name, rung.pair) for rung in self.rungs]
        check(bool(places) and len(set(places)) == len(places), "no rung, or one twice")
