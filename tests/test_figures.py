"""The figures: the right values in them, stamped where they must be, for every kind of run."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from benchmarks.display import style
from benchmarks.run.figure import PUBLISHED_LABEL, draw_confusion, draw_learning_curves
from benchmarks.run.pictures import (
    draw_first_layer_weights,
    draw_first_predictions,
    draw_pictures,
    largest_units,
    save_pictures,
    weight_mosaic,
)
from benchmarks.runner.conduct import keep
from shared.data.dataset import CLASS_NAMES
from shared.documented import PUBLISHED_VALIDATION
from shared.experiment import Experiment
from shared.parameters import LayerParameters, Parameters, glorot_parameters
from shared.protocol import EpochMetrics
from tests.made_report import (
    NUM_VALIDATION,
    made_history,
    made_images,
    made_probabilities,
    made_run,
    made_training,
)

COMMON_FILES = {
    *("first-image.png", "image-grid.png", "learning-curves.png"),
    *("first-layer-weights.png", "first-predictions.png"),
}
RAW = made_images()


def made_parameters(*hidden_sizes: int, seed: int = 0) -> Parameters:
    experiment = Experiment(hidden_sizes=hidden_sizes)
    return glorot_parameters(experiment, np.random.default_rng(seed))


# The files.


def figures_of(
    folder: Path, *names: str, num_epochs: int, dataset: str = "fashion-mnist"
) -> dict[str, np.ndarray]:
    """The PNG files of a made run, (height, width, 4) each, by name."""
    experiment = Experiment(num_epochs=num_epochs, hidden_sizes=(num_epochs + 1, 2))
    found = made_run(folder, names, experiment=experiment, dataset=dataset)
    save_pictures(folder, found.record, RAW)
    keep(found.record, folder, "results.json")
    return {path.name: imread(path) for path in (folder / "figures").iterdir()}


@pytest.mark.parametrize(
    ("names", "num_epochs"),
    [(("keras", "jax"), 30), (("jax",), 1), (("a", "b", "a_rather_long_$name$"), 40)],
)
def test_a_run_has_all_its_figures(tmp_path: Path, names: tuple[str, ...], num_epochs: int):
    figures = figures_of(tmp_path, *names, num_epochs=num_epochs)
    assert set(figures) == COMMON_FILES | {f"confusion-{name}.png" for name in names}
    for figure in figures.values():
        assert len(np.unique(figure)) > 10  # no empty paper


def test_every_figure_of_the_stand_in_has_a_banner_on_top(tmp_path: Path):
    plain = figures_of(tmp_path / "plain", "jax", num_epochs=2)
    stamped = figures_of(tmp_path / "stamped", "jax", num_epochs=2, dataset="stand-in")
    assert set(plain) == set(stamped)
    for name, figure in stamped.items():
        height = len(figure) - len(plain[name])
        assert height == pytest.approx(0.45 * style.DOTS_PER_INCH, abs=1)
        is_red = figure[:height, :, 0] > figure[:height, :, 1] + 0.5
        assert is_red.any(), name


# Learning curves.


@pytest.mark.parametrize("published", [True, False])
@pytest.mark.parametrize("num_epochs", [1, 3, 30, 40])
def test_learning_curves_carry_exactly_the_values_given(num_epochs: int, published: bool):
    histories = {"keras": made_history(num_epochs), "jax": made_history(num_epochs, 0.01)}
    figure = draw_learning_curves(histories, published=published)
    for axes, quantity, column in zip(figure.axes, ("accuracy", "loss"), (1, 0), strict=True):
        assert axes.get_title() == quantity
        expected = {}
        for name, history in histories.items():
            expected[f"{name}, training"] = [getattr(row, quantity) for row in history]
            expected[f"{name}, validation"] = [getattr(row, f"val_{quantity}") for row in history]
        if published:
            expected[PUBLISHED_LABEL] = [row[column] for row in PUBLISHED_VALIDATION[:num_epochs]]
        points = {line.get_label(): np.asarray(line.get_xydata()) for line in axes.lines}
        assert {label: own[:, 1].tolist() for label, own in points.items()} == expected
        assert all(own[:, 0].tolist() == [*range(1, len(own) + 1)] for own in points.values())


def test_coinciding_curves_are_told_apart_by_colour_and_width():
    histories = {"keras": made_history(5), "jax": made_history(5)}
    lines = draw_learning_curves(histories, published=False).axes[0].get_lines()
    assert len({(line.get_color(), line.get_linewidth()) for line in lines}) == 2
    widths = [line.get_linewidth() for line in lines]
    assert widths == sorted(widths, reverse=True), "a wide line would cover a thin one"


@pytest.mark.parametrize("num_epochs", [1, 2, 10, 30, 1_000])
def test_epoch_ticks_are_epochs(num_epochs: int):
    axes = draw_learning_curves({"jax": made_history(num_epochs)}, published=False).axes[0]
    ticks = axes.get_xticks()
    assert len(ticks) >= 1
    assert all(tick == int(tick) and 1 <= tick <= num_epochs for tick in ticks)


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_training_that_diverged_is_drawn(tmp_path: Path, loss: float):
    history = (EpochMetrics(epoch=1, loss=loss, accuracy=0.1, val_loss=loss, val_accuracy=0.1),)
    figure = draw_learning_curves({"jax": history}, published=False)
    style.save_figure(figure, tmp_path / "curves.png", "fashion-mnist")
    lost = LayerParameters(
        name="hidden_1", kernel=np.full((784, 2), np.nan, np.float32), bias=np.zeros(2, np.float32)
    )
    figure = draw_first_layer_weights({"jax": Parameters((lost,))})
    style.save_figure(figure, tmp_path / "weights.png", "fashion-mnist")


def test_an_implementation_has_its_colour_in_whatever_company():
    alone = {title: style.implementation_colours([title])[title] for title in ("Keras", "JAX")}
    assert style.implementation_colours(["JAX", "a port", "Keras"]).items() > alone.items()
    assert len(set(style.implementation_colours(["Keras", "JAX", *"abc"]).values())) == 5


# Weights.


@pytest.mark.parametrize("num_units", [1, 2, 3, 39, 40])
def test_a_mosaic_holds_every_weight_once(num_units: int):
    columns = np.random.default_rng(0).normal(size=(784, num_units))
    mosaic = weight_mosaic(columns)
    np.testing.assert_array_equal(mosaic[:28, :28], columns[:, 0].reshape(28, 28))
    np.testing.assert_array_equal(np.sort(mosaic[~np.isnan(mosaic)]), np.sort(columns.ravel()))
    if num_units > 2:  # the second lies to the right of the first, beyond a gap
        np.testing.assert_array_equal(mosaic[:28, 31:59], columns[:, 1].reshape(28, 28))


def test_units_are_the_same_for_all_and_the_largest_of_the_first():
    parameters = {"keras": made_parameters(60, seed=1), "jax": made_parameters(60, seed=2)}
    norms = np.linalg.norm(parameters["keras"].layers[0].kernel, axis=0)
    units = largest_units(parameters["keras"].layers[0].kernel)
    assert norms[units].tolist() == sorted(norms.tolist(), reverse=True)[:40]
    figure = draw_first_layer_weights(parameters)
    for axes, name in zip(figure.axes, ("keras", "jax"), strict=False):
        assert axes.get_title() == name
        shown = np.ma.asarray(axes.get_images()[0].get_array())
        expected = weight_mosaic(parameters[name].layers[0].kernel[:, units])
        np.testing.assert_array_equal(shown.filled(np.nan), expected)
    ((low, high),) = {axes.get_images()[0].get_clim() for axes in figure.axes[:2]}
    assert low == -high


# Images, and what they are taken for.


def test_images_are_the_first_training_rows_after_the_split(tmp_path: Path):
    figures = draw_pictures(tmp_path, made_run(tmp_path).record, RAW)
    first = figures["first-image.png"].axes[0]
    grid = figures["image-grid.png"].axes
    assert len(grid) == 40
    for row, axes in enumerate([first, *grid[1:]], start=NUM_VALIDATION):
        image = axes.get_images()[0]
        np.testing.assert_array_equal(image.get_array(), RAW.train_images[row])
        assert axes.get_title() == CLASS_NAMES[RAW.train_labels[row]]
        assert (image.get_cmap().name, image.get_clim()) == ("binary", (0, 255))


def test_first_predictions_are_named_with_their_probability():
    probabilities = made_probabilities()
    runs = {name: made_training(p, 1) for name, p in probabilities.items()}
    figure = draw_first_predictions(RAW.test_images, runs)
    assert [axes.get_xlabel() for axes in figure.axes] == [
        "\n".join(
            f"{name}: {CLASS_NAMES[own[row].argmax()]}, probability {own[row].max():.3f}"
            for name, own in probabilities.items()
        )
        for row in range(3)
    ]


def test_confusion_shows_every_count_in_its_cell():
    counts = np.arange(100).reshape(10, 10)
    axes = draw_confusion(counts, "a title").axes[0]
    shown = {text.get_position(): text.get_text() for text in axes.texts}
    assert shown == {(column, row): str(counts[row, column]) for row, column in np.ndindex(10, 10)}
    assert [label.get_text() for label in axes.get_xticklabels()] == list(CLASS_NAMES)
    assert [label.get_text() for label in axes.get_yticklabels()] == list(CLASS_NAMES)
    assert axes.get_title() == "a title"
