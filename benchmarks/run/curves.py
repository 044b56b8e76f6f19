"""The learning curves of all implementations, and the published run's validation points."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from benchmarks.display.style import implementation_colours, implementation_widths, new_figure, tidy
from shared.documented import PUBLISHED_VALIDATION
from shared.protocol import EpochMetrics

PUBLISHED_LABEL = "published run, validation"
_PANELS = ("accuracy", "loss")
_DASH_POINTS = 7.0
_GAP_POINTS = 3.5


def draw_learning_curves(
    histories: Mapping[str, tuple[EpochMetrics, ...]], published: bool
) -> Figure:
    """Draws accuracy and loss, in training and validation, after each epoch.

    Args:
        histories: each implementation's epochs, by its title, the reference first.
        published: whether the published run can be compared with these; its
            validation points are then drawn for as many epochs as were run.
    """
    figure = new_figure(11.0, 5.0)
    all_axes = dict(zip(_PANELS, figure.subplots(1, 2), strict=True))
    frames = {name: history_frame(histories[name]) for name in histories}
    num_epochs = max(len(frame) for frame in frames.values())
    for quantity, axes in all_axes.items():
        _draw_curves(axes, frames, quantity)
        if published:
            _draw_published_points(axes, quantity, num_epochs)
        _label_panel(axes, quantity, num_epochs)
    # Both panels hold the same curves; below them, one legend covers no data.
    handles, labels = all_axes["accuracy"].get_legend_handles_labels()
    columns = len(frames) + int(published)
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        handlelength=4,
    )
    return figure


def history_frame(history: tuple[EpochMetrics, ...]) -> pd.DataFrame:
    """A history as a table: a row for each epoch, columns loss, accuracy, val_loss, …."""
    return pd.DataFrame(list(history)).set_index("epoch")


def published_frame(num_epochs: int) -> pd.DataFrame:
    """The published run's `val_loss` and `val_accuracy` in its first epochs."""
    points = PUBLISHED_VALIDATION[:num_epochs]
    epochs = pd.RangeIndex(1, len(points) + 1, name="epoch")
    return pd.DataFrame(list(points), columns=["val_loss", "val_accuracy"], index=epochs)


def _draw_curves(axes: Axes, frames: Mapping[str, pd.DataFrame], quantity: str) -> None:
    colours = implementation_colours(frames)
    widths = implementation_widths(frames)
    for name, frame in frames.items():
        training = _plot(axes, frame, quantity, colours[name], widths[name])
        training.set_label(f"{name}, training")
        training.set_markerfacecolor("white")
        # Dash lengths count in line widths. Divided by them, dashes of coinciding
        # curves coincide too, the thin ones inside the wide ones.
        training.set_linestyle((0, (_DASH_POINTS / widths[name], _GAP_POINTS / widths[name])))
        validation = _plot(axes, frame, f"val_{quantity}", colours[name], widths[name])
        validation.set_label(f"{name}, validation")


def _plot(axes: Axes, frame: pd.DataFrame, column: str, colour: str, width: float) -> Line2D:
    # One epoch makes no line, only a point.
    marker = "o" if len(frame) == 1 else ""
    (line,) = axes.plot(
        frame.index,
        frame[column],
        color=colour,
        linewidth=width,
        marker=marker,
        markersize=3 + 2 * width,
        dash_capstyle="butt",
    )
    return line


def _draw_published_points(axes: Axes, quantity: str, num_epochs: int) -> None:
    frame = published_frame(num_epochs)
    axes.plot(
        frame.index,
        frame[f"val_{quantity}"],
        label=PUBLISHED_LABEL,
        linestyle="",
        marker="D",
        markersize=5,
        color="black",
        markerfacecolor="none",
        zorder=3,
    )


def _label_panel(axes: Axes, quantity: str, num_epochs: int) -> None:
    axes.set_title(quantity)
    axes.set_xlabel("epoch")
    margin = max(0.5, 0.03 * num_epochs)
    axes.set_xlim(1 - margin, num_epochs + margin)
    axes.set_xticks(_epoch_ticks(num_epochs))
    axes.fmt_ydata = "{:.4f}".format
    tidy(axes)


def _epoch_ticks(num_epochs: int) -> list[int]:
    locator = MaxNLocator(nbins=8, integer=True, steps=[1, 2, 5, 10])
    ticks = locator.tick_values(0, num_epochs)
    return [int(tick) for tick in ticks if 1 <= tick <= num_epochs]
