"""The files of a sweep: its plan, one record for each training, and `seeds.json` over all.

Raw values are stored beside what is computed from them, so that it can be computed anew.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

from benchmarks.implementations import REFERENCE
from benchmarks.runner.records import Record, check
from benchmarks.seeds import statistics
from benchmarks.sweeps.trainer import SeedTraining
from shared.documented import DOCUMENTED_FIGURES, is_applicable, why_not_applicable
from shared.experiment import Experiment


@dataclass(frozen=True, kw_only=True)
class PairOfImplementations:
    """Whether `other` and `reference` are equally accurate; differences are other - reference."""

    other: str
    reference: str
    paired: statistics.Equivalence
    unpaired: statistics.Equivalence


@dataclass(frozen=True, kw_only=True)
class DocumentedPosition:
    """Where a documented figure lies in the distribution of one implementation's seeds."""

    figure: str
    documented: float
    implementation: str
    sample: statistics.Summary
    position: statistics.Position


@dataclass(frozen=True, kw_only=True)
class SweepStatistics:
    """What the trainings say together; `test_accuracy` by the implementation's name.

    why_not_applicable: why there are no documented positions; None where there are.
    """

    test_accuracy: dict[str, statistics.Summary]
    equivalence: tuple[PairOfImplementations, ...]
    documented: tuple[DocumentedPosition, ...]
    why_not_applicable: str | None


@dataclass(frozen=True, kw_only=True)
class SweepResults(Record):
    """A whole sweep, as `seeds.json` holds it; `trainings` by implementation, then by seed.

    The experiment is that of the first seed, the environment where the sweep was started.

    lost: seeds that were wanted, and that a lost worker left without a training or more.
    """

    study: Literal["seeds"] = "seeds"
    seeds: tuple[int, ...]
    trainings: tuple[SeedTraining, ...]
    statistics: SweepStatistics
    lost: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        trained = [self.of(name) for name in self.statistics.test_accuracy]
        are_whole = all(tuple(each.seed for each in of_one) == self.seeds for of_one in trained)
        check(bool(trained) and are_whole and self.dataset.num_test > 0, "a training is missing")
        pairs = self.statistics.equivalence
        compared = {name for pair in pairs for name in (pair.other, pair.reference)}
        check(compared == {*self.statistics.test_accuracy}, "others are compared than were trained")

    def ran_on(self) -> dict[str, str]:
        """As in `Record.ran_on`."""
        return {each.implementation: each.device for each in reversed(self.trainings)}

    def of(self, implementation: str) -> tuple[SeedTraining, ...]:
        """One implementation's trainings, in the order of seeds."""
        return tuple(each for each in self.trainings if each.implementation == implementation)


def analyse(trainings: Mapping[str, tuple[SeedTraining, ...]], plan: Record) -> SweepStatistics:
    """Computes all statistics from each implementation's trainings, in the order of seeds."""
    accuracies = {name: accuracies_of(of, plan.dataset.num_test) for name, of in trainings.items()}
    # The question is whether the documented run could be one of these, so its seed, and who
    # drew for it, are left out.
    run = Experiment()
    experiment = replace(plan.experiment, seed=run.seed, randomness=run.randomness)
    return SweepStatistics(
        test_accuracy={name: statistics.summarise(values) for name, values in accuracies.items()},
        equivalence=tuple(
            PairOfImplementations(
                other=name,
                reference=REFERENCE,
                paired=statistics.equivalence("paired", values, accuracies[REFERENCE]),
                unpaired=statistics.equivalence("unpaired", values, accuracies[REFERENCE]),
            )
            for name, values in accuracies.items()
            if name != REFERENCE
        ),
        documented=tuple(_documented_positions(trainings, experiment, plan.dataset.name)),
        why_not_applicable=why_not_applicable(experiment, plan.dataset.name),
    )


def accuracies_of(trainings: tuple[SeedTraining, ...], num_test: int) -> tuple[float, ...]:
    """The share of test images that each training got right, exactly.

    Frameworks report it in float32. Whole images are counted again, so that two trainings
    with as many right answers differ by nothing, not by rounding.
    """
    return tuple(round(training.test.accuracy * num_test) / num_test for training in trainings)


def _documented_positions(
    trainings: Mapping[str, tuple[SeedTraining, ...]], experiment: Experiment, dataset_name: str
) -> Iterator[DocumentedPosition]:
    for figure, (name, of_one) in product(DOCUMENTED_FIGURES, trainings.items()):
        if is_applicable(figure, experiment, dataset_name):
            measured = (figure.measured(each.history, each.test) for each in of_one)
            values = [value for value in measured if value is not None]
            yield DocumentedPosition(
                figure=figure.name,
                documented=figure.value,
                implementation=name,
                sample=statistics.summarise(values),
                position=statistics.position_in(figure.value, values),
            )
