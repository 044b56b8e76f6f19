"""Trains each implementation on the same data and draws, and compares with what is documented."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.implementations import title_of
from benchmarks.options import Context
from benchmarks.run.results import PREDICTIONS_FILE, WEIGHTS_FILE, Comparison, Results, RunPlan
from benchmarks.runner.checkpoint import FOLDER, latest_checkpoint, stored_epochs
from benchmarks.runner.output_folder import whole_file
from benchmarks.runner.plan import RUN_PLAN, check_same_plan
from benchmarks.runner.processes import run_in_process
from benchmarks.runner.progress import show_trainings
from benchmarks.runner.training import ImplementationRun, TrainingJob, draw, train
from shared.data.dataset import RawDataset
from shared.documented import (
    DOCUMENTED_FIGURES,
    FIRST_PREDICTIONS,
    Verdict,
    is_applicable,
    why_not_applicable,
)
from shared.errors import InputError, RunFailedError
from shared.experiment import Experiment
from shared.parameters import save_parameters
from shared.protocol import EpochMetrics


def check_resumable(folder: Path, plan: RunPlan) -> None:
    """Refuses what would end otherwise than an unbroken run does, and leaves it as it was."""
    check_same_plan(folder / RUN_PLAN, plan, "run", apart_from=("num_epochs",))
    trained = [max(stored_epochs(path), default=0) for path in folder.glob(f"*/{FOLDER}")]
    if max(trained, default=0) > plan.experiment.num_epochs:
        raise InputError(
            f"{folder} holds {max(trained)} epochs: --num-epochs takes no fewer; "
            "nothing there was touched"
        )


def train_all(plan: RunPlan, raw: RawDataset, context: Context, folder: Path) -> Results:
    """Trains one implementation after the other; weights and predictions go into its folder.

    Each goes on from its last checkpoint there, if it has one.

    Raises:
        InputError: an implementation cannot go on from its checkpoint.
        RunFailedError: a training failed.
    """
    experiment = plan.experiment
    draws = draw(experiment, folder / "draws.log")
    if draws is not None:
        with whole_file(folder / "initial-weights.safetensors") as partial:
            save_parameters(draws.parameters, partial)
    runs = {}
    for name in plan.implementations:
        job = TrainingJob(
            implementation=name,
            experiment=experiment,
            raw=raw,
            draws=draws,
            folder=folder / name,
            in_bulk=plan.in_bulk,
            checkpoint=latest_checkpoint(folder / name / FOLDER, experiment, context.say),
        )
        runs[name] = _train_one(job, folder / name, context)
    if len({run.data_sha256 for run in runs.values()}) > 1:
        raise RunFailedError("the implementations received different data; please report this")
    return Results(
        dataset=plan.dataset,
        experiment=experiment,
        environment=plan.environment,
        runs=runs,
        documented=compare_with_documented(runs, experiment, raw.name),
        why_not_applicable=why_not_applicable(experiment, raw.name),
        in_bulk=plan.in_bulk,
    )


def compare_with_documented(
    runs: Mapping[str, ImplementationRun], experiment: Experiment, dataset_name: str
) -> tuple[Comparison, ...]:
    """Every documented figure with each implementation's value and verdict."""

    def judge(predictions: tuple[int, ...]) -> Verdict:
        # Predictions are the trained network's, as the last figure is.
        if not is_applicable(DOCUMENTED_FIGURES[-1], experiment, dataset_name):
            return "not applicable"
        return "met" if predictions == FIRST_PREDICTIONS else "missed"

    comparisons = []
    for figure in DOCUMENTED_FIGURES:
        applicable = is_applicable(figure, experiment, dataset_name)
        measured = {name: figure.measured(run.history, run.test) for name, run in runs.items()}
        comparisons.append(
            Comparison(
                name=figure.name,
                documented=figure.value,
                tolerance=figure.tolerance,
                measured=dict(measured),
                verdicts={
                    name: figure.verdict(value, applicable=applicable)
                    for name, value in measured.items()
                },
            )
        )
    predictions = Comparison(
        name="first three predictions",
        documented=FIRST_PREDICTIONS,
        tolerance=None,
        measured={name: run.first_predictions for name, run in runs.items()},
        verdicts={name: judge(run.first_predictions) for name, run in runs.items()},
    )
    return (*comparisons, predictions)


def _train_one(job: TrainingJob, folder: Path, context: Context) -> ImplementationRun:
    name, title = job.implementation, title_of(job.implementation)
    num_epochs, history = job.experiment.num_epochs, list(job.checkpoint.history)
    folder.mkdir(exist_ok=True)
    if history:
        context.say(f"{title}: {len(history)} of {num_epochs} epochs are stored")
    context.say(f"{title}: importing and compiling (about ten seconds without output)")
    with show_trainings(context.console, {name: title}, num_epochs) as show:

        def on_epoch(metrics: EpochMetrics) -> None:
            history.append(metrics)
            # Rewritten at each epoch: what a broken run has reached is kept.
            _write_history(history, folder)
            show(name, metrics)

        try:
            training = run_in_process(train, job, log=folder / "worker.log", on_event=on_epoch)
        except RunFailedError as error:
            raise RunFailedError(f"{title}: {error}") from error
    _write_history(history, folder)
    with whole_file(folder / WEIGHTS_FILE) as partial:
        save_parameters(training.parameters, partial)
    with whole_file(folder / PREDICTIONS_FILE) as partial, partial.open("wb") as file:
        np.save(file, training.test_probabilities)
    return training.run


def _write_history(history: list[EpochMetrics], folder: Path) -> None:
    with whole_file(folder / "history.csv") as partial:
        pd.DataFrame(history).to_csv(partial, index=False)
