"""The ladder of defaults: one habit a rung, each of them real, and the reference port on top."""

from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from benchmarks.defaults.command import DefaultsCommand
from benchmarks.defaults.figure import draw_defaults
from benchmarks.defaults.measure import check_same, parity_of
from benchmarks.defaults.results import DefaultsResults
from benchmarks.defaults.training import (
    PortJob,
    Trajectory,
    batch_sizes,
    train_port,
    training_loss_gap,
    true_evaluation,
)
from benchmarks.display.style import place_of_zero
from benchmarks.implementations import defaults_of
from benchmarks.runner.records import read_json
from jax_impl.defaults import LADDER, Habits, Rung, build_port
from shared.data.dataset import NUM_VALIDATION_ROWS, RawDataset, split_and_scale
from shared.draws import Draws, draw_shared
from shared.errors import InputError, RunFailedError
from shared.experiment import Experiment
from shared.protocol import Examples, FitReport
from tests.command import twins

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
NAIVE, REFERENCE = LADDER[0].habits, LADDER[-1].habits
TINY = Experiment(hidden_sizes=(4,), num_epochs=2, seed=7, randomness="shared")
NUM_ROWS = 32 * 5 + 24


def made_raw(num_test: int = 96) -> RawDataset:
    generator = np.random.default_rng(0)
    num_train = NUM_VALIDATION_ROWS + NUM_ROWS
    return RawDataset(
        name="stand-in",
        origin="a test",
        note="",
        train_images=generator.integers(0, 256, (num_train, 28, 28), np.uint8),
        train_labels=generator.integers(0, 10, num_train, np.uint8),
        test_images=generator.integers(0, 256, (num_test, 28, 28), np.uint8),
        test_labels=generator.integers(0, 10, num_test, np.uint8),
    )


def made_draws(experiment: Experiment = TINY) -> Draws:
    generator = np.random.default_rng(1)
    orders = [generator.permutation(NUM_ROWS) for _ in range(experiment.num_epochs)]
    return Draws(parameters=draw_shared(experiment).parameters, orders=np.stack(orders))


def job(rung: Rung | None, experiment: Experiment = TINY) -> PortJob:
    return PortJob(
        implementation="jax",
        rung=rung,
        experiment=experiment,
        raw=made_raw(),
        draws=made_draws(experiment),
    )


@pytest.fixture(scope="module")
def reference() -> Trajectory:
    return train_port(job(None))


def fit(habits: Habits, experiment: Experiment = TINY) -> tuple[FitReport, Examples]:
    dataset = split_and_scale(made_raw(), experiment.dtype)
    small = Examples(images=dataset.validation.images[:40], labels=dataset.validation.labels[:40])
    port = build_port(experiment, habits)
    report = port.fit(dataset.training, validation=small, orders=None, on_epoch=lambda _: None)
    return report, small


def test_each_rung_changes_exactly_one_habit():
    for before, after in pairwise(LADDER):
        left, right = asdict(before.habits), asdict(after.habits)
        assert sum(left[name] != right[name] for name in left) == 1
    assert all(asdict(NAIVE)[name] != habit for name, habit in asdict(REFERENCE).items())


def test_names_are_unique_and_short_enough_for_the_table():
    assert len({rung.name for rung in LADDER}) == len(LADDER)
    assert max(len(rung.name) for rung in LADDER) <= 18


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_last_rung_is_the_reference_port_to_the_last_bit(dtype):
    experiment = replace(TINY, dtype=dtype)
    reference = train_port(job(None, experiment))
    last = train_port(job(LADDER[-1], experiment))
    check_same(last, reference)
    parity = parity_of(last, reference)
    assert parity.num_steps == 6
    differences = asdict(parity)
    del differences["num_steps"]
    assert set(differences.values()) == {0}


@pytest.mark.parametrize("rung", LADDER[:-1], ids=lambda rung: rung.name)
def test_no_other_rung_passes_for_the_reference_port(rung: Rung, reference: Trajectory):
    trajectory = train_port(job(rung))
    with pytest.raises(RunFailedError, match="not the reference port"):
        check_same(trajectory, reference)
    parity = parity_of(trajectory, reference)
    assert (parity.initial_weights == 0) == rung.habits.takes_weights
    assert parity.final_weights > 1e-4


