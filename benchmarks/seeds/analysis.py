"""What the trainings of a sweep say together: means, equivalence, and the documented figures."""

from collections.abc import Mapping
from dataclasses import replace

from benchmarks.implementations import REFERENCE
from benchmarks.seeds.results import (
    DocumentedPosition,
    PairOfImplementations,
    SeedTraining,
    SweepStatistics,
)
from benchmarks.seeds.statistics import (
    equivalence_paired,
    equivalence_unpaired,
    position_in,
    summarise,
)
from shared.data.dataset import DatasetDescription
from shared.documented import (
    DOCUMENTED_FIGURES,
    DocumentedFigure,
    is_applicable,
    why_not_applicable,
)
from shared.experiment import Experiment

TrainingsByName = Mapping[str, tuple[SeedTraining, ...]]


def analyse(
    trainings: TrainingsByName, experiment: Experiment, dataset: DatasetDescription
) -> SweepStatistics:
    """Computes all statistics from each implementation's trainings, in the order of seeds.

    Raises:
        InputError: fewer than two seeds.
    """
    documented = _as_if_documented(experiment)
    accuracies = {name: accuracies_of(of, dataset.num_test) for name, of in trainings.items()}
    return SweepStatistics(
        test_accuracy={name: summarise(values) for name, values in accuracies.items()},
        equivalence=tuple(
            _compare(accuracies, other) for other in accuracies if other != REFERENCE
        ),
        documented=tuple(
            _locate(figure, name, of)
            for figure in DOCUMENTED_FIGURES
            if is_applicable(figure, documented, dataset.name)
            for name, of in trainings.items()
        ),
        why_not_applicable=why_not_applicable(documented, dataset.name),
    )


def accuracies_of(trainings: tuple[SeedTraining, ...], num_test: int) -> tuple[float, ...]:
    """The share of test images that each training got right, exactly.

    Frameworks report it in float32. Whole images are counted again, so that two
    trainings with as many right answers differ by nothing, not by rounding.
    """
    return tuple(round(training.test.accuracy * num_test) / num_test for training in trainings)


def documented_test_accuracy(experiment: Experiment, dataset_name: str) -> float | None:
    """The documented run's test accuracy; None where it cannot be compared with a sweep's."""
    documented = _as_if_documented(experiment)
    return next(
        (
            figure.value
            for figure in DOCUMENTED_FIGURES
            if figure.metric == "accuracy"
            and figure.epoch is None
            and is_applicable(figure, documented, dataset_name)
        ),
        None,
    )


def _as_if_documented(experiment: Experiment) -> Experiment:
    """The experiment with the documented run's seed and randomness.

    One run of another seed neither meets nor misses a documented figure. Here
    the question is another: whether the documented run could be one of these.
    Which seed they had and who drew for them is what a distribution leaves out.
    """
    documented = Experiment()
    return replace(experiment, seed=documented.seed, randomness=documented.randomness)


def _compare(accuracies: Mapping[str, tuple[float, ...]], other: str) -> PairOfImplementations:
    return PairOfImplementations(
        other=other,
        reference=REFERENCE,
        paired=equivalence_paired(accuracies[other], accuracies[REFERENCE]),
        unpaired=equivalence_unpaired(accuracies[other], accuracies[REFERENCE]),
    )


def _locate(
    figure: DocumentedFigure, name: str, trainings: tuple[SeedTraining, ...]
) -> DocumentedPosition:
    measured = [figure.measured(training.history, training.test) for training in trainings]
    values = [value for value in measured if value is not None]
    return DocumentedPosition(
        figure=figure.name,
        documented=figure.value,
        implementation=name,
        sample=summarise(values),
        position=position_in(figure.value, values),
    )
