"""Lays what a run measured beside the documented figures."""

from collections.abc import Mapping

from benchmarks.run.results import Comparison
from benchmarks.runner.training import ImplementationRun
from shared.documented import (
    DOCUMENTED_FIGURES,
    FIRST_PREDICTIONS,
    DocumentedFigure,
    Verdict,
    is_applicable,
    why_not_applicable,
)
from shared.experiment import Experiment


def compare_with_documented(
    runs: Mapping[str, ImplementationRun], experiment: Experiment, dataset_name: str
) -> tuple[Comparison, ...]:
    """Every documented figure with each implementation's value and verdict."""
    figures = [
        _compare_figure(figure, runs, applicable=is_applicable(figure, experiment, dataset_name))
        for figure in DOCUMENTED_FIGURES
    ]
    complete = experiment.num_epochs == Experiment().num_epochs
    applicable = complete and why_not_applicable(experiment, dataset_name) is None
    return (*figures, _compare_first_predictions(runs, applicable=applicable))


def _compare_figure(
    figure: DocumentedFigure, runs: Mapping[str, ImplementationRun], *, applicable: bool
) -> Comparison:
    measured = {name: figure.measured(run.history, run.test) for name, run in runs.items()}
    return Comparison(
        name=figure.name,
        documented=figure.value,
        tolerance=figure.tolerance,
        measured=dict(measured),
        verdicts={
            name: figure.verdict(value, applicable=applicable) for name, value in measured.items()
        },
    )


def _compare_first_predictions(
    runs: Mapping[str, ImplementationRun], *, applicable: bool
) -> Comparison:
    def verdict(run: ImplementationRun) -> Verdict:
        if not applicable:
            return "not applicable"
        return "met" if run.first_predictions == FIRST_PREDICTIONS else "missed"

    return Comparison(
        name="first three predictions",
        documented=FIRST_PREDICTIONS,
        tolerance=None,
        measured={name: run.first_predictions for name, run in runs.items()},
        verdicts={name: verdict(run) for name, run in runs.items()},
    )