@pytest.mark.parametrize(
    ("initialiser", "deviation", "largest"),
    [("LeCun-normal", 0.0357, 0.0812), ("Glorot-uniform", 0.0430, 0.0744)],
)
def test_kernels_follow_the_law_of_their_initialiser(initialiser, deviation, largest):
    port = build_port(Experiment(seed=3), replace(NAIVE, initialiser=initialiser))
    first = port.get_parameters().layers[0]
    assert first.kernel.std() == pytest.approx(deviation, abs=1e-4)
    assert np.abs(first.kernel).max() == pytest.approx(largest, abs=1e-4)
    assert not first.bias.any()


def test_a_dropped_last_batch_is_a_step_less():
    dropped, _ = fit(NAIVE)
    kept, _ = fit(replace(NAIVE, last_batch="kept"))
    steps = [report.step_losses.reshape(2, -1).shape[1] for report in (dropped, kept)]
    assert steps == [5, 6]
    first_epoch = kept.step_losses.reshape(2, -1)[0, :5]
    np.testing.assert_array_equal(first_epoch, dropped.step_losses.reshape(2, -1)[0])


def test_weighting_changes_the_report_and_not_the_training():
    complete = replace(NAIVE, last_batch="kept", evaluation="all rows")
    by_batch, _ = fit(complete)
    by_row, _ = fit(replace(complete, metrics="mean over rows"))
    np.testing.assert_array_equal(by_batch.step_losses, by_row.step_losses)
    losses = by_row.step_losses.reshape(2, -1)
    sizes = batch_sizes(NUM_ROWS, 32, losses)
    assert list(sizes) == [32] * 5 + [24]
    for epoch in range(2):
        assert by_batch.history[epoch].loss == pytest.approx(losses[epoch].mean(), rel=1e-6)
        weighted = np.average(losses[epoch], weights=sizes)
        assert by_row.history[epoch].loss == pytest.approx(weighted, rel=1e-6)
    assert training_loss_gap(by_batch, sizes) > 1e-5 > training_loss_gap(by_row, sizes)
    # A batch of 24 has its own accuracy in 24ths, which counts as much as any other's.
    assert (by_batch.history[0].accuracy * 6 * 96) == pytest.approx(
        round(by_batch.history[0].accuracy * 6 * 96), abs=1e-3
    )
    assert by_row.history[0].accuracy * NUM_ROWS == pytest.approx(
        round(by_row.history[0].accuracy * NUM_ROWS), abs=1e-3
    )


def test_a_small_last_batch_counts_too_much_in_a_mean_of_batch_means():
    images = np.zeros((40, 28, 28), np.float32)  # all logits equal but for the bias
    examples = Examples(images=images, labels=np.repeat([0, 1], [32, 8]).astype(np.int32))
    by_batch = build_port(TINY, replace(NAIVE, evaluation="all rows"))
    by_row = build_port(TINY, REFERENCE)
    parameters = draw_shared(TINY).parameters
    parameters.layers[-1].bias[0] = 3.0
    for port in (by_batch, by_row):
        port.set_parameters(parameters)
    true = true_evaluation(by_row.predict(images), examples)
    assert by_row.evaluate(examples).loss == pytest.approx(true.loss, rel=1e-6)
    assert by_row.evaluate(examples).accuracy == pytest.approx(32 / 40)
    assert by_batch.evaluate(examples).accuracy == pytest.approx(1 / 2)
    # Logits are 3, 0, …: the labels' losses are log(e³ + 9) − 3 and log(e³ + 9).
    full = np.log(np.exp(3) + 9)
    assert by_batch.evaluate(examples).loss == pytest.approx(full - 3 / 2, rel=1e-6)
    assert true.loss == pytest.approx(full - 3 * 32 / 40, rel=1e-6)


def test_whole_batches_leave_the_last_rows_of_an_evaluation_out():
    generator = np.random.default_rng(5)
    images = generator.random((10_000, 28, 28), np.float32)
    examples = Examples(images=images, labels=generator.integers(0, 10, 10_000, np.int32))
    first = Examples(images=images[:9_984], labels=examples.labels[:9_984])
    naive = build_port(TINY, NAIVE)
    everything = build_port(TINY, replace(NAIVE, evaluation="all rows", metrics="mean over rows"))
    parameters = naive.get_parameters()
    everything.set_parameters(parameters)
    expected = everything.evaluate(first)
    assert naive.evaluate(examples).loss == pytest.approx(expected.loss, rel=1e-6)
    assert naive.evaluate(examples).accuracy == pytest.approx(expected.accuracy, abs=1e-6)
    assert everything.evaluate(examples) != expected


