"""Which classes an implementation takes for which: its confusion matrix."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from benchmarks.display.style import new_figure

# Counts to this power are coloured, so that a confusion of 20 images shows beside a
# diagonal of 900. A logarithm would do so too, but knows no colour for 0.
_COLOUR_EXPONENT = 0.4


def draw_confusion(confusion: ArrayLike, class_names: Sequence[str], title: str) -> Figure:
    """Draws a confusion matrix with its counts.

    Args:
        confusion: (10, 10) counts of images, rows true classes, columns predicted.
        class_names: the names of the ten classes.
        title: what stands above the matrix.
    """
    counts = np.asarray(confusion)
    figure = new_figure(7.4, 7.2)
    axes = figure.subplots()
    norm = PowerNorm(_COLOUR_EXPONENT, vmin=0, vmax=max(1, int(counts.max())))
    axes.imshow(counts, cmap="Blues", interpolation="none", norm=norm)
    _write_counts(axes, counts, norm)
    _name_axes(axes, class_names)
    axes.set_title(title)
    return figure


def _write_counts(axes: Axes, counts: NDArray[np.integer], norm: PowerNorm) -> None:
    darkness = np.asarray(norm(counts))
    for (row, column), count in np.ndenumerate(counts):
        axes.text(
            column,
            row,
            f"{count}",
            ha="center",
            va="center",
            fontsize=9,
            color="white" if darkness[row, column] > 0.55 else "black",
            alpha=1.0 if count else 0.3,
        )


def _name_axes(axes: Axes, class_names: Sequence[str]) -> None:
    places = range(len(class_names))
    axes.set_xticks(places, class_names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(places, class_names)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
