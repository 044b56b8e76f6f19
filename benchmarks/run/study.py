"""`twins run`: trains each implementation on the same data and draws, and compares."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.display.tables import to_terminal
from benchmarks.implementations import check_names, title_of
from benchmarks.options import Context
from benchmarks.report.page import REPORT_FILE
from benchmarks.run.command import RunCommand
from benchmarks.run.comparison import compare_with_documented
from benchmarks.run.figure import draw_run_figures
from benchmarks.run.files import PREDICTIONS_FILE, WEIGHTS_FILE
from benchmarks.run.results import SCHEMA_VERSION, Results
from benchmarks.run.table import run_table
from benchmarks.runner.drawing import draw
from benchmarks.runner.environment import Environment, describe_environment
from benchmarks.runner.output_folder import output_folder
from benchmarks.runner.processes import run_in_process
from benchmarks.runner.progress import show_trainings
from benchmarks.runner.records import write_json
from benchmarks.runner.training import Training, TrainingJob, train
from shared.data.dataset import CLASS_NAMES, RawDataset, describe
from shared.documented import why_not_applicable
from shared.errors import RunFailedError
from shared.parameters import save_parameters
from shared.protocol import EpochMetrics

SILENCE = "some ten seconds"
"""What importing a framework and compiling the first step take on two cores."""


def run(command: RunCommand, context: Context) -> Results:
    """Does the whole experiment and writes its outputs.

    Raises:
        InputError: the data or the output folder cannot be used.
        RunFailedError: a training failed.
    """
    from benchmarks.report.study import write_run_report

    names, experiment = check_names(command.impl), command.experiment
    with output_folder(command.out, "run") as folder:
        raw = context.load_images(command.images)
        draws = draw(experiment, folder / "draws.log")
        if draws is not None:
            save_parameters(draws.parameters, folder / "initial-weights.safetensors")
        trainings = {
            name: _train_one(
                TrainingJob(
                    implementation=name,
                    experiment=experiment,
                    raw=raw,
                    draws=draws,
                    folder=folder / name,
                    in_bulk=command.in_bulk,
                ),
                folder / name,
                context,
            )
            for name in names
        }
        _check_same_data(trainings)
        environment = describe_environment(context.variables, context.words)
        results = _assemble(command, raw, trainings, environment)
        figures = folder / "figures"
        figures.mkdir()
        draw_run_figures(
            figures,
            train_images=raw.train_images,
            train_labels=raw.train_labels,
            test_images=raw.test_images,
            class_names=CLASS_NAMES,
            results=results,
            parameters={name: training.parameters for name, training in trainings.items()},
        )
        write_run_report(folder, results=results, raw=raw, trainings=trainings)
        write_json(results, folder / "results.json")
    _conclude(context, results, folder)
    return results


def _train_one(job: TrainingJob, folder: Path, context: Context) -> Training:
    folder.mkdir()
    title = title_of(job.implementation)
    context.say(f"{title}: importing and compiling, {SILENCE} of silence")
    history: list[EpochMetrics] = []
    name = job.implementation
    with show_trainings(context.console, {name: title}, job.experiment.num_epochs) as show:

        def on_epoch(metrics: EpochMetrics) -> None:
            history.append(metrics)
            # Rewritten at each epoch: what a broken run has reached is kept.
            pd.DataFrame(history).to_csv(folder / "history.csv", index=False)
            show(name, metrics)

        try:
            training = run_in_process(train, job, log=folder / "worker.log", on_event=on_epoch)
        except RunFailedError as error:
            raise RunFailedError(f"{title}: {error}") from error
    save_parameters(training.parameters, folder / WEIGHTS_FILE)
    np.save(folder / PREDICTIONS_FILE, training.test_probabilities)
    return training


def _check_same_data(trainings: Mapping[str, Training]) -> None:
    if len({training.run.data_sha256 for training in trainings.values()}) > 1:
        raise RunFailedError("the implementations received different data; please report this")


def _assemble(
    command: RunCommand,
    raw: RawDataset,
    trainings: Mapping[str, Training],
    environment: Environment,
) -> Results:
    runs = {name: training.run for name, training in trainings.items()}
    return Results(
        schema_version=SCHEMA_VERSION,
        dataset=describe(raw),
        experiment=command.experiment,
        environment=environment,
        runs=runs,
        documented=compare_with_documented(runs, command.experiment, raw.name),
        why_not_applicable=why_not_applicable(command.experiment, raw.name),
        in_bulk=command.in_bulk,
    )


def _conclude(context: Context, results: Results, folder: Path) -> None:
    context.console.print(to_terminal(run_table(results)))
    if results.why_not_applicable is not None:
        context.say(f"documented figures: not applicable, {results.why_not_applicable}")
    context.say(f"outputs: {folder}")
    context.say(f"everything on one page: {folder / REPORT_FILE}")
