"""Predictions as a figure: the picture, what the network sees of it, and the top three as bars."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.display.style import hide_frame, implementation_colours, new_figure
from benchmarks.predict.results import NUM_SHOWN, PredictedPicture

NETWORK_COLOUR_MAP = "gray"
"""Black for 0, as the network has it; figures of the data set print it the other way round."""
_IMAGE_INCHES = 1.8
_BARS_INCHES = 3.3
_HEADING_INCHES = 0.5
_LONGEST_NAME = 26
_FRAME_COLOUR = "#CCCCCC"


def draw_predictions(
    pictures: Sequence[PredictedPicture],
    class_names: Sequence[str],
    titles: Mapping[str, str],
) -> Figure:
    """Draws one row a picture.

    Args:
        pictures: at least one.
        class_names: the names of the ten classes.
        titles: by implementation, its name as people write it, in the order of columns.
    """
    widths = [_IMAGE_INCHES, _IMAGE_INCHES] + [_BARS_INCHES] * len(titles)
    figure = new_figure(sum(widths), _HEADING_INCHES + _IMAGE_INCHES * len(pictures))
    all_axes = figure.subplots(len(pictures), len(widths), width_ratios=widths, squeeze=False)
    colours = implementation_colours(tuple(titles.values()))
    for row, picture in zip(all_axes, pictures, strict=True):
        _show_picture(row[0], picture)
        _show_garment(row[1], picture)
        for axes, name in zip(row[2:], titles, strict=True):
            _draw_bars(axes, picture, name, class_names, colours[titles[name]])
    headings = ("picture", "as the network sees it", *titles.values())
    for axes, heading in zip(all_axes[0], headings, strict=True):
        axes.set_title(heading, fontsize=10)
    return figure


def _show_picture(axes: Axes, picture: PredictedPicture) -> None:
    if picture.preview is not None:
        axes.imshow(picture.preview)
    _frame(axes)
    # A name is no formula, whatever dollars it holds.
    axes.set_xlabel(_shortened(picture.name), fontsize=8, parse_math=False)


def _show_garment(axes: Axes, picture: PredictedPicture) -> None:
    axes.imshow(picture.garment, cmap=NETWORK_COLOUR_MAP, vmin=0, vmax=255)
    _frame(axes)


def _frame(axes: Axes) -> None:
    """A thin line around an image, which may be as white as the page; all tops in one line."""
    hide_frame(axes)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(_FRAME_COLOUR)
    axes.set_anchor("N")


def _shortened(name: str) -> str:
    """The end of a long name: there the file's own is."""
    return name if len(name) <= _LONGEST_NAME else f"…{name[1 - _LONGEST_NAME :]}"


def _draw_bars(
    axes: Axes,
    picture: PredictedPicture,
    implementation: str,
    class_names: Sequence[str],
    colour: str,
) -> None:
    ranked = picture.top_classes(implementation)
    bars = axes.barh(range(NUM_SHOWN), [each.probability for each in ranked], color=colour)
    axes.bar_label(bars, [f"{each.probability:.2%}" for each in ranked], padding=3, fontsize=9)
    axes.set_yticks(range(NUM_SHOWN), [class_names[each.label] for each in ranked], fontsize=9)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.3)  # room for the label of a bar that reaches 1
    axes.set_xticks([])
    axes.spines[["top", "right", "bottom"]].set_visible(False)
