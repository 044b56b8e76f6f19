import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from shared.data.idx import read_idx
from shared.errors import InputError

IMAGES = st.tuples(st.integers(0, 3), st.just(28), st.just(28))
SHAPES = IMAGES | st.tuples(st.integers(0, 40))
ARRAYS = arrays.arrays(np.uint8, SHAPES)
LABELS = arrays.arrays(np.uint8, st.integers(0, 40), elements=st.integers(0, 9))


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("idx") / "file.gz"


def idx(array: np.ndarray, *, magic: int | None = None) -> bytes:
    header = (2048 + array.ndim if magic is None else magic, *array.shape)
    return struct.pack(f">{len(header)}I", *header) + array.tobytes()


def write(path: Path, content: bytes) -> None:
    path.write_bytes(gzip.compress(content, compresslevel=1))


def refuse(path: Path, shape: tuple[int, ...], problem: str, highest: int = 255) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        read_idx(path, shape, highest)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    assert "put the published file in its place" in message


@given(array=ARRAYS)
def test_arrays_come_back_as_written_and_read_only(path, array):
    write(path, idx(array))
    read = read_idx(path, array.shape)
    assert read.dtype == np.uint8
    assert not read.flags.writeable
    np.testing.assert_array_equal(read, array)


@given(array=ARRAYS, surplus=st.binary(min_size=1, max_size=900), data=st.data())
def test_content_or_file_cut_anywhere_and_surplus_bytes_are_refused(path, array, surplus, data):
    content = idx(array)
    for wrong in (content[: data.draw(st.integers(0, len(content) - 1))], content + surplus):
        write(path, wrong)
        refuse(path, array.shape, "fewer than its header needs|announces")
    write(path, content)
    compressed = path.read_bytes()
    path.write_bytes(compressed[: data.draw(st.integers(0, len(compressed) - 1))])
    refuse(path, array.shape, ".")


@given(array=ARRAYS, magic=st.integers(0, 2**32 - 1), shape=SHAPES)
def test_another_magic_number_and_another_shape_are_refused(path, array, magic, shape):
    write(path, idx(array, magic=magic + (magic == 2048 + array.ndim)))
    refuse(path, array.shape, "magic number")
    if len(shape) == array.ndim:
        write(path, idx(array))
        refuse(path, (shape[0] + (shape == array.shape), *shape[1:]), "holds an array of shape")


@given(labels=LABELS, wrong=st.integers(10, 255), data=st.data())
def test_label_beyond_nine_is_refused(path, labels, wrong, data):
    labels = np.insert(labels, data.draw(st.integers(0, len(labels))), wrong)
    write(path, idx(labels))
    refuse(path, labels.shape, f"holds the value {wrong}, above 9", highest=9)


@given(labels=LABELS, data=st.data())
def test_damaged_gzip_file_is_refused_or_read_right(path, labels, data):
    write(path, idx(labels))
    compressed = bytearray(path.read_bytes())
    position = data.draw(st.integers(0, len(compressed) - 1))
    compressed[position] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(compressed)
    try:
        read = read_idx(path, labels.shape)
    except InputError:
        return
    # Some bits of a gzip header, its time stamp for instance, mean nothing to the content.
    np.testing.assert_array_equal(read, labels)


def test_what_is_no_compressed_file_is_refused(path, tmp_path):
    refuse(tmp_path / "missing.gz", (3,), "cannot be read")
    refuse(tmp_path, (3,), "cannot be read")
    path.write_bytes(idx(np.zeros(3, np.uint8)))
    refuse(path, (3,), "no sound gzip file")
