"""Results: what a run measured, as typed records, and their one file, `results.json`.

Raw values are stored; whatever can be computed from them is computed on reading.

Format history: version 1, the first.
"""

from dataclasses import dataclass

from benchmarks.runner.environment import Environment
from benchmarks.runner.records import check
from benchmarks.runner.training import ImplementationRun
from shared.data.dataset import DatasetDescription
from shared.documented import Verdict
from shared.experiment import Experiment

SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A documented figure beside what each implementation reached."""

    name: str
    documented: float | tuple[int, ...]
    tolerance: float | None
    measured: dict[str, float | tuple[int, ...] | None]
    verdicts: dict[str, Verdict]


@dataclass(frozen=True, kw_only=True)
class Results:
    """A whole run, as `results.json` holds it.

    in_bulk: whether frameworks ran many steps at a time where they can, so that
        seconds are not those of the documented way to train.
    """

    schema_version: int
    dataset: DatasetDescription
    experiment: Experiment
    environment: Environment
    runs: dict[str, ImplementationRun]
    documented: tuple[Comparison, ...]
    why_not_applicable: str | None
    in_bulk: bool = False

    def __post_init__(self) -> None:
        names = set(self.runs)
        check(
            bool(names)
            and bool(self.documented)
            and all(set(each.measured) == names == set(each.verdicts) for each in self.documented),
            "no run, or a documented figure without one of them",
        )
