"""The figures: the right values in them, stamped where they must be, for every kind of run."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from benchmarks.display import style
from benchmarks.run import figure as run_figures
from benchmarks.run.comparison import compare_with_documented
from benchmarks.run.confusion import draw_confusion
from benchmarks.run.curves import PUBLISHED_LABEL, draw_learning_curves
from benchmarks.run.figure import draw_run_figures
from benchmarks.run.images import draw_first_image, draw_first_predictions, draw_image_grid
from benchmarks.run.results import SCHEMA_VERSION, Results
from benchmarks.run.weights import draw_first_layer_weights, largest_units, weight_mosaic
from benchmarks.runner.environment import Environment
from benchmarks.runner.training import ImplementationRun, Seconds
from shared.data.dataset import DatasetDescription
from shared.documented import PUBLISHED_VALIDATION
from shared.experiment import Experiment
from shared.parameters import LayerParameters, Parameters, glorot_parameters
from shared.protocol import EpochMetrics, Evaluation

CLASS_NAMES = tuple(f"class {index}" for index in range(10))
NUM_VALIDATION = 7
COMMON_FILES = {
    "first-image.png",
    "image-grid.png",
    "learning-curves.png",
    "first-layer-weights.png",
    "first-predictions.png",
}


def made_history(num_epochs: int, shift: float = 0.0) -> tuple[EpochMetrics, ...]:
    return tuple(
        EpochMetrics(
            epoch=epoch,
            loss=0.7 / epoch + shift,
            accuracy=1 - 0.3 / epoch + shift,
            val_loss=0.8 / epoch + shift,
            val_accuracy=1 - 0.4 / epoch + shift,
        )
        for epoch in range(1, num_epochs + 1)
    )


def made_run(num_epochs: int) -> ImplementationRun:
    confusion = np.eye(10, dtype=int) * 900 + 3
    return ImplementationRun(
        device="cpu",
        history=made_history(num_epochs),
        test=Evaluation(loss=0.3, accuracy=0.9),
        first_predictions=(9, 2, 1),
        first_probabilities=tuple(
            tuple(float(value) for value in np.eye(10)[index] * 0.9 + 0.01) for index in (9, 2, 1)
        ),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        seconds=Seconds(import_=1.0, compile=1.0, epochs=(1.0,) * num_epochs),
        data_sha256="",
    )


def made_results(
    names: tuple[str, ...], *, experiment: Experiment, dataset_name: str, reason: str | None
) -> Results:
    runs = {name: made_run(experiment.num_epochs) for name in names}
    return Results(
        schema_version=SCHEMA_VERSION,
        dataset=DatasetDescription(
            name=dataset_name,
            origin="made",
            sha256="",
            num_training=50,
            num_validation=NUM_VALIDATION,
            num_test=3,
        ),
        experiment=experiment,
        environment=Environment(
            python="",
            platform="",
            processor="",
            num_cores=1,
            packages={},
            git_commit="",
            flags=(),
            command=(),
        ),
        runs=runs,
        documented=compare_with_documented(runs, experiment, dataset_name),
        why_not_applicable=reason,
    )


def made_parameters(*hidden_sizes: int, seed: int = 0) -> Parameters:
    experiment = Experiment(hidden_sizes=hidden_sizes)
    return glorot_parameters(experiment, np.random.default_rng(seed))


def made_images(num_images: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    images = generator.integers(0, 256, (num_images, 28, 28)).astype(np.uint8)
    return images, (np.arange(num_images) % 10).astype(np.uint8)


def draw(folder: Path, results: Results) -> tuple[Path, ...]:
    images, labels = made_images(57)
    return draw_run_figures(
        folder,
        train_images=images,
        train_labels=labels,
        test_images=images[:3],
        class_names=CLASS_NAMES,
        results=results,
        parameters={
            name: made_parameters(*results.experiment.hidden_sizes) for name in results.runs
        },
    )


def texts_of(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.texts]


def curves_of(figure: Figure, panel: int) -> dict[str, tuple[list[float], list[float]]]:
    return {
        str(line.get_label()): (
            [float(x) for x in np.asarray(line.get_xdata())],
            [float(y) for y in np.asarray(line.get_ydata())],
        )
        for line in figure.axes[panel].get_lines()
    }


@pytest.mark.parametrize(
    ("names", "hidden_sizes", "num_epochs", "reason"),
    [
        (("keras", "jax"), (300, 100), 30, None),
        (("keras", "jax"), (1,), 1, "another network"),
        (("jax",), (5,), 2, None),
        (("a", "b", "a_rather_long_name"), (41,), 3, "another network"),
    ],
)
def test_a_run_has_all_its_figures(
    tmp_path: Path,
    names: tuple[str, ...],
    hidden_sizes: tuple[int, ...],
    num_epochs: int,
    reason: str | None,
):
    experiment = Experiment(hidden_sizes=hidden_sizes, num_epochs=num_epochs)
    results = made_results(
        names, experiment=experiment, dataset_name="fashion-mnist", reason=reason
    )
    paths = draw(tmp_path, results)
    expected = COMMON_FILES | {f"confusion-{name}.png" for name in names}
    assert {path.name for path in paths} == expected
    assert {path.name for path in tmp_path.iterdir()} == expected
    for path in paths:
        assert path.read_bytes().startswith(b"\x89PNG")
        assert path.stat().st_size > 4_000


@pytest.mark.parametrize(("dataset_name", "stamped"), [("stand-in", 1), ("fashion-mnist", 0)])
def test_every_figure_of_the_stand_in_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dataset_name: str, stamped: int
):
    saved: list[Figure] = []

    def save_and_keep(figure: Figure, path: Path, name: str) -> None:
        style.save_figure(figure, path, name)
        saved.append(figure)

    monkeypatch.setattr(run_figures, "save_figure", save_and_keep)
    results = made_results(
        ("keras", "jax"),
        experiment=Experiment(hidden_sizes=(3,), num_epochs=2),
        dataset_name=dataset_name,
        reason="made",
    )
    paths = draw(tmp_path, results)
    assert len(saved) == len(paths)
    for figure in saved:
        assert texts_of(figure).count("stand-in images, not Fashion-MNIST") == stamped


def test_the_stamp_lies_inside_the_figure_and_above_its_axes(tmp_path: Path):
    images, labels = made_images(40)
    figure = draw_image_grid(images, labels, CLASS_NAMES)
    style.save_figure(figure, tmp_path / "grid.png", "stand-in")
    stamp = next(text for text in figure.texts if text.get_text() == style.STAND_IN_STAMP)
    extent = stamp.get_window_extent()
    assert extent.y1 < figure.bbox.y1
    assert all(axes.title.get_window_extent().y1 < extent.y0 for axes in figure.axes)


@pytest.mark.parametrize("num_epochs", [1, 3, 30, 40])
def test_learning_curves_carry_exactly_the_values_given(num_epochs: int):
    histories = {"keras": made_history(num_epochs), "jax": made_history(num_epochs, 0.01)}
    figure = draw_learning_curves(histories, published=False)
    epochs = [float(epoch) for epoch in range(1, num_epochs + 1)]
    for panel, quantity in enumerate(("accuracy", "loss")):
        assert figure.axes[panel].get_title() == quantity
        expected = {}
        for name, history in histories.items():
            expected[f"{name}, training"] = (epochs, [getattr(row, quantity) for row in history])
            values = [getattr(row, f"val_{quantity}") for row in history]
            expected[f"{name}, validation"] = (epochs, values)
        assert curves_of(figure, panel) == expected


@pytest.mark.parametrize("num_epochs", [1, 3, 30, 40])
def test_published_points_are_those_of_the_epochs_that_were_run(num_epochs: int):
    figure = draw_learning_curves({"jax": made_history(num_epochs)}, published=True)
    published = PUBLISHED_VALIDATION[:num_epochs]
    epochs = [float(epoch) for epoch in range(1, len(published) + 1)]
    for panel, column in ((0, 1), (1, 0)):
        expected = (epochs, [row[column] for row in published])
        assert curves_of(figure, panel)[PUBLISHED_LABEL] == expected


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


@pytest.mark.parametrize("num_units", [1, 2, 3, 39, 40])
def test_a_mosaic_holds_every_weight_once(num_units: int):
    columns = np.random.default_rng(0).normal(size=(784, num_units))
    mosaic = weight_mosaic(columns)
    np.testing.assert_array_equal(mosaic[:28, :28], columns[:, 0].reshape(28, 28))
    np.testing.assert_array_equal(np.sort(mosaic[~np.isnan(mosaic)]), np.sort(columns.ravel()))


def test_units_are_the_same_for_all_and_the_largest_of_the_first():
    parameters = {"keras": made_parameters(60, seed=1), "jax": made_parameters(60, seed=2)}
    norms = np.linalg.norm(parameters["keras"].layers[0].kernel, axis=0)
    units = largest_units(parameters["keras"].layers[0].kernel)
    assert len(units) == 40
    assert norms[units].tolist() == sorted(norms.tolist(), reverse=True)[:40]
    figure = draw_first_layer_weights(parameters)
    for axes, name in zip(figure.axes, ("keras", "jax"), strict=False):
        assert axes.get_title() == name
        shown = np.ma.asarray(axes.get_images()[0].get_array())
        expected = weight_mosaic(parameters[name].layers[0].kernel[:, units])
        np.testing.assert_array_equal(shown.filled(np.nan), expected)
    limits = {axes.get_images()[0].get_clim() for axes in figure.axes[:2]}
    assert len(limits) == 1
    low, high = limits.pop()
    assert low == -high


def test_images_are_the_first_training_rows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    saved: dict[str, Figure] = {}
    monkeypatch.setattr(
        run_figures, "save_figure", lambda figure, path, _name: saved.update({path.name: figure})
    )
    results = made_results(
        ("jax",),
        experiment=Experiment(hidden_sizes=(1,), num_epochs=1),
        dataset_name="fashion-mnist",
        reason=None,
    )
    draw(tmp_path, results)
    images, labels = made_images(57)
    first = saved["first-image.png"].axes[0]
    np.testing.assert_array_equal(first.get_images()[0].get_array(), images[NUM_VALIDATION])
    assert first.get_title() == CLASS_NAMES[labels[NUM_VALIDATION]]
    grid = saved["image-grid.png"].axes
    assert len(grid) == 40
    for offset, axes in enumerate(grid):
        row = NUM_VALIDATION + offset
        np.testing.assert_array_equal(axes.get_images()[0].get_array(), images[row])
        assert axes.get_title() == CLASS_NAMES[labels[row]]


def test_an_image_is_drawn_in_the_documented_colour_map():
    images, labels = made_images(1)
    image = draw_first_image(images, labels, CLASS_NAMES).axes[0].get_images()[0]
    assert image.get_cmap().name == "binary"
    assert image.get_clim() == (0, 255)


def test_first_predictions_are_named_with_their_probability():
    images, _ = made_images(3)
    runs = {"keras": made_run(1), "jax": made_run(1)}
    figure = draw_first_predictions(images, CLASS_NAMES, runs)
    assert [axes.get_xlabel() for axes in figure.axes] == [
        f"keras: class {label}, probability 0.910\njax: class {label}, probability 0.910"
        for label in (9, 2, 1)
    ]


def test_confusion_shows_every_count_in_its_cell():
    counts = np.arange(100).reshape(10, 10)
    axes = draw_confusion(counts, CLASS_NAMES, "a title").axes[0]
    shown = {text.get_position(): text.get_text() for text in axes.texts}
    assert shown == {(column, row): str(counts[row, column]) for row, column in np.ndindex(10, 10)}
    assert [label.get_text() for label in axes.get_xticklabels()] == list(CLASS_NAMES)
    assert [label.get_text() for label in axes.get_yticklabels()] == list(CLASS_NAMES)
    assert axes.get_title() == "a title"
