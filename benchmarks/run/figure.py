"""The figures of one run that show its images and weights, written into its folder."""

from pathlib import Path

from benchmarks.display.style import save_figure
from benchmarks.implementations import title_of
from benchmarks.run.images import draw_first_image, draw_first_predictions, draw_image_grid
from benchmarks.run.results import WEIGHTS_FILE, Results
from benchmarks.run.weights import draw_first_layer_weights
from shared.data.dataset import CLASS_NAMES, RawDataset
from shared.parameters import load_parameters


def draw_run_figures(folder: Path, results: Results, raw: RawDataset) -> None:
    """Draws them as PNG files into `figures/` of the run's folder, which holds its weights."""
    # The write-up looks at the training images after the split.
    first_row = results.dataset.num_validation
    images, labels = raw.train_images[first_row:], raw.train_labels[first_row:]
    parameters = {
        title_of(name): load_parameters(folder / name / WEIGHTS_FILE, results.experiment)
        for name in results.runs
    }
    runs = {title_of(name): run for name, run in results.runs.items()}
    figures = folder / "figures"
    figures.mkdir()
    for name, figure in {
        "first-image": draw_first_image(images, labels, CLASS_NAMES),
        "image-grid": draw_image_grid(images, labels, CLASS_NAMES),
        "first-layer-weights": draw_first_layer_weights(parameters),
        "first-predictions": draw_first_predictions(raw.test_images, CLASS_NAMES, runs),
    }.items():
        save_figure(figure, figures / f"{name}.png", results.dataset.name)
