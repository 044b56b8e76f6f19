"""The drift: disturbances of rounding, trainings in segments, and what is read off them."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.display.style import save_figure
from benchmarks.drift.figure import draw_bands, draw_drift
from benchmarks.drift.measure import (
    Snapshot,
    compare,
    cut_into_segments,
    disturb,
    drift_apart,
    flatten,
    follow,
    read_snapshots,
    reverse_batches,
)
from benchmarks.drift.results import Band, Curve, Drift, num_within_floor
from benchmarks.implementations import build_implementation
from benchmarks.options import STATUS_BAD_INPUT
from benchmarks.runner.records import read_json
from benchmarks.runner.training import TrainingJob
from shared.data.dataset import split_and_scale
from shared.draws import Draws
from shared.experiment import DType, Experiment
from shared.parameters import glorot_parameters
from shared.protocol import Examples
from tests.command import ROOT, twins

NUM_ROWS = 7 * 32 + 24  # 8 steps, the last of them with 24 rows, as in the whole epoch
MEASURED = read_json(ROOT / "benchmarks" / "results" / "drift.json", Drift)


def few_draws(num_epochs: int = 2, num_rows: int = NUM_ROWS) -> Draws:
    generator = np.random.default_rng(0)
    orders = [generator.permutation(55_000)[:num_rows] for _ in range(num_epochs)]
    return Draws(parameters=glorot_parameters(Experiment(), generator), orders=np.stack(orders))


def few_steps(name: str, raw, folder, dtype: DType = "float32", num_epochs=1) -> TrainingJob:
    experiment = Experiment(dtype=dtype, num_epochs=num_epochs, randomness="shared")
    place, draws = folder / f"{name}-{dtype}", few_draws(num_epochs)
    return TrainingJob(
        implementation=name, experiment=experiment, raw=raw, draws=draws, folder=place
    )


def test_every_weight_moves_by_exactly_one_unit_in_the_last_place_and_zeros_stay():
    draws = few_draws()
    draws.parameters.layers[0].kernel[:5] = 0.0
    moved = disturb(draws, 1, 0)
    np.testing.assert_array_equal(moved.orders, draws.orders)
    for before, after in zip(draws.parameters.layers, moved.parameters.layers, strict=True):
        assert after.kernel.dtype == np.float32
        above = np.nextafter(before.kernel, np.float32(np.inf))
        below = np.nextafter(before.kernel, np.float32(-np.inf))
        is_zero, is_above = before.kernel == 0, after.kernel == above
        np.testing.assert_array_equal(after.kernel[is_zero], 0.0)
        assert np.all(is_above | (after.kernel == below) | is_zero)
        assert 0.4 < is_above[~is_zero].mean() < 0.6
        np.testing.assert_array_equal(after.bias, before.bias)


def test_disturbances_repeat_with_their_seed_and_number_and_differ_with_others():
    numbers = ((42, 1), (42, 1), (42, 2), (43, 1))
    moved = [flatten(disturb(few_draws(), *each).parameters) for each in numbers]
    assert [np.array_equal(moved[0], each) for each in moved] == [True, True, False, False]


def test_reversed_batches_hold_the_same_rows():
    before, after = few_draws().orders, reverse_batches(few_draws(), 32).orders
    for batch in (slice(start, start + 32) for start in range(0, NUM_ROWS, 32)):
        np.testing.assert_array_equal(after[:, batch], before[:, batch][:, ::-1])


@pytest.mark.parametrize(("num_rows", "batch_size"), [(55_000, 32), (632, 32), (64, 64), (10, 3)])
def test_segments_hold_each_epochs_order_in_order(num_rows: int, batch_size: int):
    orders = few_draws(3, num_rows).orders
    segments = list(cut_into_segments(orders, batch_size))
    np.testing.assert_array_equal(np.concatenate([rows for _, rows in segments]), orders.ravel())
    steps_per_epoch = -(-num_rows // batch_size)
    first_step = 0
    for last_step, rows in segments:
        num_steps = last_step - first_step
        assert num_steps == -(-len(rows) // batch_size) > 0
        # Within an epoch: only the last batch of the epoch may be smaller than the others.
        assert last_step % steps_per_epoch == 0 or len(rows) == num_steps * batch_size
        assert first_step // steps_per_epoch == (last_step - 1) // steps_per_epoch
        first_step = last_step


def test_snapshots_of_the_documented_run():
    steps = [step for step, _ in cut_into_segments(few_draws(30, 55_000).orders, 32)]
    assert steps[:12] == [*(2**exponent for exponent in range(11)), 1719]
    assert set(np.diff(steps[11:])) == {573}
    assert steps[-1] == 51_570


@pytest.mark.real_data
@pytest.mark.slow
def test_a_training_in_segments_is_the_training_in_one_piece(raw_dataset, tmp_path):
    job = few_steps("jax", raw_dataset, tmp_path, num_epochs=2)
    reported = []
    follow(reported.append, job)
    assert reported == [1, 2, 4, 8, 10, 13, 16]
    assert job.draws is not None
    whole = build_implementation("jax", job.experiment)
    whole.set_parameters(job.draws.parameters)
    dataset = split_and_scale(raw_dataset, "float32")
    few = Examples(images=dataset.validation.images[:32], labels=dataset.validation.labels[:32])
    whole.fit(dataset.training, validation=few, orders=job.draws.orders, on_epoch=lambda _: None)
    *_, snapshot = read_snapshots(job)
    np.testing.assert_array_equal(snapshot.weights, flatten(whole.get_parameters()))
    classes = whole.predict(dataset.test.images).classes
    np.testing.assert_array_equal(snapshot.classes, classes)


def test_a_curve_holds_differences_and_disagreements(raw_dataset, tmp_path):
    def snapshots(weights: list[float], classes: list[int]) -> list[Snapshot]:
        arrays = {"weights": np.array(weights, np.float32), "classes": np.array(classes, np.uint8)}
        return [Snapshot(step=step, **arrays) for step in (2, 10)]

    one, other = snapshots([1, 2, 3, 4], [0, 1, 2]), snapshots([1, 2, 3.5, 3], [0, 9, 2])
    keras, jax = (few_steps(name, raw_dataset, tmp_path) for name in ("keras", "jax"))
    curve = compare(keras, jax, "across", one, other)
    assert (curve.pair, curve.steps) == (("keras", "jax"), (2, 10))
    assert curve.max_difference == (1.0, 1.0)
    assert curve.rms_difference == pytest.approx([np.sqrt(1.25 / 4)] * 2)
    assert curve.disagreeing == (1, 1)


@pytest.mark.real_data
@pytest.mark.slow
def test_float64_stays_together_where_others_do_not(raw_dataset, tmp_path):
    curves = []
    for dtype in ("float64", "float32"):
        one, other = (few_steps(name, raw_dataset, tmp_path, dtype) for name in ("oracle", "jax"))
        for job in (one, other):
            follow(lambda _: None, job)
        curves.append(compare(one, other, "across", read_snapshots(one), read_snapshots(other)))
    float64, float32 = curves
    assert max(float64.max_difference) < 1e-13
    assert max(float64.disagreeing) == 0
    assert 1e-10 < max(float32.max_difference) < 1e-3

    reference = few_steps("jax", raw_dataset, tmp_path)
    same = drift_apart(lambda _: None, reference, "one core", few_draws(1))
    turned = reverse_batches(few_draws(1), 32)
    moved = drift_apart(lambda _: None, reference, "row order", turned)
    assert not any(same.max_difference)
    assert 1e-10 < max(moved.max_difference) < 1e-3


def a_curve(kind, maxima, *, pair=("jax", "jax"), dtype: DType = "float32") -> Curve:
    differences = {"max_difference": maxima, "rms_difference": maxima, "disagreeing": (0, 1, 2)}
    return Curve(pair=pair, kind=kind, dtype=dtype, steps=(1, 2, 4), **differences)


def test_the_floor_is_made_of_the_pairs_own_curves_in_the_same_type():
    across = a_curve("across", (1e-8, 3e-8, 5e-8), pair=("keras", "jax"))
    of_jax = a_curve("last bit", (2e-8, 2e-8, 4e-8))
    of_keras = a_curve("row order", (0.0, 0.0, 5e-8), pair=("keras", "keras"))
    of_another = a_curve("last bit", (1.0, 1.0, 1.0), pair=("torch", "torch"))
    wide = a_curve("across", (0.0, 0.0, 0.0), pair=("keras", "jax"), dtype="float64")
    drift = replace(MEASURED, curves=(wide, across, of_jax, of_keras, of_another))
    floor = drift.floor_of(across)
    assert (drift.across, floor) == ((wide, across), (of_jax, of_keras))
    assert num_within_floor(across, floor, "max_difference") == 2
    assert num_within_floor(across, floor, "disagreeing") == 3


@pytest.mark.parametrize(
    ("values", "inside"),
    [
        ((0.81, 0.8233999609947205), True),  # 0.8234, as float32 has it
        ((0.81, 0.8233), False),
        ((0.8235, 0.83), False),
    ],
)
def test_a_band_holds_values_as_they_are_printed(values: tuple[float, ...], inside: bool):
    band = Band(name="", documented=0.8234, applicable=True, values=values)
    assert band.holds_documented is inside
    assert replace(band, applicable=False).holds_documented is None


def test_figures_are_drawn_also_where_nothing_differs(tmp_path):
    band = Band(name="figure", documented=0.5, applicable=True, values=(0.4, 0.6))
    bands = (band, replace(band, applicable=False))
    zero = a_curve("one core", (0.0, 0.0, 0.0))
    across = a_curve("across", (0.0, 0.0, 1e-8), pair=("keras", "jax"))
    drift = replace(MEASURED, curves=(across, zero), bands=bands)
    of_bands = draw_bands(drift)
    for name, figure in {"drift": draw_drift(drift), "bands": of_bands}.items():
        save_figure(figure, tmp_path / f"{name}.png", "stand-in")
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000
    labels = [label.get_text() for label in of_bands.axes[0].get_yticklabels()]
    assert labels == ["figure\ndocumented 0.5000, mean 0.5000", "figure\nmean 0.5000"]
    legends = (draw_bands(replace(drift, bands=chosen)).legends[0] for chosen in (bands, bands[1:]))
    assert [len(legend.get_texts()) for legend in legends] == [3, 2]


@pytest.mark.parametrize(
    "options",
    [
        *(("--runs", "1"), ("--runs", "-2"), ("--processes", "0"), ("--band-impl", "abacus")),
        *(("--randomness", "native"), ("--dtype", "float64")),
    ],
)
def test_what_cannot_be_measured_is_refused(options: tuple[str, ...], tmp_path):
    out = tmp_path / "out"
    answer = twins("drift", *options, "--out", out, cwd=tmp_path)
    assert answer.returncode == STATUS_BAD_INPUT
    assert options[0] in answer.stderr
    assert not out.exists()


@pytest.mark.real_data
@pytest.mark.slow
def test_the_command_writes_its_folder(fashion_mnist_directory, tmp_path):
    out, places = tmp_path / "out", ("--data-dir", fashion_mnist_directory, "--out", "out")
    options = "--num-epochs 1 --runs 2 --hidden-sizes 4 --batch-size 30000 --randomness shared"
    answer = twins("drift", *options.split(), *places, cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert "Keras–JAX in float64" in answer.stdout
    assert sorted(path.name for path in out.iterdir()) == [
        *("drift.json", "figures", "logs", "sweep.json", "trainings")
    ]
    assert sorted(path.name for path in (out / "figures").iterdir()) == ["bands.png", "drift.png"]
    drift = read_json(out / "drift.json", Drift)
    float64, float32 = drift.across
    assert float64.steps == float32.steps == (1, 2)
    assert max(float64.max_difference) < 1e-13 < max(float32.max_difference)
    kinds = {(curve.pair, curve.kind) for curve in drift.floor_of(float32)}
    expected = {"last bit", "row order"} | ({"one core"} if sys.platform == "linux" else set())
    assert kinds == {((name, name), kind) for name in ("keras", "jax") for kind in expected}
    assert all(len(band.values) == 2 and not band.applicable for band in drift.bands)
    assert len({band.name for band in drift.bands}) == 4  # of epoch 1 and the test
