"""Turns a picture into what the network was trained on: a garment on 28×28 pixels, light on black.

The data set was made from a shop's photographs in these steps: the edges that have the
corners' colour, within 5 % of the largest intensity, are trimmed; the longest side is made 28
pixels long, and the result sharpened; it is centred on 28×28; intensities are negated, since
the photographs' ground is white; and it is made grey. Source: H. Xiao, K. Rasul,
R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
Algorithms", arXiv:1708.07747, 2017, section 2 and figure 1.

Here the same is done for grounds of any brightness, and for cut-outs. There is no sharpening:
that made up for skipping pixels, and here they are averaged.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.predict.picture import Picture
from shared.data.dataset import BRIGHTEST_PIXEL
from shared.errors import InputError
from shared.network import IMAGE_HEIGHT, IMAGE_WIDTH

Grey = NDArray[np.floating]
"""(height, width), 0 black to 1 white."""

SIDE = IMAGE_WIDTH
CLOSE = 0.05
"""How far from the ground's grey a pixel may lie and still belong to it, as in the data set."""
LIGHT = 0.75
DARK = 0.25
"""A ground between the two may be either; above and below there is no doubt."""
LARGEST_UNEVEN_SHARE = 0.2
"""A ground is uneven where more of the picture's border than this differs from its grey.
Measured: 2,000 test images at three times their size, somewhere on a plain ground of 120
pixels, reach 0.10 at most; a change of brightness by 0.15 across the ground gives 0.32 or
more, noise of standard deviation 0.05 gives 0.26 or more. A garment that lies along much of
the border is above it too: then the ground's grey cannot be told with certainty."""
NUM_LEVELS = 16
LEAST_TRANSPARENT_SHARE = 0.05
"""A picture with less transparency than this is no cut-out: it has rounded corners, say."""
OPAQUE = 0.5
FAINT = 0.1
"""A cut-out that would be less grey than this on white is laid on black."""


def garment_of(picture: Picture) -> NDArray[np.uint8]:
    """The garment as the data set would hold it, (28, 28), 0 ground to 255.

    A picture of 28×28 pixels on a dark ground, like those of the data set, comes back
    bit by bit; one on a light ground is negated and no more.

    Raises:
        InputError: nothing is on the picture, only its ground.
    """
    if _is_ready(picture):
        garment = _light_on_black(picture.luminance)
        _demand_something(garment != garment[0, 0], picture.name)
        return _to_bytes(garment)
    garment, extent = _garment_and_extent(picture)
    _demand_something(extent, picture.name)
    return _to_bytes(_centred(_fitted(garment[_box(extent)])))


def has_uneven_ground(picture: Picture) -> bool:
    """Whether the garment was perhaps cut out badly, since its ground is not of one grey.

    A picture that is taken as it is, or that is cut out by its transparency, has no such ground.
    """
    if _is_ready(picture):
        return False
    luminance = picture.luminance
    if picture.alpha is not None:
        extent = picture.alpha > CLOSE
        _demand_something(extent, picture.name)
        luminance, alpha = luminance[_box(extent)], picture.alpha[_box(extent)]
        if _is_cut_out(alpha):
            return False
        level = ground_level(luminance, alpha)
        luminance = luminance * alpha + level * (1 - alpha)
    off_ground = np.abs(_border(luminance) - ground_level(luminance)) > CLOSE
    return bool(off_ground.mean() > LARGEST_UNEVEN_SHARE)


def network_input(garments: list[NDArray[np.uint8]], dtype: str) -> NDArray[np.floating]:
    """The garments as implementations take them, (n, 28, 28), scaled as the data set is."""
    scaled = np.stack(garments).astype(dtype)
    scaled /= BRIGHTEST_PIXEL
    return scaled


def ground_level(luminance: Grey, alpha: Grey | None = None) -> float:
    """The grey of what the garment lies on: the most usual one along the picture's border.

    The median would be the garment's own where it touches the border on most sides; the
    most usual of 16 levels is the ground's in each test image of the data set. Where
    there is an `alpha`, transparent pixels do not count.
    """
    border = _border(luminance)
    if alpha is not None:
        border = border[_border(alpha) >= OPAQUE]
    levels = np.minimum((border * NUM_LEVELS).astype(int), NUM_LEVELS - 1)
    most_usual = np.bincount(levels, minlength=NUM_LEVELS).argmax()
    return float(np.median(border[levels == most_usual]))


