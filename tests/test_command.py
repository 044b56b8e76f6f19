"""The program as a user meets it: help, bad input, broken runs, two runs at once."""

import gzip
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

import pytest

from benchmarks.registry import COMMANDS
from benchmarks.run.results import Results
from benchmarks.runner.output_folder import why_unfinished
from benchmarks.runner.records import read_json
from tests.command import PROGRAM, ROOT, ended_after, environment, group_is_gone, twins

TINY = ("--num-epochs", 1, "--hidden-sizes", 4, "--batch-size", 5_000, "--randomness", "shared")


def assert_one_clear_line(answer: subprocess.CompletedProcess[str], *parts: str) -> None:
    assert answer.returncode == 2, answer.stderr
    assert answer.stderr.startswith("twins: ")
    assert answer.stderr.count("\n") == 1
    for part in parts:
        assert part in answer.stderr


def test_help_names_every_command_and_loads_neither_framework_nor_numpy():
    script = (
        "import sys; from benchmarks.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'pandas', 'jax', 'tensorflow', 'keras'} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert all(f"• {command}" in answer.stdout for command in COMMANDS)
    assert answer.stdout.endswith("[]\n")


def test_a_reader_that_has_read_enough_ends_the_program_quietly(tmp_path: Path):
    reading, writing = os.pipe()
    os.close(reading)
    answer = subprocess.run(
        [*PROGRAM, "run", "--help"],
        cwd=tmp_path,
        env=environment(),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert answer.stderr == ""
    assert answer.returncode == 141


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["run", "--num-epochs", "0"], "number of epochs"),
        (["run", "--num-epochs", "many"], "--num-epochs"),
        (["run", "--batch-size", "55001"], "batch size"),
        (["run", "--hidden-sizes", "300", "-1"], "-1"),
        (["run", "--learning-rate", "0"], "learning rate"),
        (["run", "--learning-rate", "nan"], "learning rate"),
        (["run", "--seed", "4294967296"], "seed"),
        (["run", "--dtype", "float16"], "--dtype"),
        (["run", "--randomness", "lucky"], "--randomness"),
        (["run", "--data", "cifar"], "--data"),
        (["run", "--impl", "mxnet"], "--impl"),
        (["run", "--colour", "red"], "--colour"),
        (["parity", "--randomness", "native"], "--randomness"),
        (["run", "--data", "stand-in", "--data-dir", "."], "--data-dir"),
        (["seeds", "--count", "1"], "--count"),
        (["seeds", "--seed", "3"], "--seed"),
        (["drift", "--runs", "1"], "--runs"),
        (["defaults", "--count", "0"], "--count"),
        (["swap", "--run", "nowhere"], "nowhere"),
        (["swap"], "--run"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_arguments_are_one_clear_line(arguments: list[str], named: str, tmp_path: Path):
    assert_one_clear_line(twins(*arguments, cwd=tmp_path), named)
    assert list(tmp_path.iterdir()) == []


def test_what_is_misspelt_is_told_what_it_may_have_meant(tmp_path: Path):
    meant = "perhaps you meant --num-epochs"
    assert_one_clear_line(twins("run", "--num-epoch", 3, cwd=tmp_path), "--num-epoch", meant)
    assert_one_clear_line(twins("walk", cwd=tmp_path), *COMMANDS)


def test_the_version_is_that_of_the_package(tmp_path: Path):
    answer = twins("--version", cwd=tmp_path)
    assert (answer.returncode, answer.stdout) == (0, f"twins {metadata.version('fashion-twins')}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_speaks_of_options_and_of_nothing_inside(command: str, tmp_path: Path):
    answer = twins(command, "--help", cwd=tmp_path)
    assert answer.returncode == 0
    for inside in ("Raises", "{None}", "(default: )", "(default: None)", "__tyro"):
        assert inside not in answer.stdout
    options = "num-epochs batch-size learning-rate hidden-sizes seed dtype randomness impl data out"
    assert command != "run" or all(f"--{option} " in answer.stdout for option in options.split())


@pytest.mark.parametrize("by_variable", [False, True])
def test_a_named_folder_without_the_files_is_an_error(tmp_path: Path, by_variable: bool):
    empty = tmp_path / "empty"
    empty.mkdir()
    variables = {"FASHION_MNIST_DIR": str(empty)} if by_variable else {}
    options = () if by_variable else ("--data-dir", empty)
    answer = twins("run", *TINY, *options, "--out", "out", cwd=tmp_path, **variables)
    named_by = "FASHION_MNIST_DIR" if by_variable else "--data-dir"
    assert_one_clear_line(answer, named_by, "train-images-idx3-ubyte.gz")
    assert not (tmp_path / "out").exists()


SPOIL: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda content: content[: len(content) // 2],
    "a bit flipped": lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
    "other magic": lambda content: gzip.compress(b"\0\0\x08\2" + gzip.decompress(content)[4:]),
    "label ten": lambda content: gzip.compress(gzip.decompress(content)[:-1] + b"\x0a"),
}


@pytest.mark.real_data
@pytest.mark.parametrize("spoil", SPOIL.values(), ids=SPOIL)
def test_a_spoilt_file_is_an_error(fashion_mnist_directory: Path, tmp_path: Path, spoil):
    folder = tmp_path / "files"
    shutil.copytree(fashion_mnist_directory, folder)
    file = folder / "t10k-labels-idx1-ubyte.gz"
    content = file.read_bytes()
    file.chmod(0o644)
    folder.chmod(0o755)
    file.write_bytes(spoil(content))
    answer = twins("run", *TINY, "--data-dir", folder, cwd=tmp_path)
    assert_one_clear_line(answer, file.name)
    assert not list(tmp_path.glob("runs/*"))


@pytest.mark.real_data
def test_an_occupied_output_folder_is_refused_and_left_alone(
    fashion_mnist_directory: Path, tmp_path: Path
):
    out = tmp_path / "mine"
    out.mkdir()
    (out / "thesis.txt").write_text("precious")
    answer = twins("run", *TINY, "--data-dir", fashion_mnist_directory, "--out", out, cwd=tmp_path)
    assert_one_clear_line(answer, "not empty", "--out")
    assert [path.name for path in out.iterdir()] == ["thesis.txt"]
    assert (out / "thesis.txt").read_text() == "precious"


@pytest.mark.parametrize("out", ["file/inside", "/proc/twins"])
def test_an_output_folder_that_cannot_be_made_is_an_error(tmp_path: Path, out: str):
    (tmp_path / "file").write_text("")
    answer = twins("run", *TINY, "--data", "stand-in", "--out", out, cwd=tmp_path)
    assert_one_clear_line(answer, "cannot be written", "--out")


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize("randomness", ["shared", "native"])
def test_a_short_run_of_both(fashion_mnist_directory: Path, tmp_path: Path, randomness: str):
    answer = twins(
        *("run", *TINY[:-1], randomness, "--data-dir", fashion_mnist_directory),
        *("--seed", 3, "--out", tmp_path / "run"),
        cwd=tmp_path,
    )
    assert answer.returncode == 0, answer.stderr
    results = read_json(tmp_path / "run" / "results.json", Results)
    assert list(results.runs) == ["keras", "jax"]
    assert {c.verdicts["jax"] for c in results.documented} == {"not applicable"}
    assert "not applicable, this run is not the documented one" in answer.stdout
    # The same weights and orders lead to the same losses, each framework's own do not.
    keras, jax = (run.history[0].loss for run in results.runs.values())
    assert (abs(keras - jax) < 1e-4) == (randomness == "shared")


def without_data(home: Path) -> dict[str, str]:
    """A machine that has no images and can fetch none: nothing listens at its proxy."""
    proxy = "http://127.0.0.1:9"
    cache = str(home / "cache")
    return {"HOME": str(home), "XDG_CACHE_HOME": cache, "HTTPS_PROXY": proxy, "https_proxy": proxy}


@pytest.mark.slow
def test_without_fashion_mnist_the_stand_in_is_taken_and_never_unnoticed(tmp_path: Path):
    answer = twins(
        *("run", *TINY, "--impl", "jax", "--out", tmp_path / "run"),
        cwd=tmp_path,
        **without_data(tmp_path),
    )
    assert answer.returncode == 0, answer.stderr
    assert "stand-in images, not Fashion-MNIST" in answer.stdout
    results = read_json(tmp_path / "run" / "results.json", Results)
    assert results.dataset.name == "stand-in"
    assert {c.verdicts["jax"] for c in results.documented} == {"not applicable"}


def test_fashion_mnist_demanded_and_not_to_be_had_is_an_error(tmp_path: Path):
    options = ("run", *TINY, "--data", "fashion-mnist")
    answer = twins(*options, cwd=tmp_path, **without_data(tmp_path))
    assert_one_clear_line(answer, "--data-dir", "--data stand-in")


@pytest.mark.slow
@pytest.mark.real_data
def test_a_diverging_training_fails_with_its_remedy(fashion_mnist_directory: Path, tmp_path: Path):
    answer = twins(
        *("run", *TINY, "--impl", "jax", "--learning-rate", "1e30"),
        *("--data-dir", fashion_mnist_directory, "--out", tmp_path / "run"),
        cwd=tmp_path,
    )
    assert answer.returncode == 1
    assert "diverged" in answer.stderr
    assert "--learning-rate" in answer.stderr
    assert not (tmp_path / "run" / "results.json").exists()
    assert "diverged" in (tmp_path / "run" / "UNFINISHED.txt").read_text()


@pytest.fixture
def long_run(fashion_mnist_directory: Path, tmp_path: Path) -> subprocess.Popen[str]:
    """A run for a thousand epochs, into `run`, that has trained two."""
    arguments = ["run", "--impl", "jax", "--randomness", "shared", "--num-epochs", "1000"]
    arguments += ["--hidden-sizes", "4", "--data-dir", str(fashion_mnist_directory), "--out", "run"]
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a process group of the program and its children, no one else
    )
    assert process.stdout is not None
    with ended_after(process):
        num_epochs = 0
        while num_epochs < 2:
            line = process.stdout.readline()
            assert line, "the run ended early, or was silent for too long"
            num_epochs += "epoch" in line
    return process


@pytest.mark.slow
@pytest.mark.real_data
def test_ctrl_c_leaves_no_orphan_and_keeps_what_is_finished(
    long_run: subprocess.Popen[str], tmp_path: Path
):
    os.killpg(long_run.pid, signal.SIGINT)  # a terminal's Ctrl-C goes to the whole group
    _, errors = long_run.communicate(timeout=120)
    assert long_run.returncode == 130
    assert errors.splitlines() == ["twins: interrupted; what is finished was kept"]
    assert group_is_gone(long_run.pid)
    assert len((tmp_path / "run/jax/history.csv").read_text().splitlines()) >= 3
    assert "not finished" in (tmp_path / "run/UNFINISHED.txt").read_text()
    assert not (tmp_path / "run/results.json").exists()


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.skipif(sys.platform != "linux", reason="finds children in /proc")
def test_a_worker_that_dies_fails_the_run_with_the_end_of_its_log(
    long_run: subprocess.Popen[str], tmp_path: Path
):
    children = Path(f"/proc/{long_run.pid}/task/{long_run.pid}/children").read_text().split()
    # The last to be started is the worker.
    os.kill(int(children[-1]), signal.SIGKILL)
    _, errors = long_run.communicate(timeout=120)
    assert long_run.returncode == 1
    assert "JAX: the process ended with status -9" in errors
    assert "worker.log" in errors
    assert "Traceback" not in errors
    assert (tmp_path / "run/UNFINISHED.txt").exists()


@pytest.mark.slow
@pytest.mark.real_data
def test_a_killed_program_takes_its_worker_along(long_run: subprocess.Popen[str], tmp_path: Path):
    long_run.kill()
    long_run.communicate(timeout=120)
    assert group_is_gone(long_run.pid)
    assert why_unfinished(tmp_path / "run").startswith("`twins run` was broken off: process ")


@pytest.mark.slow
@pytest.mark.real_data
def test_two_runs_at_once_do_not_disturb_each_other(fashion_mnist_directory: Path, tmp_path: Path):
    options = ("run", *TINY, "--impl", "jax", "--data-dir", fashion_mnist_directory)
    with ThreadPoolExecutor() as pool:
        both = [pool.submit(twins, *options, cwd=tmp_path) for _ in range(2)]
    assert [answer.result().returncode for answer in both] == [0, 0]
    first, second = (read_json(path, Results) for path in tmp_path.glob("runs/*/results.json"))
    assert first.runs["jax"].history == second.runs["jax"].history
