"""Makes garments of files, in a process of its own: no file, however hostile, ends the program."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.predict.files import read_content, shown
from benchmarks.predict.garment import garment_of, has_uneven_ground
from benchmarks.predict.picture import decode_picture
from benchmarks.runner.processes import Report, run_in_process
from shared.errors import InputError, RunFailedError


@dataclass(frozen=True, kw_only=True)
class PreparedPicture:
    """A picture that could be read; other fields as in `PredictedPicture`.

    is_uneven: whether its ground is not plain, so that the cut-out may be bad.
    """

    path: Path
    garment: NDArray[np.uint8]
    preview: NDArray[np.uint8] | None
    is_uneven: bool


@dataclass(frozen=True)
class Problem:
    """Why a picture could not be read, in one line."""

    message: str


Outcome = PreparedPicture | Problem


def prepare_pictures(paths: Sequence[Path], log: Path, *, with_preview: bool) -> list[Outcome]:
    """Reads each file, one after the other; one outcome for each, in their order.

    Decoders are written in C, print what they please, and may die of a file. The
    process that did is followed by another one, which goes on behind that file.

    Args:
        paths: files that may hold anything.
        log: where to write what decoders print.
        with_preview: whether to keep a small copy of each picture for a figure.
    """
    outcomes: list[Outcome] = []
    while len(outcomes) < len(paths):
        waiting = list(paths[len(outcomes) :])
        try:
            run_in_process(_prepare, waiting, with_preview, log=log, on_event=outcomes.append)
        except RunFailedError as error:
            reason = str(error).partition(";")[0]
            culprit = shown(paths[len(outcomes)])
            outcomes.append(Problem(f"{culprit} cannot be decoded ({reason}): leave it out"))
    return outcomes


def _prepare(report: Report, paths: Sequence[Path], with_preview: bool) -> None:
    """What runs in the child process: reports each file's outcome."""
    for path in paths:
        report(_outcome_of(path, with_preview=with_preview))


def _outcome_of(path: Path, *, with_preview: bool) -> Outcome:
    try:
        picture = decode_picture(read_content(path), shown(path))
        garment = garment_of(picture)
    except InputError as error:
        return Problem(str(error))
    preview = picture.preview if with_preview else None
    return PreparedPicture(
        path=path, garment=garment, preview=preview, is_uneven=has_uneven_ground(picture)
    )
