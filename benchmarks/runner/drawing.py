"""Draws initial weights and batch orders, by the source of randomness that was chosen."""

from pathlib import Path

from benchmarks.implementations import replay_published_draws
from benchmarks.runner.processes import Report, run_in_process
from shared.draws import Draws, draw_shared
from shared.experiment import Experiment


def draw(experiment: Experiment, log: Path) -> Draws | None:
    """The draws that every implementation receives; None where each draws its own.

    Raises:
        RunFailedError: TensorFlow is missing, or draws other numbers than it used to.
    """
    if experiment.randomness == "native":
        return None
    if experiment.randomness == "shared":
        return draw_shared(experiment)
    # The published run's numbers are TensorFlow's, so they are drawn in a process of its own.
    return run_in_process(_draw_published, experiment, log=log)


def _draw_published(_report: Report, experiment: Experiment) -> Draws:
    return replay_published_draws(experiment)
