"""`twins speed` as a user meets it: a short real measurement, an interrupt, bad input."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from benchmarks.runner.records import read_json
from benchmarks.speed.machine import find_accelerator
from benchmarks.speed.results import SpeedResults
from tests.command import PROGRAM, ended_after, environment, twins

SMALL = (
    *("speed", "--data", "stand-in", "--hidden-sizes", 8, "--batch-size", 500),
    *("--rounds", 2, "--epochs-per-process", 1),
)


@pytest.mark.slow
def test_a_short_measurement(tmp_path: Path):
    out = tmp_path / "speed"
    options = ("--rungs", "jax-run", "jax-seeds", "--batch-sizes", 500, "--widths", 4)
    answer = twins(*SMALL, *options, "--out", out, cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert "ladder: 4 of 4 measurements, 0:00:00 left: jax-run" in answer.stdout
    assert "all, own" in answer.stdout
    results = read_json(out / "speed.json", SpeedResults)
    assert results.finished
    assert [rung.name for rung in results.rungs] == ["jax-run", "jax-seeds"]
    for rung in results.rungs:
        assert [len(samples) for samples in rung.epoch_seconds] == [1, 1]
        assert rung.low <= rung.median <= rung.high
        assert 0 <= rung.difference < 0.02
        assert rung.share_of_machine is not None
        assert rung.peak_bytes > 50_000_000
    assert results.rungs[1].num_seeds == len(results.environment.before.affinity)
    assert len(results.limits.machine.large_product_samples) == 2
    # The ladder's own batch size is not measured twice.
    assert tuple(point.rung for point in results.by_batch_size) == results.rungs
    assert {point.experiment.hidden_sizes for point in results.by_width} == {(4,)}
    assert all(point.rung.share_of_machine for point in results.by_width)
    assert results.environment.variables
    figures = {path.name for path in (out / "figures").iterdir()}
    assert figures == {"speed.png", "batch-sizes.png", "widths.png"}
    assert not (out / "UNFINISHED.txt").exists()


@pytest.mark.slow
def test_an_interrupt_keeps_what_was_measured(tmp_path: Path):
    out = tmp_path / "speed"
    arguments = (*SMALL, "--rungs", "jax-scan", "jax-jit", "--rounds", 50, "--out", out)
    process = subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        cwd=tmp_path,
        env=environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    with ended_after(process):
        while "2 of 100" not in process.stdout.readline():
            assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors.splitlines() == ["twins: interrupted; what is finished was kept"]
    results = read_json(out / "speed.json", SpeedResults)
    assert not results.finished
    assert [rung.name for rung in results.rungs] == ["jax-jit", "jax-scan"]
    assert (out / "UNFINISHED.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("--rungs jax-warp", "jax-scan"),
        ("--device tpu", "--device"),
        pytest.param(
            "--device gpu",
            "no GPU",
            marks=pytest.mark.skipif(find_accelerator() is not None, reason="there is a GPU"),
        ),
        ("--rounds 1", "--rounds"),
        ("--epochs-per-process 0", "--epochs-per-process"),
        ("--batch-sizes 0", "batch size"),
        ("--widths 0", "hidden size"),
        ("--against nowhere.json", "nowhere.json"),
    ],
)
def test_bad_input_is_one_clear_line(arguments: str, named: str, tmp_path: Path):
    answer = twins("speed", *arguments.split(), "--out", "out", cwd=tmp_path)
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert named in answer.stderr
    assert list(tmp_path.iterdir()) == []
