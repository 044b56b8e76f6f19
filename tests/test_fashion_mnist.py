import shutil
from pathlib import Path

import pytest

from shared.data.download import Patience
from shared.data.fashion_mnist import (
    FILES,
    SMALLEST_FILE,
    TEST_LABELS,
    DataPlaces,
    DataUnavailable,
    FoundFiles,
    find_files,
    read_files,
)
from shared.errors import InputError
from tests.mirror_server import serving

NAMES = tuple(file.name for file in FILES)


@pytest.fixture(autouse=True)
def direct_connections(monkeypatch):
    """A proxy of the machine's is not asked for servers on the machine itself."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(scope="module")
def contents(fashion_mnist_directory) -> dict[str, bytes]:
    return {name: (fashion_mnist_directory / name).read_bytes() for name in NAMES}


def places(folder: Path, *, named: Path | None = None, mirrors: tuple[str, ...] = ()) -> DataPlaces:
    return DataPlaces(
        named_directory=named,
        named_by="--data-dir",
        cache=folder / "cache",
        keras_cache=folder / "keras",
        mirrors=mirrors,
        patience=Patience(probing=5),
    )


def put_files(folder: Path, source: Path, *, damaged: str = "") -> None:
    """Fills a folder with the four files, one of them damaged if so wished."""
    folder.mkdir()
    for name in NAMES:
        shutil.copyfile(source / name, folder / name)
    if damaged:
        (folder / damaged).write_bytes((folder / damaged).read_bytes()[:-1] + b"!")


def no_place_has_them(asked: DataPlaces) -> str:
    with pytest.raises(DataUnavailable) as caught:
        find_files(asked)
    message = str(caught.value)
    assert "\n" not in message
    assert "--data-dir" in message
    assert "--data stand-in" in message
    assert caught.value.reason in message
    assert "stand-in" not in caught.value.reason
    return message


@pytest.mark.real_data
def test_named_directory_is_used_before_all_others(tmp_path, fashion_mnist_directory):
    put_files(tmp_path / "cache", fashion_mnist_directory)
    found = find_files(places(tmp_path, named=fashion_mnist_directory))
    assert found.directory == fashion_mnist_directory
    assert found.origin == "--data-dir"


@pytest.mark.real_data
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fault", ["missing", "damaged"])
def test_named_directory_with_a_fault_is_an_error(tmp_path, fashion_mnist_directory, name, fault):
    # The other places have the files: they are not to be looked into.
    put_files(tmp_path / "cache", fashion_mnist_directory)
    put_files(tmp_path / "keras", fashion_mnist_directory)
    named = tmp_path / "named"
    put_files(named, fashion_mnist_directory, damaged=name)
    if fault == "missing":
        (named / name).unlink()
    with pytest.raises(InputError, match=name) as caught:
        find_files(places(tmp_path, named=named))
    assert not isinstance(caught.value, DataUnavailable)
    assert str(named) in str(caught.value)
    assert ("is missing" if fault == "missing" else "not the published file") in str(caught.value)


def test_named_directory_that_is_none_is_an_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for named, problem in (("nothing", "no such folder"), ("file", "not a folder")):
        with pytest.raises(InputError, match=problem) as caught:
            find_files(places(tmp_path, named=tmp_path / named))
        assert not isinstance(caught.value, DataUnavailable)


@pytest.mark.real_data
def test_own_cache_is_used_before_that_of_keras(tmp_path, fashion_mnist_directory):
    put_files(tmp_path / "keras", fashion_mnist_directory)
    assert find_files(places(tmp_path)).directory == tmp_path / "keras"
    put_files(tmp_path / "cache", fashion_mnist_directory)
    assert find_files(places(tmp_path)).directory == tmp_path / "cache"


@pytest.mark.real_data
def test_download_serves_the_next_time_too(tmp_path, contents):
    with serving(contents, probe=SMALLEST_FILE.name) as server:
        found = find_files(places(tmp_path, mirrors=(server.address,)))
    assert found.directory == tmp_path / "cache"
    assert found.origin == "downloaded"
    assert {path.name: path.read_bytes() for path in found.directory.iterdir()} == contents
    assert find_files(places(tmp_path)).origin == "own cache"


@pytest.mark.real_data
def test_second_mirror_is_downloaded_from_when_the_first_is_down(tmp_path, contents):
    with serving(contents) as server:
        found = find_files(places(tmp_path, mirrors=("http://127.0.0.1:9/", server.address)))
    assert found.directory == tmp_path / "cache"


@pytest.mark.real_data
def test_bad_file_in_own_cache_is_downloaded_again(tmp_path, fashion_mnist_directory, contents):
    put_files(tmp_path / "cache", fashion_mnist_directory, damaged=NAMES[0])
    put_files(tmp_path / "keras", fashion_mnist_directory, damaged=NAMES[1])
    with serving(contents) as server:
        find_files(places(tmp_path, mirrors=(server.address,)))
        assert server.requested == [SMALLEST_FILE.name, NAMES[0]]
    assert (tmp_path / "cache" / NAMES[0]).read_bytes() == contents[NAMES[0]]
    # Keras' folder is Keras' own.
    assert (tmp_path / "keras" / NAMES[1]).read_bytes() != contents[NAMES[1]]


@pytest.mark.real_data
def test_faults_of_both_caches_are_told_when_nothing_helps(tmp_path, fashion_mnist_directory):
    put_files(tmp_path / "cache", fashion_mnist_directory, damaged=NAMES[0])
    put_files(tmp_path / "keras", fashion_mnist_directory, damaged=NAMES[1])
    message = no_place_has_them(places(tmp_path, mirrors=("http://127.0.0.1:9/",)))
    assert f"cache: {NAMES[0]} is not the published file" in message
    assert f"keras: {NAMES[1]} is not the published file" in message
    assert "http://127.0.0.1:9/: no connection" in message


def test_wrong_download_stays_nowhere(tmp_path):
    wrong = dict.fromkeys(NAMES, b"no garments here")
    with serving(wrong) as server:
        message = no_place_has_them(places(tmp_path, mirrors=(server.address,)))
    assert "wrong checksum" in message
    assert list((tmp_path / "cache").iterdir()) == []


def test_no_mirrors_at_all_is_unavailable(tmp_path):
    assert "no mirror" in no_place_has_them(places(tmp_path))


@pytest.mark.real_data
def test_files_hold_what_was_published(fashion_mnist_directory):
    arrays = read_files(find_files(places(fashion_mnist_directory, named=fashion_mnist_directory)))
    assert arrays.train_images.shape == (60_000, 28, 28)
    assert arrays.train_labels.shape == (60_000,)
    assert arrays.test_images.shape == (10_000, 28, 28)
    assert arrays.test_labels.shape == (10_000,)
    assert arrays.test_labels[:3].tolist() == [9, 2, 1]


@pytest.mark.real_data
def test_other_number_of_rows_is_refused(tmp_path, fashion_mnist_directory):
    put_files(tmp_path / "files", fashion_mnist_directory)
    shutil.copyfile(
        fashion_mnist_directory / TEST_LABELS.name,
        tmp_path / "files" / "train-labels-idx1-ubyte.gz",
    )
    with pytest.raises(InputError, match="holds 10000 rows, not 60000"):
        read_files(FoundFiles(directory=tmp_path / "files", origin="here"))
