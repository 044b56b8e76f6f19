"""What the first hidden layer looks for: its weights, unit by unit, as images."""

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.display.style import hide_frame, new_figure
from shared.network import IMAGE_HEIGHT, IMAGE_WIDTH
from shared.parameters import Parameters

MAXIMUM_UNITS = 40
WEIGHT_COLOURS = "RdBu_r"
"""Red for positive weights, white for 0, blue for negative ones."""
_INCHES_PER_PIXEL = 0.021
_GAP_PIXELS = 3
_COLUMNS_PER_ROW = 8 / 5
# A few extreme weights would leave the others pale: so many percent keep a colour of their own.
_PERCENT_WITHIN_SCALE = 99.5


def draw_first_layer_weights(parameters_by_name: Mapping[str, Parameters]) -> Figure:
    """Draws the weights of up to forty units of the first hidden layer, 28 × 28 each.

    The units are those with the largest weights in the first implementation,
    largest first. All implementations are shown with the same units in the
    same places and on the same scale, red for positive weights, blue for negative.
    """
    names = list(parameters_by_name)
    kernels = {name: parameters_by_name[name].layers[0].kernel for name in names}
    units = largest_units(kernels[names[0]])
    mosaics = {name: weight_mosaic(kernels[name][:, units]) for name in names}
    num_units = kernels[names[0]].shape[1]
    limit = colour_limit(mosaics)
    height, width = mosaics[names[0]].shape
    panel_width = max(2.8, _INCHES_PER_PIXEL * width)
    panel_height = max(1.5, panel_width * height / width)
    figure = new_figure(panel_width * len(names) + 1.3, panel_height + 1.0)
    all_axes = figure.subplots(1, len(names), squeeze=False)[0]
    for name, axes in zip(names, all_axes, strict=True):
        image = axes.imshow(
            mosaics[name], cmap=WEIGHT_COLOURS, interpolation="none", vmin=-limit, vmax=limit
        )
        axes.set_title(name)
        hide_frame(axes)
    figure.colorbar(image, ax=all_axes, label="weight", extend="both")
    figure.supxlabel(
        f"first hidden layer: {len(units)} of {num_units} units,\n"
        f"ordered by the size of their weights in {names[0]}",
        fontsize=10,
    )
    return figure


def largest_units(kernel: NDArray[np.floating]) -> NDArray[np.intp]:
    """The columns of a kernel, (fan_in, units), with the largest norms; at most forty."""
    norms = np.linalg.norm(kernel, axis=0)
    return np.argsort(-norms, kind="stable")[:MAXIMUM_UNITS]


def weight_mosaic(columns: NDArray[np.floating]) -> NDArray[np.float64]:
    """Lays columns of weights, (784, units), out as images, forty in five rows of eight.

    Returns:
        One picture of all units; NaN, which is drawn as nothing, lies between them.
    """
    num_units = columns.shape[1]
    num_columns = round(math.sqrt(num_units * _COLUMNS_PER_ROW))
    num_rows = math.ceil(num_units / num_columns)
    shape = (_mosaic_length(num_rows, IMAGE_HEIGHT), _mosaic_length(num_columns, IMAGE_WIDTH))
    mosaic = np.full(shape, np.nan)
    for index in range(num_units):
        row, column = divmod(index, num_columns)
        top = row * (IMAGE_HEIGHT + _GAP_PIXELS)
        left = column * (IMAGE_WIDTH + _GAP_PIXELS)
        unit = columns[:, index].reshape(IMAGE_HEIGHT, IMAGE_WIDTH)
        mosaic[top : top + IMAGE_HEIGHT, left : left + IMAGE_WIDTH] = unit
    return mosaic


def colour_limit(mosaics: Mapping[str, NDArray[np.float64]]) -> float:
    """The weight that gets the strongest colour; a few larger ones get it too."""
    weights = np.concatenate([mosaic[np.isfinite(mosaic)] for mosaic in mosaics.values()])
    if not weights.any():
        return 1.0  # nothing but zeros, or a training that diverged
    return float(np.percentile(np.abs(weights), _PERCENT_WITHIN_SCALE)) or 1.0


def _mosaic_length(num_images: int, image_length: int) -> int:
    return num_images * (image_length + _GAP_PIXELS) - _GAP_PIXELS
