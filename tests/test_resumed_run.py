"""`twins run --resume`: whatever broke a run off, it goes on to the same bits, or refuses to."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.command_line import parse
from benchmarks.implementations import title_of
from benchmarks.options import Context
from benchmarks.run.results import Results, RunPlan
from benchmarks.runner.checkpoint import (
    Checkpoint,
    latest_checkpoint,
    store_checkpoint,
    stored_epochs,
)
from benchmarks.runner.processes import Report, run_in_process
from benchmarks.runner.records import read_json, write_json
from benchmarks.runner.training import Training, TrainingJob, train
from shared.data.dataset import RawDataset, describe
from shared.draws import Draws, sha256_of
from shared.errors import InputError
from shared.experiment import Experiment
from shared.parameters import glorot_parameters, save_parameters
from shared.protocol import EpochMetrics
from tests.command import PROGRAM, ended_after, environment, group_is_gone, made_context, twins

OPTIONS = ("--data", "stand-in", "--randomness", "shared", "--hidden-sizes", "1")
QUICK = ("run", *OPTIONS, "--batch-size", "5000")
NAMES = ("keras", "jax")


def kill_a_run(folder: Path, sign: str, num_epochs: int) -> None:
    """Kills a run, all its processes at once, as soon as there is a file of that pattern."""
    command = [*PROGRAM, *QUICK, "--num-epochs", str(num_epochs), "--out", str(folder)]
    process = subprocess.Popen(
        command,
        cwd=folder.parent,
        env=environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    with ended_after(process, seconds=300):
        while process.poll() is None and not any(folder.glob(sign)):
            time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert group_is_gone(process.pid)


def essence(folder: Path, name: str) -> tuple[bytes, ...]:
    """What may differ in no bit: history, trained weights, predictions."""
    files = ("history.csv", "weights.safetensors", "test-probabilities.npy")
    return tuple((folder / name / file).read_bytes() for file in files)


def names_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unbroken") / "run"
    answer = twins(*QUICK, "--num-epochs", "3", "--out", folder, cwd=folder.parent)
    assert answer.returncode == 0, answer.stderr
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sign", "num_epochs", "is_damaged"),
    [
        ("keras/checkpoints/epoch-*", 2, False),
        ("jax/checkpoints/epoch-*", 3, True),
        ("figures/first-image.png", 3, False),
    ],
    ids=["in Keras, before it grows", "in JAX, its last checkpoint damaged", "in the figures"],
)
def test_a_killed_run_goes_on_to_the_bits_of_an_unbroken_one(
    unbroken: Path, tmp_path: Path, sign: str, num_epochs: int, is_damaged: bool
):
    folder = tmp_path / "run"
    kill_a_run(folder, sign, num_epochs)
    assert not (folder / "results.json").exists()
    broken = "keras" if sign.startswith("keras") else "jax"
    checkpoints, title = folder / broken / "checkpoints", title_of(broken)
    (checkpoints / ".epoch-3.safetensors.partial").write_bytes(b"half a checkpoint")
    # How many epochs are through when the signal arrives is a matter of chance.
    stored = stored_epochs(checkpoints)
    if is_damaged:
        flip_a_bit(checkpoints / f"epoch-{stored.pop()}.safetensors", -1)
    answer = twins(*QUICK, "--num-epochs", "3", "--resume", folder, cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert ("a damaged checkpoint is left aside" in answer.stdout) == is_damaged
    num_stored = stored[-1] if stored else 0
    if num_stored:
        assert f"{title}: {num_stored} of 3 epochs are stored" in answer.stdout
    trained = [number for number in (1, 2, 3) if f"{title}: epoch {number} " in answer.stdout]
    assert trained == list(range(num_stored + 1, 4))
    if broken == "jax":
        assert "Keras: 3 of 3 epochs are stored" in answer.stdout
        assert "Keras: epoch" not in answer.stdout
    for name in NAMES:
        assert essence(folder, name) == essence(unbroken, name)
    assert names_in(folder) == names_in(unbroken)
    resumed, whole = (read_json(place / "results.json", Results) for place in (folder, unbroken))
    for name in NAMES:
        assert len(resumed.runs[name].seconds.epochs) == 3
        same = {"seconds": whole.runs[name].seconds}
        assert replace(resumed.runs[name], **same) == whole.runs[name]


@pytest.mark.slow
def test_a_finished_run_grows(unbroken: Path, tmp_path: Path):
    folder = tmp_path / "run"
    grow = (*QUICK, "--impl", "jax", "--num-epochs")
    assert twins(*grow, "1", "--out", folder, cwd=tmp_path).returncode == 0
    assert stored_epochs(folder / "jax" / "checkpoints") == [1]
    answer = twins(*grow, "3", "--resume", folder, cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert essence(folder, "jax") == essence(unbroken, "jax")


# From here on one training at a time, without the command line.

EXPERIMENT = Experiment(hidden_sizes=(3,), num_epochs=3, batch_size=64, randomness="native")


def made_job(folder: Path, name: str = "oracle", num_epochs: int = 3) -> TrainingJob:
    """A training of 300 rows, shuffled by the implementation itself."""
    generator = np.random.default_rng(5)
    images = generator.integers(0, 256, (5_300, 28, 28), np.uint8)
    labels = generator.integers(0, 10, 5_300).astype(np.uint8)
    return TrainingJob(
        implementation=name,
        experiment=replace(EXPERIMENT, num_epochs=num_epochs),
        raw=RawDataset("stand-in", "made", images, labels, images[:500], labels[:500]),
        draws=None,
        folder=folder,
    )


def with_orders(job: TrainingJob) -> TrainingJob:
    generator = np.random.default_rng(6)
    parameters = glorot_parameters(job.experiment, generator)
    orders = np.stack([generator.permutation(300) for _ in range(job.experiment.num_epochs)])
    return replace(job, draws=Draws(parameters=parameters, orders=orders))


def outcome(training: Training) -> tuple[str, tuple[EpochMetrics, ...]]:
    arrays = (array for _, array in training.parameters.named_arrays())
    return sha256_of(*arrays, training.test_probabilities), training.run.history


def ignore(_event: object) -> None:
    """Hears of an epoch."""


def train_two_epochs_and_three(report: Report, folder: Path, name: str):
    train(report, made_job(folder, name, num_epochs=2))
    return outcome(train(report, made_job(folder / "other", name)))


def train_the_third(report: Report, folder: Path, name: str):
    stored = latest_checkpoint(folder / "checkpoints", EXPERIMENT, print)
    assert len(stored.history) == 2
    return outcome(train(report, replace(made_job(folder / "other", name), checkpoint=stored)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "backend"),
    [
        ("jax", ""),
        ("torch", ""),
        ("keras", "tensorflow"),
        ("keras", "jax"),
        ("keras", "torch"),
    ],
)
def test_each_goes_on_with_the_random_numbers_of_its_own(
    name: str, backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    if "torch" in (name, backend):
        pytest.importorskip("torch", reason="PyTorch is not installed: make peers")
    if backend:
        monkeypatch.setenv("KERAS_BACKEND", backend)
    folder, log, epochs = tmp_path / "training", tmp_path / "log", []
    folder.mkdir()
    unbroken = run_in_process(train_two_epochs_and_three, folder, name, log=log)
    resumed = run_in_process(train_the_third, folder, name, log=log, on_event=epochs.append)
    assert resumed == unbroken
    assert [metrics.epoch for metrics in epochs] == [3]


def test_orders_that_are_given_go_on_in_any_implementation(tmp_path: Path):
    job = with_orders(made_job(tmp_path))
    unbroken = outcome(train(ignore, replace(job, folder=tmp_path / "unbroken")))
    train(ignore, with_orders(made_job(tmp_path, num_epochs=2)))
    assert stored_epochs(tmp_path / "checkpoints") == [2]
    stored = latest_checkpoint(tmp_path / "checkpoints", EXPERIMENT, print)
    assert outcome(train(ignore, replace(job, checkpoint=stored))) == unbroken
    assert stored_epochs(tmp_path / "checkpoints") == [3]


def test_each_epoch_is_stored_before_it_is_reported_and_two_are_kept(tmp_path: Path):
    seen = []

    def look(metrics: EpochMetrics) -> None:
        seen.append((metrics.epoch, stored_epochs(tmp_path / "checkpoints")))

    train(look, with_orders(made_job(tmp_path)))
    assert seen == [(1, [1]), (2, [1, 2]), (3, [2, 3])]


WEIGHTS = [glorot_parameters(EXPERIMENT, np.random.default_rng(seed)) for seed in range(3)]


def made_checkpoint(num_epochs: int, device: str = "cpu (NumPy, float64)") -> Checkpoint:
    generator = np.random.default_rng(num_epochs)
    epochs = range(1, 1 + num_epochs)
    return Checkpoint(
        parameters=WEIGHTS[num_epochs],
        device=device,
        history=tuple(EpochMetrics(epoch, *generator.random(4).tolist()) for epoch in epochs),
        compile_seconds=0.1,
        epoch_seconds=tuple(generator.random(num_epochs).tolist()),
    )


def store(num_epochs: int, folder: Path) -> Checkpoint:
    checkpoint = made_checkpoint(num_epochs)
    store_checkpoint(checkpoint, WEIGHTS[num_epochs], folder, num_kept=2)
    return checkpoint


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (made_checkpoint(2), "oracle cannot go on with what it shuffles by itself"),
        (made_checkpoint(2, "gpu"), "trained on gpu would go on otherwise on cpu"),
    ],
)
def test_what_would_go_on_otherwise_is_refused(start: Checkpoint, message: str, tmp_path: Path):
    with pytest.raises(InputError, match=message) as refusal:
        train(ignore, replace(made_job(tmp_path), checkpoint=start))
    assert "\n" not in str(refusal.value)


def flip_a_bit(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip_a_bit_of_the_history(path: Path) -> None:
    flip_a_bit(path, path.read_bytes().index(b"val_loss") + len("val_loss") + 8)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        truncate,
        lambda path: flip_a_bit(path, -1),
        lambda path: flip_a_bit(path, 0),
        flip_a_bit_of_the_history,
        lambda path: path.write_bytes(path.with_name("another").read_bytes()),
    ],
    ids=["emptied", "truncated", "a weight", "the header", "the history", "without a history"],
)
def test_a_damaged_checkpoint_is_noticed_and_the_one_before_is_taken(
    tmp_path: Path, damage: Callable[[Path], Any]
):
    stored = [store(number, tmp_path) for number in (1, 2)]
    save_parameters(WEIGHTS[2], tmp_path / "another")
    said: list[str] = []
    found = latest_checkpoint(tmp_path, EXPERIMENT, said.append)
    assert (same(found, stored[1]), said) == (True, [])
    for number, expected in ((2, stored[0]), (1, Checkpoint())):
        path = tmp_path / f"epoch-{number}.safetensors"
        damage(path)
        said.clear()
        assert same(latest_checkpoint(tmp_path, EXPERIMENT, said.append), expected)
        assert path.name in said[-1]
        assert not any("\n" in line for line in said)


def same(left: Checkpoint, right: Checkpoint) -> bool:
    if left.parameters is None or right.parameters is None:
        return left == right
    pairs = zip(left.parameters.named_arrays(), right.parameters.named_arrays(), strict=True)
    are_equal = all(np.array_equal(one, other) for (_, one), (_, other) in pairs)
    return are_equal and replace(left, parameters=None) == replace(right, parameters=None)


@pytest.fixture
def stored_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run of three epochs that was broken off after the second of Keras."""
    raw = made_job(tmp_path).raw
    monkeypatch.setattr(Context, "load_images", lambda *_: raw)
    plan = RunPlan(
        dataset=describe(raw),
        experiment=EXPERIMENT,
        environment=made_context(tmp_path).describe_environment(),
        implementations=NAMES,
        in_bulk=False,
    )
    folder = tmp_path / "run"
    folder.mkdir()
    write_json(plan, folder / "plan.json")
    store(2, folder / "keras" / "checkpoints")
    return folder


