"""`twins parity` with the real frameworks: a whole epoch in float64, and in float32."""

from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from benchmarks.parity.results import ParityReport
from benchmarks.parity.rungs import rungs_within
from benchmarks.runner.records import read_json
from tests.command import ROOT, twins

pytestmark = [pytest.mark.slow, pytest.mark.real_data]

HAS_PYTORCH = find_spec("torch") is not None  # without: make peers
IN_PYTORCH_TOO = ("--impl", "keras", "--impl", "jax", "--impl", "torch") if HAS_PYTORCH else ()

SMALL = ("--hidden-sizes", 20, 10, "--batch-size", 1_000, "--randomness", "shared")
"""Where a climb ends before any training."""


@pytest.fixture
def parity(fashion_mnist_directory: Path, tmp_path: Path):
    """Climbs the ladder over one epoch, from the project's folder; its report lies in `parity`."""

    def run(*options: object, **variables: str) -> CompletedProcess[str]:
        places = ("--data-dir", fashion_mnist_directory, "--out", tmp_path / "parity")
        return twins("parity", "--num-epochs", 1, *options, *places, cwd=ROOT, **variables)

    return run


def report_in(folder: Path) -> ParityReport:
    return read_json(folder / "parity" / "parity.json", ParityReport)


@pytest.mark.parametrize(("dtype", "options"), [("float64", IN_PYTORCH_TOO), ("float32", ())])
def test_all_implementations_and_the_oracle_are_one_program_over_an_epoch(
    parity, tmp_path: Path, dtype: str, options: tuple[str, ...]
):
    """The peer in PyTorch, one folder, climbs with the others: one oracle judges all of them."""
    answer = parity("--dtype", dtype, *options)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    report = report_in(tmp_path)
    assert report.passed
    names = (*(options[1::2] or ("keras", "jax")), "oracle")
    assert {(result.name, result.pair) for result in report.rungs} == {
        (rung.name, pair) for rung in rungs_within(1) for pair in combinations(names, 2)
    }
    assert all(name.startswith("run: ") for name in report.not_reached)
    assert "14 of 18 rungs; the run's rungs need three epochs or more: not reached" in answer.stdout
    assert all((result.difference or 0) <= result.tolerance for result in report.rungs)
    assert (tmp_path / "parity" / "figures" / "ladder.png").stat().st_size > 10_000


def test_a_wrong_port_is_rejected_by_the_command(parity, tmp_path: Path):
    answer = parity("--impl", "tests.wrong_ports:leaky_relu", *SMALL)
    assert answer.returncode == 1
    parting = "leaky_relu and NumPy oracle first differ at rung “logits”: before any step"
    assert parting in answer.stdout
    report = report_in(tmp_path)
    assert not report.passed
    assert [result.name for result in report.rungs] == ["parameters", "logits"]


def test_keras_on_jax_parts_where_its_loss_is_clipped_and_the_ladder_says_so(
    parity, tmp_path: Path
):
    answer = parity("--dtype", "float64", *SMALL, KERAS_BACKEND="jax")
    assert answer.returncode == 1
    assert "Keras and JAX first differ at rung “loss of extreme logits”" in answer.stdout
    assert "Keras: this loss takes probabilities clipped at 1e-07" in answer.stdout
    failed = {result.pair for result in report_in(tmp_path).rungs if not result.passed}
    assert failed == {("keras", "jax"), ("keras", "oracle")}


def test_a_port_that_cannot_be_imported_is_one_clear_line(parity):
    answer = parity("--impl", "no_such_module:build", "--randomness", "shared")
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert "no_such_module:build" in answer.stderr
