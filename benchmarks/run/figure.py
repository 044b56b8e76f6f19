"""All figures of one run, written into its folder."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.display.style import save_figure
from benchmarks.implementations import title_of
from benchmarks.run.confusion import confusion_title, draw_confusion
from benchmarks.run.curves import draw_learning_curves
from benchmarks.run.images import draw_first_image, draw_first_predictions, draw_image_grid
from benchmarks.run.results import Results
from benchmarks.run.weights import draw_first_layer_weights
from shared.parameters import Parameters


def draw_run_figures(
    folder: Path,
    *,
    train_images: NDArray[np.uint8],
    train_labels: NDArray[np.integer],
    test_images: NDArray[np.uint8],
    class_names: tuple[str, ...],
    results: Results,
    parameters: Mapping[str, Parameters],
) -> tuple[Path, ...]:
    """Draws every figure of a run as a PNG file.

    Args:
        folder: where the files go; it exists.
        train_images: (60000, 28, 28) as loaded, before the first rows are split
            off for validation; `train_labels`, (60000,), likewise.
        train_labels: see `train_images`.
        test_images: (10000, 28, 28); the first three are drawn.
        class_names: the names of the ten classes.
        results: what the run measured.
        parameters: each implementation's trained parameters, by its name.

    Returns:
        The files written, in the order of the write-up.
    """
    # The write-up looks at the training images after the split.
    first_row = results.dataset.num_validation
    images, labels = train_images[first_row:], train_labels[first_row:]
    runs = {title_of(name): run for name, run in results.runs.items()}
    histories = {title: run.history for title, run in runs.items()}
    published = results.why_not_applicable is None
    figures = {
        "first-image": draw_first_image(images, labels, class_names),
        "image-grid": draw_image_grid(images, labels, class_names),
        "learning-curves": draw_learning_curves(histories, published),
        "first-layer-weights": draw_first_layer_weights(
            {title_of(name): own for name, own in parameters.items()}
        ),
        "first-predictions": draw_first_predictions(test_images, class_names, runs),
        **{
            f"confusion-{name}": draw_confusion(run.confusion, class_names, confusion_title(name))
            for name, run in results.runs.items()
        },
    }
    paths = {name: folder / f"{name}.png" for name in figures}
    for name, figure in figures.items():
        save_figure(figure, paths[name], results.dataset.name)
    return tuple(paths.values())