AS_STORED = ("--hidden-sizes", "3", "--num-epochs", "3", "--batch-size", "64")
NATIVE = ("--randomness", "native")


@pytest.mark.parametrize(
    ("words", "variables", "message"),
    [
        ((*AS_STORED, *NATIVE, "--impl", "jax"), {}, "implementations: .*keras.*, asked"),
        ((*AS_STORED, *NATIVE, "--in-bulk"), {}, "in bulk: stored False, asked True"),
        ((*AS_STORED, *NATIVE, "--seed", "7"), {}, "seed: stored 42, asked 7"),
        (AS_STORED, {}, "randomness: stored native, asked published"),
        ((*AS_STORED, *NATIVE), {"XLA_FLAGS": "x"}, "variables: .*XLA_FLAGS=x"),
        ((*AS_STORED, *NATIVE, "--num-epochs", "1"), {}, "holds 2 epochs"),
    ],
)
def test_another_run_is_refused_and_nothing_touched(
    stored_run: Path, words: tuple[str, ...], variables: dict[str, Any], message: str
):
    def state() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in stored_run.rglob("*")}

    before = state()
    command = parse(["run", *words, "--resume", str(stored_run)])
    with pytest.raises(InputError, match=message) as refusal:
        command.execute(made_context(stored_run.parent, **variables))
    assert "\n" not in str(refusal.value)
    assert state() == before


def test_a_folder_without_a_run_is_refused(stored_run: Path):
    for folder in (stored_run.parent, stored_run / "missing"):
        command = parse(["run", "--resume", str(folder)])
        with pytest.raises(InputError, match="holds no run"):
            command.execute(made_context(stored_run.parent))


def test_a_new_folder_and_an_old_one_are_not_both_given():
    with pytest.raises(InputError, match="one of the two"):
        parse(["run", "--out", "a", "--resume", "b"])
