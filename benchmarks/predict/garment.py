"""Turns a picture into what the network was trained on: a garment on 28×28 pixels, light on black.

The data set was made from a shop's photographs in these steps: edges of the corners' colour,
within 5 % of the largest intensity, are trimmed; the longest side is made 28 pixels long, and the
result sharpened; it is centred on 28×28, negated, since the photographs' ground is white, and made
grey. Source: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking
Machine Learning Algorithms", arXiv:1708.07747, 2017, section 2 and figure 1.

Here the same is done for grounds of any brightness, and for cut-outs. There is no sharpening: that
made up for skipping pixels, and here they are averaged.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.predict.picture import luminance_and_alpha
from shared.data.dataset import BRIGHTEST_PIXEL
from shared.errors import InputError
from shared.network import IMAGE_WIDTH as SIDE

Grey = NDArray[np.floating]
"""(height, width), 0 black to 1 white."""

CLOSE = 0.05
"""How far from the ground's grey a pixel may lie and still belong to it, as in the data set."""
DARK, LIGHT = 0.25, 0.75
"""A ground between the two may be either; above and below there is no doubt."""
LARGEST_UNEVEN_SHARE = 0.2
"""A ground is uneven where more of the picture's border than this differs from its grey. Measured:
2,000 test images at three times their size, somewhere on a plain ground of 120 pixels, reach 0.10
at most; a change of brightness by 0.15 across the ground gives 0.32 or more, noise of standard
deviation 0.05 gives 0.26 or more. A garment along much of the border is above it too: then the
ground's grey cannot be told with certainty."""
LEAST_TRANSPARENT_SHARE = 0.05
"""A picture with less transparency than this is no cut-out: it has rounded corners, say."""
OPAQUE = 0.5
FAINT = 0.1
"""A cut-out that would be less grey than this on white is laid on black."""


def garment_of(picture: Image.Image) -> tuple[NDArray[np.uint8], bool]:
    """The garment as the data set would hold it, (28, 28), and whether its ground is uneven.

    A picture of 28×28 pixels on a dark ground, like those of the data set, comes back bit by bit;
    one on a light ground is negated and no more. Neither is called uneven, nor what its
    transparency cuts out. Raises InputError where there is only ground.
    """
    luminance, alpha = luminance_and_alpha(picture)
    level = ground_level(border_of(luminance))
    is_ready = luminance.shape == (SIDE, SIDE) and alpha.min() == 1
    if is_ready and not DARK < level < LIGHT:
        _box(luminance != luminance[0, 0])  # raises where all is ground
        return _on_canvas(luminance if level <= DARK else 1 - luminance), False
    visible = _box(alpha > CLOSE)
    luminance, alpha = luminance[visible], alpha[visible]
    is_transparent = alpha < OPAQUE
    is_cut_out = is_transparent.mean() >= LEAST_TRANSPARENT_SHARE
    if is_cut_out or border_of(is_transparent).all():
        # Laid on white, as the shop's garments were; on black if it is white itself.
        over_white = (1 - luminance) * alpha
        is_faint = over_white.sum() < FAINT * alpha.sum()
        return _on_canvas(luminance * alpha if is_faint else over_white), False
    level = ground_level(border_of(luminance)[border_of(alpha) >= OPAQUE])
    luminance = luminance * alpha + level * (1 - alpha)
    is_off_ground = np.abs(luminance - level) > CLOSE
    is_uneven = border_of(is_off_ground).mean() > LARGEST_UNEVEN_SHARE
    return _on_canvas(_off_ground(luminance, level)[_box(is_off_ground)]), bool(is_uneven)


def border_of(values: NDArray[Any]) -> NDArray[Any]:
    """The outermost pixels, (n,)."""
    return np.concatenate([values[0], values[-1], values[1:-1, 0], values[1:-1, -1]])


def ground_level(border: Grey) -> float:
    """The grey of what the garment lies on: the most usual one along the picture's border, (n,).

    The median would be the garment's own where it touches most sides; the most usual of 16 levels
    is the ground's in each test image of the data set.
    """
    levels = np.minimum((border * 16).astype(int), 15)
    return float(np.median(border[levels == np.bincount(levels).argmax()]))


def _box(extent: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The rows and columns from the first to the last that hold anything."""
    box = Image.fromarray(extent).getbbox()
    if box is None:
        raise InputError("is all ground: name a picture with a garment darker or lighter than it")
    left, top, right, bottom = box
    return slice(top, bottom), slice(left, right)


def _off_ground(luminance: Grey, level: float) -> Grey:
    """How much darker than its ground the garment is, or lighter, whichever is more; 1 at most."""
    darker = np.maximum(level - luminance, 0)
    lighter = np.maximum(luminance - level, 0)
    if darker.sum() > lighter.sum():
        return darker / level
    return lighter / max(1 - level, CLOSE)


def _on_canvas(garment: Grey) -> NDArray[np.uint8]:
    """Resized so that the longest side is 28, the other in proportion; centred on 28×28 of black.

    An odd row goes above, an odd column right, as mostly in the data.
    """
    longest = max(garment.shape)
    height, width = (max(1, int(SIDE * side / longest + 0.5)) for side in garment.shape)
    resized = Image.fromarray(garment).resize((width, height), Image.Resampling.LANCZOS)
    top, left = (SIDE - height + 1) // 2, (SIDE - width) // 2
    canvas = np.zeros((SIDE, SIDE), np.float32)
    canvas[top : top + height, left : left + width] = np.clip(np.asarray(resized), 0, 1)
    return np.rint(canvas * BRIGHTEST_PIXEL).astype(np.uint8)
