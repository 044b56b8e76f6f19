import hashlib
import multiprocessing
import socket
from pathlib import Path

import pytest

from shared.data.download import DownloadFailedError, Patience, RemoteFile, download_files
from tests.mirror_server import serving

CONTENTS = {"probe": b"I am here", "first": b"1" * 300_000, "second": b"2" * 300_000}
FILES = tuple(
    RemoteFile(name=name, sha256=hashlib.sha256(content).hexdigest())
    for name, content in CONTENTS.items()
)
NOBODY = "http://127.0.0.1:9/"
"""The discard port, which nothing listens to."""
PATIENT = Patience()
IMPATIENT = Patience(probing=0.5, connecting=0.5, reading=0.5)


@pytest.fixture(autouse=True)
def direct_connections(monkeypatch):
    """A proxy of the machine's is not asked for servers on the machine itself."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def download(folder: Path, *mirrors: str, patience: Patience = PATIENT) -> None:
    download_files(FILES, probe="probe", folder=folder, mirrors=mirrors, patience=patience)


def contents_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_arrive_in_a_new_folder(tmp_path):
    with serving(CONTENTS) as server:
        download(tmp_path / "new" / "folder", server.address)
    assert contents_of(tmp_path / "new" / "folder") == CONTENTS


def test_sound_files_are_kept_and_bad_ones_replaced(tmp_path):
    (tmp_path / "first").write_bytes(CONTENTS["first"])
    (tmp_path / "second").write_bytes(b"bad")
    with serving(CONTENTS) as server:
        download(tmp_path, server.address)
        assert "first" not in server.requested
    assert contents_of(tmp_path) == CONTENTS


def test_second_mirror_serves_when_the_first_is_down(tmp_path):
    with serving(CONTENTS) as server:
        download(tmp_path, NOBODY, server.address)
    assert contents_of(tmp_path) == CONTENTS


@pytest.mark.parametrize("manner", ["breaks off", "stalls half way"])
def test_second_mirror_serves_when_the_first_fails_half_way(tmp_path, manner):
    with serving(CONTENTS, manner=manner) as lame, serving(CONTENTS) as sound:
        download(tmp_path, lame.address, sound.address, patience=IMPATIENT)
        # Once found lame, the first mirror is not tried again.
        assert lame.requested == ["probe", "probe", "first"]
    assert contents_of(tmp_path) == CONTENTS


def test_second_mirror_serves_when_the_first_has_another_file(tmp_path):
    wrong = CONTENTS | {"first": b"something else"}
    with serving(wrong) as bad, serving(CONTENTS) as sound:
        download(tmp_path, bad.address, sound.address)
    assert contents_of(tmp_path) == CONTENTS


def test_wrong_file_never_stays(tmp_path):
    wrong = CONTENTS | {"first": b"something else"}
    with (
        serving(wrong) as server,
        pytest.raises(DownloadFailedError, match=r"first: what arrived has the wrong checksum"),
    ):
        download(tmp_path, server.address)
    assert contents_of(tmp_path) == {"probe": CONTENTS["probe"]}


def test_transfer_that_breaks_off_leaves_nothing(tmp_path):
    with (
        serving(CONTENTS, manner="breaks off") as server,
        pytest.raises(DownloadFailedError, match="first: the transfer broke off"),
    ):
        download(tmp_path, server.address)
    assert contents_of(tmp_path) == {"probe": CONTENTS["probe"]}


def test_missing_file_is_reported_with_its_status(tmp_path):
    with (
        serving({"probe": CONTENTS["probe"]}) as server,
        pytest.raises(DownloadFailedError, match="first: answered with HTTP status 404"),
    ):
        download(tmp_path, server.address)
    with serving({}) as server, pytest.raises(DownloadFailedError, match="HTTP status 404"):
        download(tmp_path, server.address)


@pytest.mark.timeout(60)
def test_server_that_never_answers_is_given_up(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mirror = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(DownloadFailedError, match="no answer"):
            download(tmp_path, mirror, NOBODY, patience=IMPATIENT)
    assert contents_of(tmp_path) == {}


@pytest.mark.timeout(60)
def test_server_that_answers_without_end_is_given_up(tmp_path):
    # No single wait is long, so only the time for all probes together ends this.
    with (
        serving(CONTENTS, manner="drips") as server,
        pytest.raises(DownloadFailedError, match=r"no answer within 0\.5 s"),
    ):
        download(tmp_path, server.address, patience=IMPATIENT)


def test_failures_are_told_on_one_line_for_every_mirror(tmp_path):
    with serving({}) as server, pytest.raises(DownloadFailedError) as caught:
        download(tmp_path, NOBODY, server.address)
    message = str(caught.value)
    assert f"{NOBODY}: no connection" in message
    assert f"{server.address}: answered with HTTP status 404" in message
    assert "\n" not in message


def test_folder_that_cannot_be_made_is_reported(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DownloadFailedError, match="cannot be made"):
        download(tmp_path / "file" / "folder", NOBODY)


def test_simultaneous_downloads_leave_good_files(tmp_path):
    with serving(CONTENTS) as server:
        context = multiprocessing.get_context("spawn")
        processes = [
            context.Process(target=download, args=(tmp_path, server.address)) for _ in range(3)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert contents_of(tmp_path) == CONTENTS


def test_killed_download_leaves_no_bad_file_and_can_be_repeated(tmp_path):
    with serving(CONTENTS, manner="stalls half way") as server:
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=download, args=(tmp_path, server.address))
        process.start()
        assert server.half_sent.wait(60)
        process.kill()
        process.join()
    assert not (tmp_path / "first").exists()
    with serving(CONTENTS) as server:
        download(tmp_path, server.address)
    arrived = contents_of(tmp_path)
    assert {name: arrived[name] for name in CONTENTS} == CONTENTS
