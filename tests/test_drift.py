"""The drift: disturbances of rounding, trainings in segments, and what is read off them."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import STATUS_BAD_INPUT
from benchmarks.display.style import save_figure
from benchmarks.drift.curves import compare
from benchmarks.drift.figure import draw_bands, draw_drift
from benchmarks.drift.perturbation import move_last_bits, reverse_batches
from benchmarks.drift.results import Band, Curve, Drift, num_within_floor
from benchmarks.drift.segments import cut_into_segments, num_snapshots
from benchmarks.drift.trajectory import TrajectoryJob, flatten, follow, read_snapshot
from benchmarks.implementations import build_implementation
from benchmarks.runner.environment import Environment
from benchmarks.runner.records import read_json
from shared.data.dataset import DatasetDescription, RawDataset, split_and_scale
from shared.draws import Draws
from shared.experiment import DType, Experiment
from shared.parameters import glorot_parameters
from shared.protocol import Examples

ROOT = Path(__file__).parent.parent
NUM_ROWS = 7 * 32 + 24  # 8 steps, the last of them with 24 rows, as in the whole epoch


def few_orders(num_epochs: int, num_rows: int = NUM_ROWS) -> np.ndarray:
    generator = np.random.default_rng(0)
    return np.stack([generator.permutation(55_000)[:num_rows] for _ in range(num_epochs)])


def trajectory_job(
    name: str, raw: RawDataset, folder: Path, dtype: DType = "float32", num_epochs: int = 1
) -> TrajectoryJob:
    experiment = Experiment(dtype=dtype, num_epochs=num_epochs, randomness="shared")
    parameters = glorot_parameters(experiment, np.random.default_rng(1))
    return TrajectoryJob(
        implementation=name,
        experiment=experiment,
        raw=raw,
        draws=Draws(parameters=parameters, orders=few_orders(num_epochs)),
        folder=folder / f"{name}-{dtype}",
    )


# Disturbances


def test_every_weight_moves_by_exactly_one_unit_in_the_last_place():
    parameters = glorot_parameters(Experiment(), np.random.default_rng(0))
    moved = move_last_bits(parameters, np.random.default_rng(1))
    for before, after in zip(parameters.layers, moved.layers, strict=True):
        assert after.kernel.dtype == np.float32
        above = np.nextafter(before.kernel, np.float32(np.inf))
        below = np.nextafter(before.kernel, np.float32(-np.inf))
        is_above = after.kernel == above
        assert np.all(is_above | (after.kernel == below))
        assert 0.4 < is_above.mean() < 0.6
        np.testing.assert_array_equal(after.bias, before.bias)


def test_a_weight_of_zero_stays():
    parameters = glorot_parameters(Experiment(), np.random.default_rng(0))
    parameters.layers[0].kernel[:5] = 0.0
    moved = move_last_bits(parameters, np.random.default_rng(1))
    assert not moved.layers[0].kernel[:5].any()


def test_disturbances_repeat_with_their_generator_and_differ_with_another():
    parameters = glorot_parameters(Experiment(), np.random.default_rng(0))
    one, same, other = (
        flatten(move_last_bits(parameters, np.random.default_rng([42, number])))
        for number in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert np.any(one != other)


def test_reversed_batches_hold_the_same_rows():
    orders = few_orders(2)
    reversed_ = reverse_batches(orders, 32)
    assert reversed_.shape == orders.shape
    for start in range(0, NUM_ROWS, 32):
        before, after = orders[:, start : start + 32], reversed_[:, start : start + 32]
        np.testing.assert_array_equal(after, before[:, ::-1])


# Segments


@pytest.mark.parametrize(("num_rows", "batch_size"), [(55_000, 32), (632, 32), (64, 64), (10, 3)])
def test_segments_hold_each_epochs_order_in_order(num_rows: int, batch_size: int):
    orders = few_orders(3, num_rows)
    segments = list(cut_into_segments(orders, batch_size))
    np.testing.assert_array_equal(np.concatenate([s.rows for s in segments]), orders.ravel())
    steps_per_epoch = -(-num_rows // batch_size)
    first_step = 0
    for segment in segments:
        assert len(segment.rows) > 0
        num_steps = segment.last_step - first_step
        assert num_steps == -(-len(segment.rows) // batch_size)
        # Within an epoch: only the last batch of the epoch may be smaller than the others.
        ends_epoch = segment.last_step % steps_per_epoch == 0
        assert ends_epoch or len(segment.rows) == num_steps * batch_size
        assert first_step // steps_per_epoch == (segment.last_step - 1) // steps_per_epoch
        first_step = segment.last_step
    assert len(segments) == num_snapshots(orders, batch_size)


def test_snapshots_of_the_documented_run():
    steps = [s.last_step for s in cut_into_segments(few_orders(30, 55_000), 32)]
    assert steps[:12] == [*(2**exponent for exponent in range(11)), 1719]
    assert set(np.diff(steps[11:])) == {573}
    assert steps[-1] == 51_570
    assert len(steps) == 12 + 29 * 3


@pytest.mark.real_data
@pytest.mark.slow
def test_a_training_in_segments_is_the_training_in_one_piece(raw_dataset, tmp_path):
    job = trajectory_job("jax", raw_dataset, tmp_path, num_epochs=2)
    reported = []
    follow(reported.append, job)
    assert reported == [1, 2, 4, 8, 10, 13, 16]

    whole = build_implementation("jax", job.experiment)
    whole.set_parameters(job.draws.parameters)
    dataset = split_and_scale(raw_dataset, "float32")
    few = Examples(images=dataset.validation.images[:32], labels=dataset.validation.labels[:32])
    whole.fit(dataset.training, validation=few, orders=job.draws.orders, on_epoch=lambda _: None)
    snapshot = read_snapshot(job.folder, 16)
    np.testing.assert_array_equal(snapshot.weights, flatten(whole.get_parameters()))
    classes = whole.predict(dataset.test.images).classes
    np.testing.assert_array_equal(snapshot.classes, classes)


# Curves


def test_a_curve_holds_differences_and_disagreements(raw_dataset, tmp_path):
    first = trajectory_job("one", raw_dataset, tmp_path)
    second = trajectory_job("other", raw_dataset, tmp_path)
    weights = {first.folder: [1.0, 2.0, 3.0, 4.0], second.folder: [1.0, 2.0, 3.5, 3.0]}
    classes = {first.folder: [0, 1, 2], second.folder: [0, 9, 2]}
    for folder in (first.folder, second.folder):
        folder.mkdir()
        for step in (2, 10):
            np.save(folder / f"weights-{step}.npy", np.array(weights[folder], np.float32))
            np.save(folder / f"classes-{step}.npy", np.array(classes[folder], np.uint8))
    curve = compare(first, second, "across")
    assert curve.pair == ("one", "other")
    assert curve.steps == (2, 10)
    assert curve.max_difference == (1.0, 1.0)
    assert curve.rms_difference == pytest.approx([np.sqrt(1.25 / 4)] * 2)
    assert curve.disagreeing == (1, 1)


@pytest.mark.real_data
@pytest.mark.slow
def test_float64_stays_together_where_float32_does_not(raw_dataset, tmp_path):
    curves = {}
    for dtype in ("float64", "float32"):
        jobs = [trajectory_job(name, raw_dataset, tmp_path, dtype) for name in ("oracle", "jax")]
        for job in jobs:
            follow(lambda _: None, job)
        curves[dtype] = compare(jobs[0], jobs[1], "across")
    assert curves["float64"].steps == (1, 2, 4, 8)
    assert max(curves["float64"].max_difference) < 1e-13
    assert max(curves["float64"].disagreeing) == 0
    assert 1e-10 < max(curves["float32"].max_difference) < 1e-3


# Records, figures


def a_curve(kind, maxima, *, pair=("jax", "jax"), dtype: DType = "float32") -> Curve:
    return Curve(
        pair=pair,
        kind=kind,
        dtype=dtype,
        steps=(1, 2, 4),
        max_difference=maxima,
        rms_difference=tuple(value / 2 for value in maxima),
        disagreeing=(0, 1, 2),
    )


def a_drift(*curves: Curve, bands: tuple[Band, ...] = ()) -> Drift:
    return Drift(
        schema_version=1,
        dataset=DatasetDescription(
            name="fashion-mnist",
            origin="",
            sha256="",
            num_training=55_000,
            num_validation=5_000,
            num_test=10_000,
        ),
        experiment=Experiment(num_epochs=1),
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
        curves=curves,
        band_implementation="jax" if bands else None,
        bands=bands,
    )


def test_the_floor_is_made_of_the_pairs_own_curves_in_the_same_type():
    across = a_curve("across", (1e-8, 3e-8, 5e-8), pair=("keras", "jax"))
    of_jax = a_curve("last bit", (2e-8, 2e-8, 4e-8))
    of_keras = a_curve("row order", (0.0, 0.0, 5e-8), pair=("keras", "keras"))
    of_another = a_curve("last bit", (1.0, 1.0, 1.0), pair=("torch", "torch"))
    wide = a_curve("across", (0.0, 0.0, 0.0), pair=("keras", "jax"), dtype="float64")
    drift = a_drift(wide, across, of_jax, of_keras, of_another)
    assert drift.across("float32") == (across,)
    assert drift.floor_of(across) == (of_jax, of_keras)
    assert num_within_floor(across, drift.floor_of(across), "max_difference") == 2
    assert num_within_floor(across, drift.floor_of(across), "disagreeing") == 3


@pytest.mark.parametrize(
    ("values", "inside"),
    [
        ((0.81, 0.8233999609947205), True),  # 0.8234, as float32 has it
        ((0.81, 0.8233), False),
        ((0.8235, 0.83), False),
        ((0.82, 0.83), True),
    ],
)
def test_a_band_holds_values_as_they_are_printed(values: tuple[float, ...], inside: bool):
    band = Band(name="", documented=0.8234, applicable=True, values=values)
    assert band.holds_documented is inside
    assert replace(band, applicable=False).holds_documented is None


def test_figures_are_drawn_also_where_nothing_differs(tmp_path):
    bands = tuple(
        Band(name=f"figure {applicable}", documented=0.5, applicable=applicable, values=(0.4, 0.6))
        for applicable in (True, False)
    )
    zero = a_curve("one core", (0.0, 0.0, 0.0))
    drift = a_drift(a_curve("across", (0.0, 0.0, 1e-8), pair=("keras", "jax")), zero, bands=bands)
    figures = {"drift": draw_drift(drift), "bands": draw_bands(drift)}
    for name, figure in figures.items():
        save_figure(figure, tmp_path / f"{name}.png", "stand-in")
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000


# The command


@pytest.mark.parametrize(
    "options",
    [
        ("--runs", "1"),
        ("--runs", "-2"),
        ("--processes", "0"),
        ("--band-impl", "abacus"),
        ("--randomness", "native"),
        ("--dtype", "float64"),
    ],
)
def test_what_cannot_be_measured_is_refused(options: tuple[str, ...], tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "benchmarks", "drift", *options, "--out", str(out)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == STATUS_BAD_INPUT
    assert options[0] in answer.stderr
    assert not out.exists()


@pytest.mark.real_data
@pytest.mark.slow
def test_the_command_writes_its_folder(fashion_mnist_directory, tmp_path):
    options = "--num-epochs 1 --runs 2 --hidden-sizes 4 --batch-size 30000 --randomness shared"
    out = tmp_path / "out"
    command = [sys.executable, "-m", "benchmarks", "drift", *options.split()]
    answer = subprocess.run(
        [*command, "--data-dir", str(fashion_mnist_directory), "--out", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Keras–JAX in float64" in answer.stdout
    assert sorted(path.name for path in out.iterdir()) == ["drift.json", "figures", "logs"]
    assert sorted(path.name for path in (out / "figures").iterdir()) == ["bands.png", "drift.png"]
    drift = read_json(out / "drift.json", Drift)
    float64, float32 = drift.across("float64")[0], drift.across("float32")[0]
    assert float64.steps == float32.steps == (1, 2)
    assert max(float64.max_difference) < 1e-13 < max(float32.max_difference)
    kinds = {(curve.pair, curve.kind) for curve in drift.floor_of(float32)}
    expected = (
        {"last bit", "row order", "one core"}
        if sys.platform == "linux"
        else {"last bit", "row order"}
    )
    assert kinds == {((name, name), kind) for name in ("keras", "jax") for kind in expected}
    assert all(len(band.values) == 2 and not band.applicable for band in drift.bands)
    assert len({band.name for band in drift.bands}) == 4  # of epoch 1 and the test
