"""Figures of what lies beside a run's record: images, with what they are taken for, and weights."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.display.style import IMAGE_COLOUR_MAP, hide_frame, new_figure, save_figure
from benchmarks.implementations import title_of
from benchmarks.run.results import WEIGHTS_FILE, Results
from benchmarks.runner.training import NUM_FIRST_PREDICTIONS, ImplementationRun
from shared.data.dataset import CLASS_NAMES, RawDataset
from shared.network import IMAGE_HEIGHT, IMAGE_WIDTH
from shared.parameters import Parameters, load_parameters

MAXIMUM_UNITS = 40
# Inches that a line of ten-point text and one of its characters take.
_PREDICTION_LINE_HEIGHT = 0.24
_CHARACTER_WIDTH = 0.085
_INCHES_PER_PIXEL = 0.021
_GAP_PIXELS = 3
# A few extreme weights would leave the others pale: so many percent keep a colour of their own.
_PERCENT_WITHIN_SCALE = 99.5


def draw_pictures(folder: Path, results: Results, raw: RawDataset) -> dict[str, Figure]:
    """All of them, by the names of their files; the run's folder holds its weights."""
    # The write-up looks at the training images after the split.
    first_row = results.dataset.num_validation
    images, labels = raw.train_images[first_row:], raw.train_labels[first_row:]
    parameters, runs = {}, {}
    for name, run in results.runs.items():
        path = folder / name / WEIGHTS_FILE
        parameters[title_of(name)] = load_parameters(path, results.experiment)
        runs[title_of(name)] = run
    return {
        "first-image.png": draw_first_image(images, labels),
        "image-grid.png": draw_image_grid(images, labels),
        "first-layer-weights.png": draw_first_layer_weights(parameters),
        "first-predictions.png": draw_first_predictions(raw.test_images, runs),
    }


def save_pictures(folder: Path, results: Results, raw: RawDataset) -> None:
    """Writes them into `figures/` of the run's folder."""
    (folder / "figures").mkdir(exist_ok=True)
    for name, figure in draw_pictures(folder, results, raw).items():
        save_figure(figure, folder / "figures" / name, results.dataset.name)


def draw_first_image(images: NDArray[np.uint8], labels: NDArray[np.integer]) -> Figure:
    """Draws the first of the training images, (n, 28, 28) with labels (n,), and its name."""
    figure = new_figure(3.6, 3.8)
    axes = figure.subplots()
    _show_image(axes, images[0])
    axes.set_title(CLASS_NAMES[labels[0]], fontsize=14)
    axes.set_xlabel(f"first training image, label {labels[0]}")
    return figure


def draw_image_grid(images: NDArray[np.uint8], labels: NDArray[np.integer]) -> Figure:
    """Draws the first forty images, (n, 28, 28) with labels (n,), as 4 × 10 with their names."""
    figure = new_figure(11.0, 5.4)
    grid = figure.subplots(4, 10).ravel()
    for axes, image, label in zip(grid, images, labels, strict=False):
        _show_image(axes, image)
        axes.set_title(CLASS_NAMES[label], fontsize=10)
    return figure


def draw_first_predictions(
    test_images: NDArray[np.uint8], runs: Mapping[str, ImplementationRun]
) -> Figure:
    """Draws the first three test images, (n, 28, 28), with what each run, by title, says."""
    captions = [
        [_prediction_line(title, run, index) for title, run in runs.items()]
        for index in range(NUM_FIRST_PREDICTIONS)
    ]
    longest_line = max(len(line) for caption in captions for line in caption)
    panel_width = max(3.3, _CHARACTER_WIDTH * longest_line)
    height = 3.9 + _PREDICTION_LINE_HEIGHT * len(runs)
    figure = new_figure(panel_width * NUM_FIRST_PREDICTIONS, height)
    for index, axes in enumerate(figure.subplots(1, NUM_FIRST_PREDICTIONS)):
        _show_image(axes, test_images[index])
        axes.set_title(f"test image {index + 1}")
        axes.set_xlabel("\n".join(captions[index]), fontsize=10, linespacing=1.5)
    return figure


def draw_first_layer_weights(parameters_by_name: Mapping[str, Parameters]) -> Figure:
    """Draws the weights of up to forty units of the first hidden layer, 28 × 28 each.

    The units are those with the largest weights in the first implementation,
    largest first. All implementations are shown with the same units in the
    same places and on the same scale, red for positive weights, blue for negative.
    """
    kernels = [each.layers[0].kernel for each in parameters_by_name.values()]
    units = largest_units(kernels[0])
    mosaics = np.stack([weight_mosaic(kernel[:, units]) for kernel in kernels])
    weights = np.abs(mosaics[np.isfinite(mosaics)])
    limit = float(np.percentile(weights, _PERCENT_WITHIN_SCALE)) if weights.size else 0.0
    limit = limit or 1.0  # nothing but zeros, or a training that diverged
    num_panels, height, width = mosaics.shape
    panel_width = max(2.8, _INCHES_PER_PIXEL * width)
    panel_height = max(1.5, panel_width * height / width)
    figure = new_figure(panel_width * num_panels + 1.3, panel_height + 1.0)
    all_axes = figure.subplots(1, num_panels, squeeze=False)[0]
    for axes, name, mosaic in zip(all_axes, parameters_by_name, mosaics, strict=True):
        image = axes.imshow(mosaic, "RdBu_r", interpolation="none", vmin=-limit, vmax=limit)
        axes.set_title(name)
        hide_frame(axes)
    figure.colorbar(image, ax=all_axes, label="weight", extend="both")
    figure.supxlabel(
        f"first hidden layer: {len(units)} of {kernels[0].shape[1]} units,\n"
        f"ordered by the size of their weights in {next(iter(parameters_by_name))}",
        fontsize=10,
    )
    return figure


def largest_units(kernel: NDArray[np.floating]) -> NDArray[np.intp]:
    """The columns of a kernel, (fan_in, units), with the largest norms; at most forty."""
    norms = np.linalg.norm(kernel, axis=0)
    return np.argsort(-norms, kind="stable")[:MAXIMUM_UNITS]


def weight_mosaic(columns: NDArray[np.floating]) -> NDArray[np.float64]:
    """Lays columns of weights, (784, units), out as images, forty in five rows of eight.

    NaN, which is drawn as nothing, lies between them.
    """
    num_units = columns.shape[1]
    num_columns = round(math.sqrt(num_units * 8 / 5))
    num_rows = math.ceil(num_units / num_columns)
    images = columns.T.reshape(num_units, IMAGE_HEIGHT, IMAGE_WIDTH)
    empty_places = num_rows * num_columns - num_units
    gaps = ((0, empty_places), (0, _GAP_PIXELS), (0, _GAP_PIXELS))
    tiles = np.pad(images.astype(np.float64), gaps, constant_values=np.nan)
    rows = tiles.reshape(num_rows, num_columns, *tiles.shape[1:])
    return np.block([list(row) for row in rows])[:-_GAP_PIXELS, :-_GAP_PIXELS]


def _prediction_line(title: str, run: ImplementationRun, index: int) -> str:
    predicted = run.first_predictions[index]
    probability = run.first_probabilities[index][predicted]
    return f"{title}: {CLASS_NAMES[predicted]}, probability {probability:.3f}"


def _show_image(axes: Axes, image: NDArray[np.uint8]) -> None:
    axes.imshow(image, cmap=IMAGE_COLOUR_MAP, vmin=0, vmax=255)
    hide_frame(axes)
