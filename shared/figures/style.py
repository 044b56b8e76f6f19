"""What all figures have in common: colours, line widths, and how they are saved."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

DOTS_PER_INCH = 150
IMAGE_COLOUR_MAP = "binary"
"""White for 0 to black for 255, as in the documented write-up."""

STAND_IN_DATASET = "stand-in"
STAND_IN_STAMP = "stand-in images, not Fashion-MNIST"

# Six colours that people with colour-blindness can tell apart. Source: M. Okabe
# and K. Ito, "Color Universal Design", 2008. A light colour and a dark one come
# first, because the second line is often drawn upon the first.
_PALETTE = ("#56B4E9", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#0072B2")
_PADDING_INCHES = 0.1
_STAMP_INCHES = 0.45
_THINNEST_LINE = 1.3
_WIDEST_LINE = 5.5


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of that size in inches, which keeps its parts from overlapping."""
    layout = ConstrainedLayoutEngine(w_pad=_PADDING_INCHES, h_pad=_PADDING_INCHES)
    return Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout=layout)


def implementation_colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each implementation, in the order of their names."""
    return {name: _PALETTE[i % len(_PALETTE)] for i, name in enumerate(sorted(names))}


def implementation_widths(names: Iterable[str]) -> dict[str, float]:
    """A line width in points for each implementation, the widest for the first name.

    Curves that coincide stay visible this way, each one lying upon a wider one.
    """
    ordered = sorted(names)
    widths = np.geomspace(_THINNEST_LINE, _WIDEST_LINE, len(ordered))[::-1]
    return {name: float(width) for name, width in zip(ordered, widths, strict=True)}


def hide_frame(axes: Axes) -> None:
    """Removes ticks and frame, which say nothing around an image; labels stay."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def save_figure(figure: Figure, path: Path, dataset_name: str) -> None:
    """Writes a file of the suffix's format; a figure of stand-in images says so in a banner on top.

    The banner is the figure's over-all title, for which the layout makes room;
    no figure of this package has another one.
    """
    if dataset_name == STAND_IN_DATASET:
        figure.set_figheight(figure.get_figheight() + _STAMP_INCHES)
        figure.suptitle(
            STAND_IN_STAMP, fontsize=10, weight="bold", color="white", backgroundcolor="#B00020"
        )
    figure.savefig(path, format=path.suffix[1:], dpi=DOTS_PER_INCH)
