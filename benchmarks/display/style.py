"""What all figures have in common: colours, line widths, and how they are saved."""

from collections.abc import Collection, Sequence
from io import BytesIO
from itertools import cycle
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FixedLocator

from benchmarks.runner.output_folder import whole_file

# Names come from files and command lines: dollar signs in them enclose no formula.
mpl.rcParams["text.parse_math"] = False

DOTS_PER_INCH = 150
IMAGE_COLOUR_MAP = "binary"
"""White for 0 to black for 255, as in the documented write-up."""

STAND_IN_DATASET = "stand-in"
STAND_IN_STAMP = "stand-in images, not Fashion-MNIST"

# Colours that people with colour-blindness can tell apart. Source: M. Okabe and
# K. Ito, "Color Universal Design", 2008, some of them darker, to stand on white.
COLOURS = {
    "Keras": "#D55E00",
    "Keras on TensorFlow": "#D55E00",
    "Keras on JAX": "#E69F00",
    "JAX": "#0072B2",
    "Flax NNX": "#0072B2",
    "PyTorch": "#009E73",
    "TensorFlow": "#8C2D04",
    "scikit-learn": "#8C6D1F",
    "Keras–JAX": "#CC79A7",
    "Keras–NumPy oracle": "#D55E00",
    "JAX–NumPy oracle": "#0072B2",
}
"""The colour of each implementation, and of each pair, by its title, in every figure."""
_SPARE_COLOURS = (
    *("#56B4E9", "#AA4488", "#4D4D4D", "#009E73"),
    *("#E69F00", "#B22222", "#5D3A9B"),
)
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_NUM_DECADES = 5
"""About as many powers of ten are labelled."""
_PADDING_INCHES = 0.1
_STAMP_INCHES = 0.45


class NotebookFigure(Figure):
    """A figure that notebooks show; Matplotlib's own they show only where pyplot was imported."""

    def _repr_png_(self) -> bytes:
        file = BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()


def new_figure(width: float, height: float) -> NotebookFigure:
    """An empty figure of that size in inches, which keeps its parts from overlapping."""
    layout = ConstrainedLayoutEngine(w_pad=_PADDING_INCHES, h_pad=_PADDING_INCHES)
    return NotebookFigure(figsize=(width, height), dpi=DOTS_PER_INCH, layout=layout)


def implementation_colours(titles: Collection[str]) -> dict[str, str]:
    """A colour for each implementation by its title, or for whatever else is compared."""
    strangers = [title for title in titles if title not in COLOURS]
    spare = dict(zip(strangers, cycle(_SPARE_COLOURS), strict=False))
    return {title: COLOURS.get(title) or spare[title] for title in titles}


def tidy(axes: Axes) -> None:
    """A grid behind the data, and no frame where nothing is read off."""
    axes.grid(color="#DDDDDD")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


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
    with whole_file(path) as partial:
        figure.savefig(partial, format=path.suffix[1:], dpi=DOTS_PER_INCH)


def power_of_ten(value: float, _place: float | None = None) -> str:
    """How a logarithmic axis writes a power of ten: `10⁻⁷`; Matplotlib also gives its place."""
    return f"10{str(round(np.log10(value))).translate(_SUPERSCRIPTS)}"


def place_of_zero(series: Sequence[Sequence[float]]) -> float:
    """Where a logarithmic axis shows exactly 0: two decades below all that is not."""
    smallest = min((value for values in series for value in values if value > 0), default=1.0)
    return float(10.0 ** (np.floor(np.log10(smallest)) - 2))


def label_decades(axes: Axes, zero: float) -> None:
    """Labels some powers of ten, and the place of 0 beyond a break of the axis."""
    lowest = round(np.log10(zero))
    decades = range(0, lowest + 1, lowest // _NUM_DECADES)
    powers = [10.0**decade for decade in decades]
    axes.set_xticks([zero, *powers], ["exactly 0", *map(power_of_ten, powers)])
    axes.xaxis.set_minor_locator(FixedLocator([]))
    # Two slanting strokes on the axis say that the scale is broken between 0 and the powers.
    mark = {"marker": [(-0.5, -1), (0.5, 1)], "markersize": 9, "color": "black", "clip_on": False}
    places = [zero * 10**0.8, zero * 10**1.2]
    axes.plot(places, [0, 0], linestyle="", transform=axes.get_xaxis_transform(), **mark)
    axes.axvspan(axes.get_xlim()[0], zero * 10, color="#F3F3F3", zorder=-1)
