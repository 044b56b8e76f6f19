"""What runs in child processes, so that no hostile file and no framework ends the program."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from benchmarks.implementations import build_implementation, title_of
from benchmarks.options import allow_float64
from benchmarks.predict.garment import garment_of
from benchmarks.predict.picture import decode_picture, names_of, preview_of, read_content, shown
from benchmarks.predict.weights import TrainedWeights
from benchmarks.runner.processes import Report, run_in_process
from shared.data.dataset import BRIGHTEST_PIXEL
from shared.errors import InputError, RunFailedError

Probabilities = dict[str, NDArray[np.floating]]
"""By implementation, those of the ten classes of each picture, (n, 10)."""


@dataclass(frozen=True)
class PreparedPicture:
    """A picture that could be read; see `names_of`, `garment_of` and `preview_of`.

    preview: None where no figure shows it: thousands would fill the memory.
    """

    name: str
    garment: NDArray[np.uint8]
    is_uneven: bool
    preview: NDArray[np.uint8] | None


def prepare_pictures(
    paths: Sequence[Path], folder: Path, *, with_preview: bool
) -> list[PreparedPicture | str]:
    """Reads each file; where one cannot be used, what is wrong takes its place, in one line.

    Decoders are written in C, print what they please (into a log in the folder), and may die
    of a file. The process that did is followed by another one, which goes on behind that file.
    """
    named = list(zip(paths, names_of(paths), strict=True))
    outcomes: list[PreparedPicture | str] = []
    while len(outcomes) < len(paths):
        job = (named[len(outcomes) :], with_preview)
        try:
            run_in_process(_prepare, *job, log=folder / "pictures.log", on_event=outcomes.append)
        except RunFailedError as error:
            culprit, reason = paths[len(outcomes)], str(error).partition(";")[0]
            outcomes.append(f"{shown(culprit)} cannot be decoded ({reason}): leave it out")
    return outcomes


def predict_pictures(
    pictures: Sequence[PreparedPicture], weights: TrainedWeights, folder: Path, console: Console
) -> Probabilities:
    """Lets each implementation predict all pictures with its own weights; logs go to the folder.

    Raises InputError where weights give no numbers, RunFailedError where an implementation failed.
    """
    allow_float64(weights.experiment)
    garments = np.stack([picture.garment for picture in pictures])
    images = garments.astype(weights.experiment.dtype) / BRIGHTEST_PIXEL  # as the data set's
    probabilities: Probabilities = {}
    for name in weights.parameters:
        title, log = title_of(name), folder / f"{name}.log"
        try:
            with console.status(f"{title} predicts …"):
                probabilities[name] = run_in_process(_predict, name, weights, images, log=log)
        except RunFailedError as error:
            raise RunFailedError(f"{title}: {error}") from error
        if not np.isfinite(probabilities[name]).all():
            remedy = "name others with --run or --weights"
            raise InputError(f"the weights are too large for {title} to predict with: {remedy}")
    return probabilities


def _prepare(report: Report, named: Sequence[tuple[Path, str]], with_preview: bool) -> None:
    for path, name in named:
        try:
            picture = decode_picture(read_content(path))
            garment, is_uneven = garment_of(picture)
            preview = preview_of(picture) if with_preview else None
            report(PreparedPicture(name, garment, is_uneven, preview))
        except InputError as error:
            report(f"{shown(path)} {error}")


def _predict(
    _report: Report, name: str, weights: TrainedWeights, images: NDArray[np.floating]
) -> NDArray[np.floating]:
    implementation = build_implementation(name, weights.experiment)
    implementation.set_parameters(weights.parameters[name])
    return implementation.predict(images).probabilities
