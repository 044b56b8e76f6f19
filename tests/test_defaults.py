"""The ladder of defaults: one habit a rung, each of them real, and the reference port on top."""

from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from benchmarks.defaults import training
from benchmarks.defaults.command import DefaultsCommand
from benchmarks.defaults.figure import draw_defaults
from benchmarks.defaults.measure import check_same, parity_of
from benchmarks.defaults.results import DefaultsResults
from benchmarks.defaults.training import PortJob, train_port
from benchmarks.display.style import place_of_zero
from benchmarks.implementations import defaults_of
from benchmarks.runner.records import read_json
from jax_impl.defaults import LADDER, Habits, Rung, build_port
from shared.data.dataset import NUM_VALIDATION_ROWS, RawDataset, split_and_scale
from shared.draws import draw_shared
from shared.errors import InputError, RunFailedError
from shared.experiment import Experiment
from shared.protocol import Examples, FitReport
from tests.command import ROOT, twins
from tests.made_examples import made_examples

NAIVE, REFERENCE = LADDER[0].habits, LADDER[-1].habits
TINY = Experiment(hidden_sizes=(4,), num_epochs=2, seed=7, randomness="shared")
NUM_ROWS = 32 * 5 + 24


def made_raw() -> RawDataset:
    generator = np.random.default_rng(0)
    num_train = NUM_VALIDATION_ROWS + NUM_ROWS
    images = generator.integers(0, 256, (num_train, 28, 28), np.uint8)
    labels = generator.integers(0, 10, num_train, np.uint8)
    return RawDataset("stand-in", "a test", images, labels, images[:96], labels[:96])


def job(rung: Rung | None, experiment: Experiment = TINY) -> PortJob:
    whole = draw_shared(experiment)
    draws = replace(whole, orders=np.stack([order[order < NUM_ROWS] for order in whole.orders]))
    raw = made_raw()
    return PortJob(implementation="jax", rung=rung, experiment=experiment, raw=raw, draws=draws)


def fit(habits: Habits, experiment: Experiment = TINY) -> FitReport:
    """Trains on orders of its own; what it says of validation is what it would evaluate."""
    dataset = split_and_scale(made_raw(), experiment.dtype)
    few = Examples(images=dataset.test.images[:40], labels=dataset.test.labels[:40])
    port = build_port(experiment, habits)
    report = port.fit(dataset.training, validation=few, orders=None, on_epoch=lambda _: None)
    evaluation, last = port.evaluate(few), report.history[-1]
    assert np.float32(last.val_loss) == np.float32(evaluation.loss)
    assert np.float32(last.val_accuracy) == np.float32(evaluation.accuracy)
    return report


def test_each_rung_changes_exactly_one_habit_and_has_a_name_for_the_table():
    for before, after in pairwise(LADDER):
        left, right = asdict(before.habits), asdict(after.habits)
        assert sum(left[name] != right[name] for name in left) == 1
    assert all(asdict(NAIVE)[name] != habit for name, habit in asdict(REFERENCE).items())
    assert len({rung.name for rung in LADDER}) == len(LADDER)
    assert max(len(rung.name) for rung in LADDER) <= 18


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_last_rung_alone_is_the_reference_port_to_the_last_bit(dtype):
    experiment = replace(TINY, dtype=dtype)
    reference = train_port(job(None, experiment))
    *others, last = (train_port(job(rung, experiment)) for rung in LADDER)
    check_same(last, reference)
    differences = asdict(parity_of(last, reference))
    assert differences.pop("num_steps") == 6
    assert set(differences.values()) == {0}
    for rung, trajectory in zip(LADDER, others, strict=False):
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


def test_the_last_batch_and_weighting_change_what_they_say_and_nothing_else():
    complete = replace(NAIVE, last_batch="kept", evaluation="all rows")
    weighted = replace(complete, metrics="mean over rows")
    dropped, by_batch, by_row = map(fit, (NAIVE, complete, weighted))
    assert len(dropped.step_losses) == 2 * 5
    losses = by_row.step_losses.reshape(2, 6)
    np.testing.assert_array_equal(dropped.step_losses[:5], losses[0, :5])
    np.testing.assert_array_equal(by_batch.step_losses, by_row.step_losses)
    for epoch in range(2):
        assert by_batch.history[epoch].loss == pytest.approx(losses[epoch].mean(), rel=1e-6)
        over_rows = np.average(losses[epoch], weights=[32] * 5 + [24])
        assert by_row.history[epoch].loss == pytest.approx(over_rows, rel=1e-6)
    reports = (dropped, by_batch, by_row)
    gaps = [training.training_loss_gap(report, NUM_ROWS, 32) for report in reports]
    assert gaps[1] > 1e-5 > max(gaps[0], gaps[2])
    # A batch of 24 has its own accuracy in 24ths, which counts as much as any other's.
    for report, num_parts in ((by_batch, 6 * 96), (by_row, NUM_ROWS)):
        correct = report.history[0].accuracy * num_parts
        assert correct == pytest.approx(round(correct), abs=1e-3)


