"""The folder that a command writes to: marked, locked, and written whole or not at all."""

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.report.material import read_material
from benchmarks.runner.output_folder import (
    UNFINISHED,
    output_folder,
    resumed_folder,
    whole_file,
    why_unfinished,
)
from shared.errors import InputError, RunFailedError
from tests.command import environment

AT_WORK_ELSEWHERE = """
import sys
from pathlib import Path
from benchmarks.runner.output_folder import resumed_folder
with resumed_folder(Path(sys.argv[1]), "seeds"):
    print("at work", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other_driver(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that is at work in the folder `sweep`."""
    (tmp_path / "sweep").mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", AT_WORK_ELSEWHERE, tmp_path / "sweep"],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        yield process
        process.kill()


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path):
    path = tmp_path / "words.txt"
    path.write_text("as it was")
    with pytest.raises(UnicodeEncodeError), whole_file(path) as partial:
        partial.write_text("half of \N{SNOWMAN}", encoding="ascii")
    assert path.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [path]
    with whole_file(path) as partial:
        partial.write_text("the whole")
        assert path.read_text() == "as it was"
    assert path.read_text() == "the whole"
    assert list(tmp_path.iterdir()) == [path]


def test_a_second_driver_is_refused_and_told_who_is_at_work(
    tmp_path: Path, other_driver: subprocess.Popen[str]
):
    folder = tmp_path / "sweep"
    who = f"`twins seeds` is at work here: process {other_driver.pid} on {socket.gethostname()}"
    marker = (folder / UNFINISHED).read_text()
    assert marker.startswith(f"{who}, started 2")
    with (
        pytest.raises(InputError, match="wait for the end") as refusal,
        resumed_folder(folder, "x"),
    ):
        pytest.fail("two at work in one folder")
    assert who in str(refusal.value)
    with pytest.raises(InputError, match="nothing there was touched") as refusal:
        output_folder(folder, "seeds").__enter__()
    assert who in str(refusal.value)
    assert (folder / UNFINISHED).read_text() == marker
    with pytest.raises(InputError, match="is at work here"):
        read_material([folder])


def test_after_a_kill_the_next_reader_is_told_that_work_was_broken_off(
    tmp_path: Path, other_driver: subprocess.Popen[str]
):
    folder = tmp_path / "sweep"
    other_driver.kill()
    other_driver.wait()
    told = f"`twins seeds` was broken off: process {other_driver.pid} on {socket.gethostname()}"
    assert why_unfinished(folder).startswith(told)
    with pytest.raises(InputError, match="was broken off"):
        read_material([folder])
    with resumed_folder(folder, "seeds"):
        assert "is at work here" in why_unfinished(folder)
    assert why_unfinished(folder) == ""
    assert list(folder.iterdir()) == []


def test_what_fails_leaves_its_reason_and_bad_input_leaves_nothing(tmp_path: Path):
    with pytest.raises(RunFailedError), output_folder(tmp_path / "failed", "run"):
        raise RunFailedError("a reason\nand more")
    assert why_unfinished(tmp_path / "failed") == "`twins run` was not finished: a reason"
    with pytest.raises(InputError), output_folder(tmp_path / "bad", "run"):
        raise InputError("bad")
    assert not (tmp_path / "bad").exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO])
def test_a_write_that_the_system_refuses_is_one_line(tmp_path: Path, number: int):
    refused = pytest.raises(RunFailedError, match=r"out cannot be written any more \(")
    with refused, output_folder(tmp_path / "out", "run"):
        raise OSError(number, os.strerror(number))
    assert os.strerror(number) in why_unfinished(tmp_path / "out")


def test_a_folder_that_is_deleted_meanwhile_is_one_line(tmp_path: Path):
    refused = pytest.raises(RunFailedError, match="out cannot be written any more")
    with refused, output_folder(tmp_path / "out", "run") as folder:
        (folder / UNFINISHED).unlink()
        folder.rmdir()
        with whole_file(folder / "file") as partial:
            partial.write_text("nowhere")
    assert not (tmp_path / "out").exists()


def test_errors_of_other_places_are_not_put_down_to_the_folder(tmp_path: Path):
    with pytest.raises(FileNotFoundError), output_folder(tmp_path / "out", "run"):
        (tmp_path / "elsewhere").read_bytes()
    with pytest.raises(BrokenPipeError), output_folder(tmp_path / "pipe", "run"):
        raise BrokenPipeError(errno.EPIPE, "nobody reads")


def test_a_name_longer_than_a_file_system_takes_is_bad_input(tmp_path: Path):
    with pytest.raises(InputError, match="give --out a folder that can be"):
        output_folder(tmp_path / ("n" * 300), "run").__enter__()
