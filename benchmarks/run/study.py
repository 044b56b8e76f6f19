"""`twins run`: trains each implementation on the same data and draws, and compares."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console

from benchmarks.drawing import draw
from benchmarks.environment import describe_environment
from benchmarks.implementations import title_of
from benchmarks.output_folder import output_folder
from benchmarks.processes import run_in_process
from benchmarks.progress import show_trainings
from benchmarks.request import Request
from benchmarks.run_files import PREDICTIONS_FILE, WEIGHTS_FILE
from benchmarks.run_table import run_table
from benchmarks.training import Training, TrainingJob, train
from shared.comparison import compare_with_documented
from shared.data.dataset import CLASS_NAMES, RawDataset, describe, load_dataset
from shared.documented import why_not_applicable
from shared.errors import RunFailedError
from shared.figures.run_figures import draw_run_figures
from shared.parameters import save_parameters
from shared.protocol import EpochMetrics
from shared.results import SCHEMA_VERSION, Environment, Results, write_json


def run(request: Request, console: Console, *, in_bulk: bool = False) -> Results:
    """Does the whole experiment and writes its outputs; `in_bulk` as in `TrainingJob`.

    Raises:
        InputError: the data or the output folder cannot be used.
        RunFailedError: a training failed.
    """
    from benchmarks.report.command import write_run_report

    with output_folder(request.out, "run") as folder:
        raw = load_dataset(request.data, request.places)
        announce_data(console, raw)
        draws = draw(request.experiment, folder / "draws.log")
        if draws is not None:
            save_parameters(draws.parameters, folder / "initial-weights.safetensors")
        trainings = {
            name: _train_one(
                TrainingJob(
                    implementation=name,
                    experiment=request.experiment,
                    raw=raw,
                    draws=draws,
                    folder=folder / name,
                    in_bulk=in_bulk,
                ),
                folder / name,
                console,
            )
            for name in request.implementations
        }
        _check_same_data(trainings)
        environment = describe_environment(request.variables, request.command)
        results = _assemble(request, raw, trainings, environment, in_bulk=in_bulk)
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
    _conclude(console, results, folder)
    return results


def announce_data(console: Console, raw: RawDataset) -> None:
    """Says which images are used; the stand-in never passes unnoticed."""
    if raw.name == "stand-in":
        console.rule("[bold red]stand-in images, not Fashion-MNIST", characters="=")
        if raw.note:
            console.print(raw.note, soft_wrap=True)
    console.print(f"data: {raw.name} ({raw.origin})", soft_wrap=True)


def _train_one(job: TrainingJob, folder: Path, console: Console) -> Training:
    folder.mkdir()
    title = title_of(job.implementation)
    history: list[EpochMetrics] = []
    name = job.implementation
    with show_trainings(console, {name: title}, job.experiment.num_epochs) as show:

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
    request: Request,
    raw: RawDataset,
    trainings: Mapping[str, Training],
    environment: Environment,
    *,
    in_bulk: bool,
) -> Results:
    runs = {name: training.run for name, training in trainings.items()}
    return Results(
        schema_version=SCHEMA_VERSION,
        dataset=describe(raw),
        experiment=request.experiment,
        environment=environment,
        runs=runs,
        documented=compare_with_documented(runs, request.experiment, raw.name),
        why_not_applicable=why_not_applicable(request.experiment, raw.name),
        in_bulk=in_bulk,
    )


def _conclude(console: Console, results: Results, folder: Path) -> None:
    console.print(run_table(results))
    if results.why_not_applicable is not None:
        console.print(f"documented figures: not applicable, {results.why_not_applicable}")
    console.print(f"outputs: {folder}", soft_wrap=True)
