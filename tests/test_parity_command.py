"""`twins parity` with the real frameworks: a whole epoch in float64, and in float32."""

from pathlib import Path

import pytest

from benchmarks.parity.results import ParityReport
from benchmarks.parity.rungs import RUNGS
from benchmarks.runner.records import read_json
from tests.command import ROOT, twins

pytestmark = [pytest.mark.slow, pytest.mark.real_data]

PAIRS = {("keras", "jax"), ("keras", "oracle"), ("jax", "oracle")}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_keras_jax_and_the_oracle_are_one_program_over_an_epoch(
    fashion_mnist_directory: Path, tmp_path: Path, dtype: str
):
    answer = twins(
        *("parity", "--dtype", dtype, "--num-epochs", 1, "--data-dir", fashion_mnist_directory),
        *("--out", tmp_path / "parity"),
        cwd=tmp_path,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    report = read_json(tmp_path / "parity" / "parity.json", ParityReport)
    assert report.passed
    assert {(result.name, result.pair) for result in report.rungs} == {
        (rung.name, pair) for rung in RUNGS for pair in PAIRS
    }
    assert all((result.difference or 0) <= result.tolerance for result in report.rungs)
    assert (tmp_path / "parity" / "figures" / "ladder.png").stat().st_size > 10_000


def test_the_peer_in_pytorch_is_the_same_program_and_one_folder(
    fashion_mnist_directory: Path, tmp_path: Path
):
    pytest.importorskip("torch", reason="PyTorch is not installed: make peers")
    answer = twins(
        *("parity", "--impl", "torch", "--dtype", "float64", "--randomness", "shared"),
        *("--num-epochs", 1, "--data-dir", fashion_mnist_directory, "--out", tmp_path / "parity"),
        cwd=tmp_path,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    report = read_json(tmp_path / "parity" / "parity.json", ParityReport)
    assert {result.pair for result in report.rungs} == {("torch", "oracle")}


def test_a_wrong_port_is_rejected_by_the_command(fashion_mnist_directory: Path, tmp_path: Path):
    answer = twins(
        *("parity", "--impl", "tests.wrong_ports:leaky_relu", "--randomness", "shared"),
        *("--num-epochs", 1, "--data-dir", fashion_mnist_directory, "--out", tmp_path / "parity"),
        cwd=ROOT,
    )
    assert answer.returncode == 1
    assert (
        "leaky_relu and NumPy oracle first differ at rung “logits”: before any step"
        in answer.stdout
    )
    report = read_json(tmp_path / "parity" / "parity.json", ParityReport)
    assert not report.passed
    assert [result.name for result in report.rungs] == ["parameters", "logits"]


def test_keras_on_jax_parts_where_its_loss_is_clipped_and_the_ladder_says_so(
    fashion_mnist_directory: Path, tmp_path: Path
):
    answer = twins(
        *("parity", "--dtype", "float64", "--num-epochs", 1, "--randomness", "shared"),
        *("--data-dir", fashion_mnist_directory, "--out", tmp_path / "parity"),
        cwd=tmp_path,
        KERAS_BACKEND="jax",
    )
    assert answer.returncode == 1
    assert "Keras and JAX first differ at rung “loss of extreme logits”" in answer.stdout
    assert "Keras: this loss takes probabilities clipped at 1e-07" in answer.stdout
    report = read_json(tmp_path / "parity" / "parity.json", ParityReport)
    assert {result.pair for result in report.rungs if not result.passed} == {
        ("keras", "jax"),
        ("keras", "oracle"),
    }


def test_a_port_that_cannot_be_imported_is_one_clear_line(
    fashion_mnist_directory: Path, tmp_path: Path
):
    answer = twins(
        *("parity", "--impl", "no_such_module:build", "--randomness", "shared"),
        *("--data-dir", fashion_mnist_directory, "--out", tmp_path / "parity"),
        cwd=tmp_path,
    )
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert "no_such_module:build" in answer.stderr
