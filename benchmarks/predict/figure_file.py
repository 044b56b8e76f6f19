"""The file of `--figure`: checked before the work, written after it, never over another one."""

import warnings
from collections.abc import Sequence
from pathlib import Path

from benchmarks.implementations import title_of
from benchmarks.predict.results import PredictedPicture
from shared.data.dataset import CLASS_NAMES
from shared.errors import InputError

SUFFIXES = (".png", ".svg", ".pdf")
MOST_PICTURES = 50
"""Taller figures are no figures any more."""


def check_figure_file(path: Path, num_pictures: int) -> None:
    """Sees whether the figure can be drawn and written there.

    Raises:
        InputError: something is there already, the suffix names no format, its folder is
            missing, or there are too many pictures for one figure.
    """
    if path.suffix not in SUFFIXES:
        raise InputError(
            f"{path} names no format to draw in: --figure takes a name that ends in "
            f"{', '.join(SUFFIXES)}"
        )
    if path.exists() or path.is_symlink():
        raise _taken(path)
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {path.parent} for {path.name}: make it first")
    if num_pictures > MOST_PICTURES:
        raise InputError(
            f"{num_pictures} pictures are too many for one figure: name at most {MOST_PICTURES}, "
            "or leave out --figure"
        )


def write_figure(
    pictures: Sequence[PredictedPicture], path: Path, dataset_name: str, folder: Path
) -> None:
    """Draws the pictures and writes the file, whole or not at all.

    Args:
        pictures: what was predicted.
        path: where the figure is wanted; nothing is there.
        dataset_name: what the weights were trained on; the stand-in is named on the figure.
        folder: an empty one, to draw in.

    Raises:
        InputError: something has come to be there meanwhile, or it cannot be written.
    """
    from benchmarks.display.style import save_figure
    from benchmarks.predict.figure import draw_predictions

    titles = {name: title_of(name) for name in pictures[0].probabilities}
    drawn = folder / f"figure{path.suffix}"
    with warnings.catch_warnings():
        # Names of pictures may be written in letters that the figure's font lacks.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        save_figure(draw_predictions(pictures, CLASS_NAMES, titles), drawn, dataset_name)
    content = drawn.read_bytes()
    try:
        with path.open("xb") as file:  # fails where there is a file
            file.write(content)
    except FileExistsError as error:
        raise _taken(path) from error
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror}): give --figure another name"
        ) from error


def _taken(path: Path) -> InputError:
    return InputError(f"{path} is there already: give --figure a new name; nothing was touched")
