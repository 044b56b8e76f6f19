"""Files that are named and are none: pipes, devices, and what is too large to be meant."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from benchmarks.predict.weights import find_weights
from benchmarks.report.material import read_material
from benchmarks.run.results import Results
from benchmarks.runner.records import read_json
from shared.data.fashion_mnist import FILES, DataPlaces, find_files
from shared.data.idx import read_idx
from shared.errors import InputError
from shared.files import read_file

READERS: dict[str, Callable[[Path], object]] = {
    "report": lambda path: read_material([path]),
    "against": lambda path: read_json(path, Results),
    "predict": lambda path: find_weights(None, path, ()),
    "images": lambda path: read_idx(path, (1,)),
}


@pytest.fixture(params=["pipe", "device", "large"])
def stranger(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A path that leads to no file to read; the device has an end, for readers that do read it."""
    path = tmp_path / FILES[0].name
    if request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "device":
        path.symlink_to(os.devnull)
    else:
        path.touch()
        os.truncate(path, 100_000_001)  # takes no room
    return path


@pytest.mark.timeout(60)
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_what_is_no_file_or_too_large_is_refused_unread(
    read: Callable[[Path], object], stranger: Path
):
    with pytest.raises(
        InputError, match=r"no ordinary file|more than 100,000,000|is no "
    ) as refusal:
        read(stranger)
    assert "\n" not in str(refusal.value)


@pytest.mark.timeout(60)
def test_a_data_folder_with_such_a_file_is_refused(stranger: Path):
    nowhere = stranger.parent / "nowhere"
    named = partial(DataPlaces, named_directory=stranger.parent, named_by="--data-dir")
    with pytest.raises(InputError, match=r"no ordinary file|more than 100,000,000"):
        find_files(named(cache=nowhere, keras_cache=nowhere))


def test_a_file_that_may_be_as_large_is_read(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"four")
    assert read_file(tmp_path / "file", 4) == b"four"
    with pytest.raises(OSError, match="4 bytes, more than 3"):
        read_file(tmp_path / "file", 3)
