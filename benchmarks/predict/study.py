"""`twins predict`: each implementation says which garment it takes a picture for."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from benchmarks.implementations import build_implementation, title_of
from benchmarks.predict.command import PredictCommand
from benchmarks.predict.figure_file import check_figure_file, write_figure
from benchmarks.predict.files import find_pictures, shown
from benchmarks.predict.garment import network_input
from benchmarks.predict.preparing import PreparedPicture, Problem, prepare_pictures
from benchmarks.predict.results import PredictedPicture
from benchmarks.predict.table import prediction_table
from benchmarks.predict.weights import TrainedWeights
from benchmarks.runner.processes import Report, run_in_process
from shared.errors import InputError, RunFailedError
from shared.experiment import Experiment
from shared.network import NUM_CLASSES, NUM_PIXELS
from shared.parameters import Parameters

STAND_IN = "stand-in"
WIDEST = 10_000
SURE = 0.6
"""Where no implementation gives a class this probability, about half of the answers are right
(the documented run: 49 % of 726 test images, beside 91 % of the others)."""


def run_predict(
    command: PredictCommand, weights: TrainedWeights, console: Console
) -> tuple[str, ...]:
    """Predicts all pictures that can be read, and prints what each implementation takes them for.

    Returns:
        What is wrong with each of the others, in one line each.

    Raises:
        InputError: the figure cannot be written, or the weights give no numbers.
        RunFailedError: an implementation failed.
    """
    paths, problems = find_pictures(command.pictures)
    if command.figure is not None:
        check_figure_file(command.figure, len(paths))
    with TemporaryDirectory(prefix="twins-predict-") as folder:
        outcomes = prepare_pictures(
            paths, Path(folder) / "pictures.log", with_preview=command.figure is not None
        )
        prepared = [each for each in outcomes if isinstance(each, PreparedPicture)]
        if prepared:
            _predict_and_show(prepared, command.figure, weights, Path(folder), console)
    unreadable = [each.message for each in outcomes if isinstance(each, Problem)]
    return (*problems, *unreadable)


def _predict_and_show(
    prepared: Sequence[PreparedPicture],
    figure: Path | None,
    weights: TrainedWeights,
    folder: Path,
    console: Console,
) -> None:
    _announce(weights, console)
    predicted = _predict_all(prepared, weights, folder, console)
    table = prediction_table(predicted)
    # As wide as it must be: a file name that is broken cannot be copied.
    widest = console.measure(table, options=console.options.update(width=WIDEST)).maximum
    console.width = max(console.width, widest)
    console.print(table)
    for name, picture in zip(_names_of([each.path for each in prepared]), prepared, strict=True):
        if picture.is_uneven:
            _say(
                console,
                f"{name}: its ground is not plain, so the garment may be cut out badly: leave "
                "room around it, on one brightness",
            )
    for picture in predicted:
        if picture.surest_probability < SURE:
            _say(
                console, f"{picture.name}: nobody is sure, {picture.surest_probability:.0%} at most"
            )
    if figure is not None:
        write_figure(predicted, figure, weights.dataset_name, folder)
        _say(console, f"figure: {shown(figure)}")


def _announce(weights: TrainedWeights, console: Console) -> None:
    """Says whose weights predict; those trained on the stand-in never pass unnoticed."""
    if weights.dataset_name == STAND_IN:
        console.rule(
            "[bold red]weights trained on stand-in images, not Fashion-MNIST", characters="="
        )
    experiment = weights.experiment
    sizes = "→".join(map(str, (NUM_PIXELS, *experiment.hidden_sizes, NUM_CLASSES)))
    trained = f", trained on {weights.dataset_name}" if weights.dataset_name else ""
    _say(console, f"weights: {weights.source} ({sizes}, {experiment.dtype}{trained})")


def _say(console: Console, text: str) -> None:
    # Never wrapped, and never read as markup: a path may be long and hold brackets.
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _predict_all(
    prepared: Sequence[PreparedPicture],
    weights: TrainedWeights,
    folder: Path,
    console: Console,
) -> list[PredictedPicture]:
    images = network_input([each.garment for each in prepared], weights.experiment.dtype)
    probabilities = {}
    for name, parameters in weights.parameters.items():
        with console.status(f"{title_of(name)} predicts …"):
            probabilities[name] = _predict_in_process(
                name, weights.experiment, parameters, images, folder
            )
    paths = [each.path for each in prepared]
    return [
        PredictedPicture(
            name=name,
            garment=each.garment,
            preview=each.preview,
            probabilities={by: rows[index] for by, rows in probabilities.items()},
        )
        for index, (name, each) in enumerate(zip(_names_of(paths), prepared, strict=True))
    ]


def _names_of(paths: Sequence[Path]) -> list[str]:
    """The files' own names, or their whole paths where two files have the same name."""
    are_unique = len({path.name for path in paths}) == len(set(paths))
    return [shown(Path(path.name) if are_unique else path) for path in paths]


def _predict_in_process(
    name: str,
    experiment: Experiment,
    parameters: Parameters,
    images: NDArray[np.floating],
    folder: Path,
) -> NDArray[np.floating]:
    log = folder / f"{name}.log"
    try:
        probabilities = run_in_process(_predict, name, experiment, parameters, images, log=log)
    except RunFailedError as error:
        raise RunFailedError(f"{title_of(name)}: {error}") from error
    if not np.isfinite(probabilities).all():
        raise InputError(
            f"the weights are too large for {title_of(name)} to predict with: name others with "
            "--run or --weights"
        )
    return probabilities


def _predict(
    _report: Report,
    name: str,
    experiment: Experiment,
    parameters: Parameters,
    images: NDArray[np.floating],
) -> NDArray[np.floating]:
    """What runs in each child process: all pictures in one batch, (n, 10)."""
    implementation = build_implementation(name, experiment)
    implementation.set_parameters(parameters)
    return implementation.predict(images).probabilities