def test_a_small_last_batch_counts_too_much_in_a_mean_of_batch_means():
    images = np.zeros((40, 28, 28), np.float32)  # all logits equal but for the bias
    examples = Examples(images=images, labels=np.repeat([0, 1], [32, 8]).astype(np.int32))
    parameters = draw_shared(TINY).parameters
    parameters.layers[-1].bias[0] = 3.0
    habits = (replace(NAIVE, evaluation="all rows"), REFERENCE)
    by_batch, by_row = (build_port(TINY, each) for each in habits)
    for port in (by_batch, by_row):
        port.set_parameters(parameters)
    true = training.true_evaluation(by_row.predict(images), examples)
    # Logits are 3, 0, …: the labels' losses are log(e³ + 9) − 3 and log(e³ + 9).
    full = np.log(np.exp(3) + 9)
    own, coarse = by_row.evaluate(examples), by_batch.evaluate(examples)
    for evaluation, share in ((true, 32 / 40), (own, 32 / 40), (coarse, 1 / 2)):
        assert evaluation.accuracy == pytest.approx(share)
        assert evaluation.loss == pytest.approx(full - 3 * share, rel=1e-6)


def test_whole_batches_leave_the_last_rows_of_an_evaluation_out():
    examples = made_examples(10_000)
    first = Examples(images=examples.images[:9_984], labels=examples.labels[:9_984])
    naive, everything = build_port(TINY, NAIVE), build_port(TINY, REFERENCE)
    everything.set_parameters(naive.get_parameters())
    expected = everything.evaluate(first)
    assert naive.evaluate(examples).loss == pytest.approx(expected.loss, rel=1e-6)
    assert naive.evaluate(examples).accuracy == pytest.approx(expected.accuracy, abs=1e-6)
    assert everything.evaluate(examples) != expected


def test_its_own_orders_follow_the_seed():
    first, again, other = fit(NAIVE), fit(NAIVE), fit(NAIVE, replace(TINY, seed=8))
    np.testing.assert_array_equal(first.step_losses, again.step_losses)
    assert not np.array_equal(first.step_losses, other.step_losses)


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(InputError, match="'keras' has no ladder of defaults: --impl takes jax"):
        defaults_of("keras")
    with pytest.raises(InputError, match="--count"):
        DefaultsCommand(count=0)
    with pytest.raises(InputError, match="--processes"):
        DefaultsCommand(processes=0)
    with pytest.raises(InputError, match="--randomness"):
        DefaultsCommand(experiment=replace(TINY, randomness="native"))


def test_a_port_that_diverges_is_named():
    with pytest.raises(RunFailedError, match="naive, seed 7: the training diverged"):
        train_port(job(LADDER[0], replace(TINY, learning_rate=1e30)))


@pytest.mark.parametrize("num_seeds", [1, 5])
def test_the_figure_has_a_row_a_rung_and_a_point_a_seed(num_seeds: int):
    stored = read_json(ROOT / "benchmarks" / "results" / "defaults.json", DefaultsResults)
    rungs = [replace(rung, seeds=rung.seeds[:num_seeds]) for rung in stored.rungs]
    results = replace(stored, rungs=(rungs[0], rungs[-1]))
    parity, report, accuracy = draw_defaults(results).axes
    labels = [label.get_text() for label in parity.get_yticklabels()]
    assert labels == ["0 naive", "1 given orders"]
    initial = np.asarray(parity.collections[0].get_offsets())[:, 0]
    largest = rungs[0].parity.initial_weights
    assert initial[0] == largest > initial[1] > 0  # exactly 0 has a place of its own
    assert place_of_zero([[0.5, 0.005]]) == pytest.approx(1e-5)
    assert place_of_zero([[0.0], [0.0, 0.0]]) == pytest.approx(0.01)
    assert len(report.collections) == 3
    assert len(np.asarray(accuracy.collections[0].get_offsets())) == num_seeds


@pytest.mark.slow
@pytest.mark.real_data
def test_the_command_writes_a_whole_ladder(tmp_path: Path, fashion_mnist_directory: Path):
    out = tmp_path / "out"
    options = "--num-epochs 1 --count 1 --hidden-sizes 4 --randomness shared --out out --data-dir"
    answer = twins("defaults", *options.split(), fashion_mnist_directory, cwd=tmp_path)
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
