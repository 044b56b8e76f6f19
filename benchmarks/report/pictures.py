"""Pictures inside the page: PNG files as data URIs, so that the page is one file."""

import base64
from collections.abc import Mapping
from io import BytesIO

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray
from PIL import Image

from benchmarks.run.weights import WEIGHT_COLOURS, colour_limit, largest_units, weight_mosaic
from shared.parameters import Parameters

TRANSPARENT = 0
"""The first colour of a palette, where nothing is drawn; the others run from low to high."""
NUM_COLOURS = 255


def grey_image(pixels: NDArray[np.uint8]) -> str:
    """A grey image, (height, width), as a data URI."""
    return _data_uri(Image.fromarray(pixels))


def first_layer_images(
    parameters: Mapping[str, Parameters],
) -> tuple[dict[str, tuple[str, int, int]], float]:
    """The weights of the same units in each implementation, drawn on one scale.

    Returns:
        A data URI with width and height in pixels for each implementation, by its
        name, and the weight that has the strongest colour.
    """
    kernels = {name: own.layers[0].kernel for name, own in parameters.items()}
    units = largest_units(next(iter(kernels.values())))
    mosaics = {name: weight_mosaic(kernel[:, units]) for name, kernel in kernels.items()}
    limit = colour_limit(mosaics)
    images = {
        name: (_coloured(mosaic, limit), mosaic.shape[1], mosaic.shape[0])
        for name, mosaic in mosaics.items()
    }
    return images, limit


def _coloured(mosaic: NDArray[np.float64], limit: float) -> str:
    """Blue for -limit over white for 0 to red for +limit; transparent where the mosaic is NaN."""
    is_drawn = np.isfinite(mosaic)
    shares = np.clip(np.where(is_drawn, mosaic, 0.0) / limit, -1, 1) / 2 + 0.5
    indices = np.where(is_drawn, 1 + np.round(shares * (NUM_COLOURS - 1)), TRANSPARENT)
    image = Image.fromarray(indices.astype(np.uint8))
    colours = colormaps[WEIGHT_COLOURS](np.linspace(0, 1, NUM_COLOURS), bytes=True)[:, :3]
    image.putpalette(bytes(3) + colours.tobytes())
    return _data_uri(image, transparency=TRANSPARENT)


def _data_uri(image: Image.Image, **options: int) -> str:
    content = BytesIO()
    image.save(content, format="PNG", optimize=True, **options)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
