import hashlib
import multiprocessing
import socket
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from shared.data.download import DownloadFailedError, Patience, RemoteFile, download_files
from tests.mirror_server import NOBODY, serving

CONTENTS = {"probe": b"I am here", "first": b"1" * 300_000, "second": b"2" * 300_000}
PROBE = {"probe": CONTENTS["probe"]}
WRONG = CONTENTS | {"first": b"something else"}
FILES = tuple(
    RemoteFile(name, hashlib.sha256(content).hexdigest()) for name, content in CONTENTS.items()
)
PATIENT = Patience()
IMPATIENT = Patience(probing=0.5, connecting=0.5, reading=0.5)


def download(folder: Path, *mirrors: str, patience: Patience = PATIENT) -> None:
    download_files(FILES, folder, mirrors, probe="probe", patience=patience)


def failure_of(folder: Path, *mirrors: str, patience: Patience = PATIENT) -> str:
    with pytest.raises(DownloadFailedError) as caught:
        download(folder, *mirrors, patience=patience)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def contents_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def downloading(folder: Path, mirror: str) -> BaseProcess:
    process = multiprocessing.get_context("spawn").Process(target=download, args=(folder, mirror))
    process.start()
    return process


def test_files_arrive_from_the_mirror_that_is_up_and_bad_ones_are_replaced(tmp_path):
    folder = tmp_path / "new" / "folder"
    with serving(CONTENTS) as server:
        download(folder, NOBODY, server.address)
        assert contents_of(folder) == CONTENTS
        (folder / "second").write_bytes(b"bad")
        download(folder, server.address)
        assert server.requested.count("first") == 1  # it was sound
    assert contents_of(folder) == CONTENTS


@pytest.mark.parametrize(
    ("contents", "manner", "problem"),
    [
        (WRONG, "well", "what arrived has the wrong checksum"),
        (CONTENTS, "breaks off", "the transfer broke off"),
        (CONTENTS, "stalls half way", "no connection"),
        (PROBE, "well", "answered with HTTP status 404"),
    ],
)
def test_what_a_lame_mirror_sends_never_stays(tmp_path, contents, manner, problem):
    with serving(contents, manner=manner) as lame:
        assert f"first: {problem}" in failure_of(tmp_path, lame.address, patience=IMPATIENT)
        assert contents_of(tmp_path) == PROBE
        with serving(CONTENTS) as sound:
            download(tmp_path, lame.address, sound.address, patience=IMPATIENT)
        # Once found lame, the first mirror is not tried again.
        assert lame.requested == ["probe", "probe", "first", "probe", "first"]
    assert contents_of(tmp_path) == CONTENTS


@pytest.mark.timeout(60)
def test_failures_to_answer_are_told_for_every_mirror(tmp_path):
    # Of one that drips no single wait is long: only the time for all probes together ends it.
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        serving({}) as empty,
        serving(CONTENTS, manner="drips") as dripping,
    ):
        never = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        mirrors = (NOBODY, never, empty.address, dripping.address)
        message = failure_of(tmp_path, *mirrors, patience=IMPATIENT)
    problems = ("no connection", "no answer", "answered with HTTP status 404")
    for mirror, problem in zip(mirrors, (*problems, "no answer within 0.5 s"), strict=True):
        assert f"{mirror}: {problem}" in message
    assert contents_of(tmp_path) == {}


def test_folder_that_cannot_be_made_is_reported(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    assert "cannot be made" in failure_of(tmp_path / "file" / "folder", NOBODY)


def test_simultaneous_downloads_leave_good_files(tmp_path):
    with serving(CONTENTS) as server:
        processes = [downloading(tmp_path, server.address) for _ in range(3)]
        for process in processes:
            process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert contents_of(tmp_path) == CONTENTS


def test_killed_download_leaves_no_bad_file_and_can_be_repeated(tmp_path):
    with serving(CONTENTS, manner="stalls half way") as server:
        process = downloading(tmp_path, server.address)
        assert server.half_sent.wait(60)
        process.kill()
        process.join()
    assert not (tmp_path / "first").exists()
    with serving(CONTENTS) as server:
        download(tmp_path, server.address)
    assert contents_of(tmp_path).items() >= CONTENTS.items()