def _border(values: Grey) -> Grey:
    return np.concatenate([values[0], values[-1], values[1:-1, 0], values[1:-1, -1]])


def _is_ready(picture: Picture) -> bool:
    """Whether it has the data set's size, and a ground of which there is no doubt."""
    if picture.luminance.shape != (IMAGE_HEIGHT, IMAGE_WIDTH) or picture.alpha is not None:
        return False
    return not DARK < ground_level(picture.luminance) < LIGHT


def _light_on_black(luminance: Grey) -> Grey:
    return luminance if ground_level(luminance) <= DARK else 1 - luminance


def _demand_something(extent: NDArray[np.bool_], name: str) -> None:
    if not extent.any():
        raise InputError(
            f"nothing is to be seen on {name}, it is all ground: name a picture of a garment on "
            "a plain ground that is darker or lighter"
        )


def _garment_and_extent(picture: Picture) -> tuple[Grey, NDArray[np.bool_]]:
    """The garment light on black, and which pixels it covers."""
    if picture.alpha is None:
        return _on_ground(picture.luminance, ground_level(picture.luminance))
    extent = picture.alpha > CLOSE
    _demand_something(extent, picture.name)
    luminance, alpha = picture.luminance[_box(extent)], picture.alpha[_box(extent)]
    if _is_cut_out(alpha):
        return _over_white_or_black(luminance, alpha), alpha > CLOSE
    level = ground_level(luminance, alpha)
    return _on_ground(luminance * alpha + level * (1 - alpha), level)


def _is_cut_out(alpha: Grey) -> bool:
    """Whether transparency takes the place of the ground, its outer edges left aside."""
    is_transparent = alpha < OPAQUE
    is_usual = is_transparent.mean() >= LEAST_TRANSPARENT_SHARE
    return bool(is_usual or np.all(_border(alpha) < OPAQUE))


def _over_white_or_black(luminance: Grey, alpha: Grey) -> Grey:
    """A garment on nothing: laid on white, as the shop's were; on black if it is white itself."""
    over_white = (1 - luminance) * alpha
    if over_white.sum() < FAINT * alpha.sum():
        return luminance * alpha
    return over_white


def _on_ground(luminance: Grey, level: float) -> tuple[Grey, NDArray[np.bool_]]:
    """How much darker than its ground the garment is, or how much lighter, whichever is more.

    0 is the ground, 1 the most that can be: on white the negative, on black the picture
    itself. Besides, which pixels are not the ground's.
    """
    extent = np.abs(luminance - level) > CLOSE
    darker = np.maximum(level - luminance, 0)
    lighter = np.maximum(luminance - level, 0)
    if darker.sum() > lighter.sum():
        return darker / level, extent
    return lighter / max(1 - level, CLOSE), extent


def _box(extent: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The rows and columns from the first to the last that hold anything."""
    return _span(np.any(extent, axis=1)), _span(np.any(extent, axis=0))


def _span(occupied: NDArray[np.bool_]) -> slice:
    places = np.flatnonzero(occupied)
    return slice(int(places[0]), int(places[-1]) + 1)


def _fitted(garment: Grey) -> Grey:
    """Resized so that the longest side is 28, the other in proportion, 1 or more."""
    height, width = garment.shape
    longest = max(height, width)
    size = (_scaled_side(width, longest), _scaled_side(height, longest))
    resized = Image.fromarray(garment).resize(size, Image.Resampling.LANCZOS)
    return np.clip(np.asarray(resized), 0, 1)


def _scaled_side(side: int, longest: int) -> int:
    return max(1, int(SIDE * side / longest + 0.5))


def _centred(garment: Grey) -> Grey:
    """On 28×28 black pixels; an odd row goes above, an odd column right, as mostly in the data."""
    height, width = garment.shape
    top, left = (SIDE - height + 1) // 2, (SIDE - width) // 2
    canvas = np.zeros((SIDE, SIDE), np.float32)
    canvas[top : top + height, left : left + width] = garment
    return canvas


def _to_bytes(garment: Grey) -> NDArray[np.uint8]:
    return np.rint(garment * BRIGHTEST_PIXEL).astype(np.uint8)
