"""The files of a sweep: its plan, one record for each training, and `seeds.json` over all.

Raw values are stored beside what was computed from them, so that the statistics
can be computed anew.
"""

from dataclasses import dataclass
from typing import Literal

from benchmarks.runner.records import Record, check
from benchmarks.runner.training import ImplementationRun, Seconds
from benchmarks.seeds.statistics import Equivalence, Position, Summary
from shared.protocol import EpochMetrics, Evaluation


@dataclass(frozen=True, kw_only=True)
class SweepPlan(Record):
    """What all trainings of a sweep have in common; written before the first of them.

    experiment: that of the first seed; the others differ in their seed only.
    environment: where the sweep was started.
    """

    study: Literal["seeds"] = "seeds"


@dataclass(frozen=True, kw_only=True)
class SeedTraining:
    """One implementation trained on one seed.

    seconds: wall-clock time with other trainings beside it, so no measure of speed.
    data_sha256: of the arrays that arrived in the implementation's process.
    git_commit: of the code that trained; a resumed sweep may have more than one.
    """

    schema_version: Literal[2] = 2
    implementation: str
    seed: int
    device: str
    history: tuple[EpochMetrics, ...]
    test: Evaluation
    seconds: Seconds
    data_sha256: str
    git_commit: str

    @classmethod
    def of(
        cls, run: ImplementationRun, implementation: str, seed: int, git_commit: str
    ) -> "SeedTraining":
        """What is kept of a run."""
        return cls(
            implementation=implementation,
            seed=seed,
            device=run.device,
            history=run.history,
            test=run.test,
            seconds=run.seconds,
            data_sha256=run.data_sha256,
            git_commit=git_commit,
        )


@dataclass(frozen=True, kw_only=True)
class PairOfImplementations:
    """Whether `other` and `reference` are equally accurate; differences are other - reference."""

    other: str
    reference: str
    paired: Equivalence
    unpaired: Equivalence


@dataclass(frozen=True, kw_only=True)
class DocumentedPosition:
    """Where a documented figure lies in the distribution of one implementation's seeds."""

    figure: str
    documented: float
    implementation: str
    sample: Summary
    position: Position


@dataclass(frozen=True, kw_only=True)
class SweepStatistics:
    """What the trainings say together.

    test_accuracy: of each implementation, by its name.
    why_not_applicable: why there are no documented positions; None where there are.
    """

    test_accuracy: dict[str, Summary]
    equivalence: tuple[PairOfImplementations, ...]
    documented: tuple[DocumentedPosition, ...]
    why_not_applicable: str | None


@dataclass(frozen=True, kw_only=True)
class SweepResults(SweepPlan):
    """A whole sweep, as `seeds.json` holds it; `trainings` by implementation, then by seed."""

    seeds: tuple[int, ...]
    trainings: tuple[SeedTraining, ...]
    statistics: SweepStatistics

    def __post_init__(self) -> None:
        trained = [self.of(name) for name in self.statistics.test_accuracy]
        are_whole = all(tuple(each.seed for each in of_one) == self.seeds for of_one in trained)
        check(bool(trained) and are_whole and self.dataset.num_test > 0, "a training is missing")

    def ran_on(self) -> dict[str, str]:
        """As in `Record.ran_on`."""
        return {each.implementation: each.device for each in reversed(self.trainings)}

    def of(self, implementation: str) -> tuple[SeedTraining, ...]:
        """One implementation's trainings, in the order of seeds."""
        return tuple(each for each in self.trainings if each.implementation == implementation)
