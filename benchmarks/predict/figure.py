"""Predictions as a figure: the picture, what the network sees of it, and the top three as bars."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.display.style import hide_frame, implementation_colours, new_figure, save_figure
from benchmarks.implementations import title_of
from benchmarks.predict.measure import PreparedPicture, Probabilities
from benchmarks.predict.table import top_classes
from benchmarks.runner.output_folder import NO_ROOM, whole_file
from shared.errors import InputError, RunFailedError

_IMAGE_INCHES = 1.8
_LONGEST_NAME = 26


def write_figure(figure: Figure, path: Path, dataset_name: str, folder: Path) -> None:
    """Draws in `folder` and then writes `path`, whole or not at all, never over another file.

    Raises InputError where something has come to be there meanwhile, or it cannot be written, and
    RunFailedError where there is no room.
    """
    drawn = folder / f"figure{path.suffix}"
    with warnings.catch_warnings():
        # Names of pictures may be written in letters that the figure's font lacks.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        save_figure(figure, drawn, dataset_name)
    try:
        with whole_file(path) as partial:
            partial.write_bytes(drawn.read_bytes())
            path.touch(exist_ok=False)  # fails where there is a file
    except OSError as error:
        reason = f"{path} cannot be written ({error.strerror})"
        if error.errno in NO_ROOM:
            raise RunFailedError(f"{reason}: make room there") from error
        raise InputError(f"{reason}: give --figure another name") from error


def draw_predictions(pictures: Sequence[PreparedPicture], probabilities: Probabilities) -> Figure:
    """One row a picture; at least one."""
    titles = [title_of(name) for name in probabilities]
    colours = implementation_colours(titles)
    widths = [_IMAGE_INCHES, _IMAGE_INCHES] + [3.3] * len(titles)
    figure = new_figure(sum(widths), 0.5 + _IMAGE_INCHES * len(pictures))
    all_axes = figure.subplots(len(pictures), len(widths), width_ratios=widths, squeeze=False)
    headings = ("picture", "as the network sees it", *titles)
    for axes, heading in zip(all_axes[0], headings, strict=True):
        axes.set_title(heading, fontsize=10)
    for row, picture, *of_each in zip(all_axes, pictures, *probabilities.values(), strict=True):
        _show_image(row[0], picture.preview)
        is_long = len(picture.name) > _LONGEST_NAME  # the end of a path is the file's own name
        name = f"…{picture.name[1 - _LONGEST_NAME :]}" if is_long else picture.name
        row[0].set_xlabel(name, fontsize=8)
        _show_image(row[1], picture.garment)
        for axes, of_one, title in zip(row[2:], of_each, titles, strict=True):
            _draw_bars(axes, top_classes(of_one), colours[title])
    return figure


def _show_image(axes: Axes, image: NDArray[np.uint8] | None) -> None:
    """In colours or in grey, all tops in one line; framed, since it may be as white as the page."""
    if image is not None:  # black for 0, as the network has it; the data set's figures negate it
        axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    hide_frame(axes)
    axes.spines[:].set(visible=True, color="#CCCCCC")
    axes.set_anchor("N")


def _draw_bars(axes: Axes, ranked: Sequence[tuple[str, float]], colour: str) -> None:
    class_names, probabilities = zip(*ranked, strict=True)
    bars = axes.barh(range(len(ranked)), probabilities, color=colour)
    axes.bar_label(bars, [f"{each:.2%}" for each in probabilities], padding=3, fontsize=9)
    axes.set_yticks(range(len(ranked)), class_names, fontsize=9)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.3)  # room for the label of a bar that reaches 1
    axes.set_xticks([])
    axes.spines[["top", "right", "bottom"]].set_visible(False)