def test_validation_is_reported_as_the_habits_evaluate():
    report, validation = fit(replace(NAIVE, evaluation="all rows"))
    port = build_port(TINY, replace(NAIVE, evaluation="all rows"))
    dataset = split_and_scale(made_raw(), TINY.dtype)
    port.fit(dataset.training, validation=validation, orders=None, on_epoch=lambda _: None)
    evaluation = port.evaluate(validation)
    assert report.history[-1].val_loss == evaluation.loss
    assert report.history[-1].val_accuracy == evaluation.accuracy


def test_its_own_orders_differ_from_epoch_to_epoch_and_follow_the_seed():
    first, again = fit(NAIVE)[0], fit(NAIVE)[0]
    np.testing.assert_array_equal(first.step_losses, again.step_losses)
    other, _ = fit(replace(NAIVE, initialiser="Glorot-uniform"), replace(TINY, seed=8))
    assert not np.array_equal(first.step_losses, other.step_losses)


def test_the_documented_experiment_has_1718_steps_or_1719():
    assert 55_000 // 32 == 1_718
    assert list(batch_sizes(55_000, 32, np.zeros((1, 1_719)))[-2:]) == [32, 24]
    assert list(batch_sizes(55_000, 32, np.zeros((1, 1_718)))[-2:]) == [32, 32]


def test_an_implementation_without_a_ladder_is_named():
    with pytest.raises(InputError, match="'keras' has no ladder of defaults: --impl takes jax"):
        defaults_of("keras")


def test_impossible_options_are_refused():
    with pytest.raises(InputError, match="--count"):
        DefaultsCommand(count=0)
    with pytest.raises(InputError, match="--processes"):
        DefaultsCommand(processes=0)


def test_a_port_that_diverges_is_named():
    with pytest.raises(RunFailedError, match="naive, seed 7: the training diverged"):
        train_port(job(LADDER[0], replace(TINY, learning_rate=1e30)))


@pytest.mark.parametrize("num_seeds", [1, 5])
def test_the_figure_has_a_row_a_rung_and_a_point_a_seed(num_seeds: int):
    stored = read_json(RESULTS / "defaults.json", DefaultsResults)
    rungs = [replace(rung, seeds=rung.seeds[:num_seeds]) for rung in stored.rungs]
    results = replace(stored, rungs=(rungs[0], rungs[-1]))
    parity, report, accuracy = draw_defaults(results).axes
    labels = [label.get_text() for label in parity.get_yticklabels()]
    assert labels == ["0 naive", "1 given orders"]
    initial = np.asarray(parity.collections[0].get_offsets())[:, 0]
    largest = rungs[0].parity.initial_weights
    assert initial[0] == largest > initial[1] > 0  # exactly 0 has a place of its own
    assert len(report.collections) == 3
    assert len(np.asarray(accuracy.collections[0].get_offsets())) == num_seeds


def test_zero_has_a_place_two_decades_below_everything_else():
    assert place_of_zero([[0.5, 0.005]]) == pytest.approx(1e-5)
    assert place_of_zero([[0.0], [0.0, 0.0]]) == pytest.approx(0.01)


@pytest.mark.slow
@pytest.mark.real_data
def test_the_command_writes_a_whole_ladder(tmp_path: Path, fashion_mnist_directory: Path):
    out = tmp_path / "out"
    options = ["--num-epochs", "1", "--count", "1", "--hidden-sizes", "4", "--randomness", "shared"]
    places = ["--data-dir", fashion_mnist_directory, "--out", out]
    answer = twins("defaults", *options, *places, cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    results = read_json(out / "defaults.json", DefaultsResults)
    assert [rung.name for rung in results.rungs] == [rung.name for rung in LADDER]
    assert [rung.parity.num_steps for rung in results.rungs] == [1_718] * 2 + [1_719] * 5
    assert results.rungs[-1].parity.final_weights == 0
    assert results.rungs[0].test_loss_gap > 1e-6 > results.rungs[3].test_loss_gap
    assert results.rungs[0].seeds[0].true == results.rungs[1].seeds[0].true
    assert results.rungs[2].seeds[0].true == results.rungs[3].seeds[0].true
    assert (out / "figures" / "defaults.png").read_bytes().startswith(b"\x89PNG")
    assert not (out / "UNFINISHED.txt").exists()
    tables = answer.stdout[answer.stdout.index("Largest") : answer.stdout.index("A JAX port")]
    assert max(map(len, tables.splitlines())) <= 80
