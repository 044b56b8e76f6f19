"""What a run measured, as its one file `results.json` holds it; the rest is computed on reading."""

from dataclasses import dataclass
from typing import Literal

from benchmarks.runner.records import Record, check
from benchmarks.runner.training import ImplementationRun
from shared.documented import Verdict

WEIGHTS_FILE = "weights.safetensors"
"""Trained weights in each implementation's folder, see `shared.parameters`."""
PREDICTIONS_FILE = "test-probabilities.npy"
"""Probabilities of the test images there, (10000, 10), in the experiment's type of numbers."""


@dataclass(frozen=True, kw_only=True)
class RunPlan(Record):
    """What is to be run, as in `Results`; written before the first training."""

    study: Literal["run"] = "run"
    implementations: tuple[str, ...]
    in_bulk: bool


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A documented figure beside what each implementation reached."""

    name: str
    documented: float | tuple[int, ...]
    tolerance: float | None
    measured: dict[str, float | tuple[int, ...] | None]
    verdicts: dict[str, Verdict]


@dataclass(frozen=True, kw_only=True)
class Results(Record):
    """A whole run.

    in_bulk: whether frameworks ran many steps at a time where they can, so that
        seconds are not those of the documented way to train.
    """

    study: Literal["run"] = "run"
    runs: dict[str, ImplementationRun]
    documented: tuple[Comparison, ...]
    why_not_applicable: str | None
    in_bulk: bool = False

    def ran_on(self) -> dict[str, str]:
        """As in `Record.ran_on`."""
        return {name: run.device for name, run in self.runs.items()}

    def __post_init__(self) -> None:
        names = set(self.runs)
        check(
            bool(names)
            and bool(self.documented)
            and all(set(each.measured) == names == set(each.verdicts) for each in self.documented),
            "no run, or a documented figure without one of them",
        )
