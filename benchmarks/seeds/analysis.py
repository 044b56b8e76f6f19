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
from benchmarks.seeds.statistics import equivalence, position_in, summarise
from shared.data.dataset import DatasetDescription
from shared.documented import (
    DOCUMENTED_FIGURES,
    DocumentedFigure,
    is_applicable,
    why_not_applicable,
)
from shared.experiment import Experiment


def analyse(
    trainings: Mapping[str, tuple[SeedTraining, ...]],
    experiment: Experiment,
    dataset: DatasetDescription,
) -> SweepStatistics:
    """Computes all statistics from each implementation's trainings, in the order of seeds.

    Raises:
        InputError: fewer than two seeds.
    """
    # One run of another seed neither meets nor misses a documented figure. Here the question
    # is another: whether the documented run could be one of these. Which seed it had and who
    # drew for it is what a distribution leaves out.
    documented = Experiment()
    experiment = replace(experiment, seed=documented.seed, randomness=documented.randomness)
    accuracies = {name: accuracies_of(of, dataset.num_test) for name, of in trainings.items()}
    return SweepStatistics(
        test_accuracy={name: summarise(values) for name, values in accuracies.items()},
        equivalence=tuple(
            PairOfImplementations(
                other=name,
                reference=REFERENCE,
                paired=equivalence("paired", values, accuracies[REFERENCE]),
                unpaired=equivalence("unpaired", values, accuracies[REFERENCE]),
            )
            for name, values in accuracies.items()
            if name != REFERENCE
        ),
        documented=tuple(
            _locate(figure, name, of)
            for figure in DOCUMENTED_FIGURES
            if is_applicable(figure, experiment, dataset.name)
            for name, of in trainings.items()
        ),
        why_not_applicable=why_not_applicable(experiment, dataset.name),
    )


def accuracies_of(trainings: tuple[SeedTraining, ...], num_test: int) -> tuple[float, ...]:
    """The share of test images that each training got right, exactly.

    Frameworks report it in float32. Whole images are counted again, so that two
    trainings with as many right answers differ by nothing, not by rounding.
    """
    return tuple(round(training.test.accuracy * num_test) / num_test for training in trainings)


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
