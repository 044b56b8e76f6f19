import shutil
from pathlib import Path

import pytest

from shared.data.download import Patience
from shared.data.fashion_mnist import FILES, DataPlaces, DataUnavailable, find_files, read_files
from shared.errors import InputError
from tests.mirror_server import NOBODY, serving

NAMES = tuple(file.name for file in FILES)
SMALLEST = NAMES[3]


@pytest.fixture(scope="module")
def contents(fashion_mnist_directory) -> dict[str, bytes]:
    return {name: (fashion_mnist_directory / name).read_bytes() for name in NAMES}


def places(folder: Path, *mirrors: str, named: Path | None = None) -> DataPlaces:
    """Nothing to be found but what a test puts there."""
    return DataPlaces(
        named_directory=named,
        named_by="the named folder",
        cache=folder / "[own] cache",
        keras_cache=folder / "keras",
        mirrors=mirrors,
        patience=Patience(probing=5),
        remedy="do without",
    )


def put_files(folder: Path, source: Path, *, damaged: str = "") -> Path:
    shutil.copytree(source, folder)
    if damaged:
        (folder / damaged).write_bytes((folder / damaged).read_bytes()[:-1] + b"!")
    return folder


def no_place_has_them(asked: DataPlaces) -> str:
    with pytest.raises(DataUnavailable) as caught:
        find_files(asked)
    assert "\n" not in caught.value.reason
    assert str(caught.value) == f"{caught.value.reason}: do without"
    return caught.value.reason


def refuse(named: Path, folder: Path, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        find_files(places(folder, named=named))
    assert not isinstance(caught.value, DataUnavailable)
    message = str(caught.value)
    assert message.startswith(f"the named folder {named} cannot be used")
    assert all(name in message for name in NAMES)


@pytest.mark.real_data
def test_named_directory_is_used_alone_and_its_faults_are_errors(tmp_path, fashion_mnist_directory):
    # The other places have the files: they are not to be looked into.
    put_files(tmp_path / "[own] cache", fashion_mnist_directory)
    put_files(tmp_path / "keras", fashion_mnist_directory)
    asked = places(tmp_path, named=fashion_mnist_directory)
    assert find_files(asked) == (fashion_mnist_directory, "the named folder")
    for name in NAMES:
        named = put_files(tmp_path / name, fashion_mnist_directory, damaged=name)
        refuse(named, tmp_path, f"{name} is not the published file")
        (named / name).unlink()
        refuse(named, tmp_path, f"{name} is missing")


def test_named_directory_that_is_none_is_an_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    refuse(tmp_path / "nothing", tmp_path, "no such folder")
    refuse(tmp_path / "file", tmp_path, "not a folder")


@pytest.mark.real_data
def test_a_download_is_used_before_keras_cache(tmp_path, fashion_mnist_directory, contents):
    own = tmp_path / "[own] cache"
    with serving(contents, probe=SMALLEST) as server:
        assert find_files(places(tmp_path, NOBODY, server.address)) == (own, "downloaded")
    assert {path.name: path.read_bytes() for path in own.iterdir()} == contents
    of_keras = put_files(tmp_path / "keras", fashion_mnist_directory)
    assert find_files(places(tmp_path)) == (own, "own cache")
    shutil.rmtree(own)
    assert find_files(places(tmp_path)) == (of_keras, "Keras' cache")


@pytest.mark.real_data
def test_damaged_file_is_told_and_downloaded_again(tmp_path, fashion_mnist_directory, contents):
    own = put_files(tmp_path / "[own] cache", fashion_mnist_directory, damaged=NAMES[0])
    of_keras = put_files(tmp_path / "keras", fashion_mnist_directory, damaged=NAMES[1])
    reason = no_place_has_them(places(tmp_path, NOBODY))
    for folder, name in ((own, NAMES[0]), (of_keras, NAMES[1])):
        assert f"{folder}: {name} is not the published file" in reason
    assert f"{NOBODY}: no connection" in reason
    with serving(contents) as server:
        find_files(places(tmp_path, server.address))
        assert server.requested == [SMALLEST, NAMES[0]]
    assert (own / NAMES[0]).read_bytes() == contents[NAMES[0]]
    # Keras' folder is Keras' own.
    assert (of_keras / NAMES[1]).read_bytes() != contents[NAMES[1]]


def test_no_mirror_is_told(tmp_path):
    assert "no mirror" in no_place_has_them(places(tmp_path))


@pytest.mark.real_data
def test_other_number_of_rows_is_refused(tmp_path, fashion_mnist_directory):
    directory = put_files(tmp_path / "files", fashion_mnist_directory)
    shutil.copyfile(directory / SMALLEST, directory / NAMES[1])
    with pytest.raises(InputError, match=r"shape \(10000,\), not \(60000,\)"):
        read_files(directory)
