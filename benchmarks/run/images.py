"""Figures of images: the first one, a grid of forty, and the first three predictions."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.display.style import IMAGE_COLOUR_MAP, hide_frame, new_figure
from benchmarks.runner.training import ImplementationRun

GRID_ROWS = 4
GRID_COLUMNS = 10
NUM_FIRST_PREDICTIONS = 3
# Inches that a line of ten-point text and one of its characters take.
_PREDICTION_LINE_HEIGHT = 0.24
_CHARACTER_WIDTH = 0.085


def draw_first_image(
    images: NDArray[np.uint8], labels: NDArray[np.integer], class_names: tuple[str, ...]
) -> Figure:
    """Draws the first of the training images, (n, 28, 28) with labels (n,), and its name."""
    figure = new_figure(3.6, 3.8)
    axes = figure.subplots()
    _show_image(axes, images[0])
    axes.set_title(class_names[labels[0]], fontsize=14)
    axes.set_xlabel(f"first training image, label {labels[0]}")
    return figure


def draw_image_grid(
    images: NDArray[np.uint8], labels: NDArray[np.integer], class_names: tuple[str, ...]
) -> Figure:
    """Draws the first forty images, (n, 28, 28) with labels (n,), as 4 × 10 with their names."""
    figure = new_figure(11.0, 5.4)
    all_axes = figure.subplots(GRID_ROWS, GRID_COLUMNS).ravel()
    for axes in all_axes:
        hide_frame(axes)
    for axes, image, label in zip(all_axes, images, labels, strict=False):
        _show_image(axes, image)
        axes.set_title(class_names[label], fontsize=10)
    return figure


def draw_first_predictions(
    test_images: NDArray[np.uint8],
    class_names: tuple[str, ...],
    runs: Mapping[str, ImplementationRun],
) -> Figure:
    """Draws the first three test images with what each implementation takes them for.

    Args:
        test_images: (n, 28, 28), at least the first three.
        class_names: the names of the ten classes.
        runs: by title, implementations with their first predictions and probabilities.
    """
    captions = [
        "\n".join(_prediction_line(name, runs[name], index, class_names) for name in runs)
        for index in range(NUM_FIRST_PREDICTIONS)
    ]
    longest_line = max(len(line) for caption in captions for line in caption.splitlines())
    panel_width = max(3.3, _CHARACTER_WIDTH * longest_line)
    height = 3.9 + _PREDICTION_LINE_HEIGHT * len(runs)
    figure = new_figure(panel_width * NUM_FIRST_PREDICTIONS, height)
    for index, axes in enumerate(figure.subplots(1, NUM_FIRST_PREDICTIONS)):
        _show_image(axes, test_images[index])
        axes.set_title(f"test image {index + 1}")
        axes.set_xlabel(captions[index], fontsize=10, linespacing=1.5)
    return figure


def _prediction_line(
    name: str, run: ImplementationRun, index: int, class_names: tuple[str, ...]
) -> str:
    predicted = run.first_predictions[index]
    probability = run.first_probabilities[index][predicted]
    return f"{name}: {class_names[predicted]}, probability {probability:.3f}"


def _show_image(axes: Axes, image: NDArray[np.uint8]) -> None:
    axes.imshow(image, cmap=IMAGE_COLOUR_MAP, vmin=0, vmax=255)
    hide_frame(axes)
