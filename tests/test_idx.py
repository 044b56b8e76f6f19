import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from shared.data.idx import read_idx_images, read_idx_labels
from shared.errors import InputError

IMAGES = arrays.arrays(np.uint8, st.tuples(st.integers(0, 3), st.just(28), st.just(28)))
LABELS = arrays.arrays(np.uint8, st.integers(0, 40), elements=st.integers(0, 9))
WORDS = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("idx") / "file.gz"


def images_file(images: np.ndarray, magic: int = 2051) -> bytes:
    return struct.pack(">4I", magic, *images.shape) + images.tobytes()


def labels_file(labels: np.ndarray, magic: int = 2049) -> bytes:
    return struct.pack(">2I", magic, len(labels)) + labels.tobytes()


def write(path: Path, content: bytes) -> None:
    path.write_bytes(gzip.compress(content, compresslevel=1))


def refuse(read, path: Path, problem: str | None = None) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        read(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    assert "put the published file in its place" in message


@settings(deadline=None)
@given(images=IMAGES)
def test_images_come_back_as_written(path, images):
    write(path, images_file(images))
    read = read_idx_images(path)
    assert read.dtype == np.uint8
    assert not read.flags.writeable
    np.testing.assert_array_equal(read, images)


@settings(deadline=None)
@given(labels=LABELS)
def test_labels_come_back_as_written(path, labels):
    write(path, labels_file(labels))
    read = read_idx_labels(path)
    assert read.dtype == np.uint8
    assert not read.flags.writeable
    np.testing.assert_array_equal(read, labels)


@settings(deadline=None)
@given(images=IMAGES, data=st.data())
def test_content_cut_anywhere_is_refused(path, images, data):
    content = images_file(images)
    write(path, content[: data.draw(st.integers(0, len(content) - 1))])
    refuse(read_idx_images, path)


@settings(deadline=None)
@given(labels=LABELS, data=st.data())
def test_gzip_file_cut_anywhere_is_refused(path, labels, data):
    write(path, labels_file(labels))
    compressed = path.read_bytes()
    path.write_bytes(compressed[: data.draw(st.integers(0, len(compressed) - 1))])
    refuse(read_idx_labels, path)


@settings(deadline=None)
@given(images=IMAGES, surplus=st.binary(min_size=1, max_size=900))
def test_surplus_bytes_are_refused(path, images, surplus):
    write(path, images_file(images) + surplus)
    refuse(read_idx_images, path, "announces")


@settings(deadline=None)
@given(magic=WORDS.filter(lambda magic: magic != 2051))
def test_other_magic_number_of_images_is_refused(path, magic):
    write(path, images_file(np.zeros((1, 28, 28), np.uint8), magic))
    refuse(read_idx_images, path, "magic number")


@settings(deadline=None)
@given(magic=WORDS.filter(lambda magic: magic != 2049))
def test_other_magic_number_of_labels_is_refused(path, magic):
    write(path, labels_file(np.zeros(3, np.uint8), magic))
    refuse(read_idx_labels, path, "magic number")


@settings(deadline=None)
@given(count=WORDS.filter(lambda count: count != 2))
def test_other_count_is_refused(path, count):
    write(path, struct.pack(">4I", 2051, count, 28, 28) + bytes(2 * 28 * 28))
    refuse(read_idx_images, path, "announces")
    write(path, struct.pack(">2I", 2049, count) + bytes(2))
    refuse(read_idx_labels, path, "announces")


@settings(deadline=None)
@given(size=st.tuples(WORDS, WORDS).filter(lambda size: size != (28, 28)))
def test_other_image_size_is_refused(path, size):
    write(path, struct.pack(">4I", 2051, 1, *size) + bytes(28 * 28))
    refuse(read_idx_images, path, "not 28×28")


@settings(deadline=None)
@given(labels=LABELS, wrong=st.integers(10, 255), data=st.data())
def test_label_beyond_nine_is_refused(path, labels, wrong, data):
    position = data.draw(st.integers(0, len(labels)))
    write(path, labels_file(np.insert(labels, position, wrong)))
    refuse(read_idx_labels, path, f"label {wrong}")


@settings(deadline=None)
@given(labels=LABELS, data=st.data())
def test_damaged_gzip_file_is_refused_or_read_right(path, labels, data):
    write(path, labels_file(labels))
    compressed = bytearray(path.read_bytes())
    position = data.draw(st.integers(0, len(compressed) - 1))
    compressed[position] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(compressed)
    try:
        read = read_idx_labels(path)
    except InputError:
        return
    # Some bits of a gzip header, its time stamp for instance, mean nothing to the content.
    np.testing.assert_array_equal(read, labels)


def test_missing_file_and_folder_are_refused(tmp_path):
    refuse(read_idx_images, tmp_path / "missing.gz", "cannot be read")
    refuse(read_idx_labels, tmp_path, "cannot be read")


def test_file_that_is_not_compressed_is_refused(path):
    path.write_bytes(labels_file(np.zeros(3, np.uint8)))
    refuse(read_idx_labels, path, "no sound gzip file")
