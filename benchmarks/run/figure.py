"""Figures of a run's record: its learning curves, and which classes are taken for which."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from benchmarks.display.style import implementation_colours, new_figure, tidy
from shared.data.dataset import CLASS_NAMES
from shared.documented import PUBLISHED_VALIDATION
from shared.protocol import EpochMetrics

PUBLISHED_LABEL = "published run, validation"

Histories = Mapping[str, tuple[EpochMetrics, ...]]
"""Each implementation's epochs, by its title, the reference first."""

_WIDEST_LINE, _THINNEST_LINE = 5.5, 1.3
_DASH_POINTS, _GAP_POINTS = 7.0, 3.5
# Counts to this power are coloured, so that a confusion of 20 images shows beside a
# diagonal of 900. A logarithm would do so too, but knows no colour for 0.
_COLOUR_EXPONENT = 0.4
_DARK = 0.55
"""From here on, of 0 for the palest to 1 for the darkest colour, white can be read on it."""


def draw_learning_curves(histories: Histories, *, published: bool) -> Figure:
    """Draws accuracy and loss, in training and validation, after each epoch.

    Where the published run can be compared with these, its validation points are drawn for
    as many epochs as were run.
    """
    figure = new_figure(11.0, 5.0)
    accuracy, loss = figure.subplots(1, 2)
    num_epochs = max(map(len, histories.values()))
    published_losses, published_accuracies = zip(*PUBLISHED_VALIDATION[:num_epochs], strict=True)
    for axes, quantity, points in (
        (accuracy, "accuracy", published_accuracies),
        (loss, "loss", published_losses),
    ):
        _draw_curves(axes, histories, quantity)
        if published:
            hollow = {"markersize": 5, "markerfacecolor": "none", "zorder": 3}
            axes.plot(range(1, len(points) + 1), points, "kD", label=PUBLISHED_LABEL, **hollow)
        _label_panel(axes, quantity, num_epochs)
    # Both panels hold the same curves; below them, one legend covers no data.
    figure.legend(
        *figure.axes[0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=len(histories) + int(published),
        frameon=False,
        handlelength=4,
    )
    return figure


def draw_confusion(confusion: ArrayLike, title: str) -> Figure:
    """Draws counts of images, (10, 10), rows true classes, columns predicted ones."""
    counts = np.asarray(confusion)
    figure = new_figure(7.4, 7.2)
    axes = figure.subplots()
    norm = PowerNorm(_COLOUR_EXPONENT, vmin=0, vmax=max(1, int(counts.max())))
    axes.imshow(counts, cmap="Blues", interpolation="none", norm=norm)
    darkness = np.asarray(norm(counts))
    centred = {"ha": "center", "va": "center", "fontsize": 9}
    for (row, column), count in np.ndenumerate(counts):
        ink = "white" if darkness[row, column] > _DARK else "black"
        axes.text(column, row, f"{count}", color=ink, alpha=1.0 if count else 0.3, **centred)
    places = range(len(CLASS_NAMES))
    axes.set_xticks(places, CLASS_NAMES, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(places, CLASS_NAMES)
    axes.set(xlabel="predicted class", ylabel="true class", title=title)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def _draw_curves(axes: Axes, histories: Histories, quantity: str) -> None:
    colours = implementation_colours(histories)
    # Curves that coincide stay visible, each one lying upon a wider one.
    widths = np.geomspace(_WIDEST_LINE, _THINNEST_LINE, len(histories))
    for (name, history), width in zip(histories.items(), widths, strict=True):
        epochs = pd.DataFrame(history).set_index("epoch")
        training, validation = axes.plot(epochs[[quantity, f"val_{quantity}"]])
        for line in (training, validation):
            line.set(color=colours[name], linewidth=width, dash_capstyle="butt")
            # One epoch makes no line, only a point.
            line.set(marker="o" if len(epochs) == 1 else "", markersize=3 + 2 * width)
        # Dash lengths count in line widths. Divided by them, dashes of coinciding
        # curves coincide too, the thin ones inside the wide ones.
        dashes = (_DASH_POINTS / width, _GAP_POINTS / width)
        training.set(label=f"{name}, training", linestyle=(0, dashes), markerfacecolor="white")
        validation.set(label=f"{name}, validation")


def _label_panel(axes: Axes, quantity: str, num_epochs: int) -> None:
    margin = max(0.5, 0.03 * num_epochs)
    axes.set(title=quantity, xlabel="epoch", xlim=(1 - margin, num_epochs + margin))
    ticks = MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]).tick_values(0, num_epochs)
    axes.set_xticks([tick for tick in ticks if 1 <= tick <= num_epochs])
    axes.fmt_ydata = "{:.4f}".format
    tidy(axes)
