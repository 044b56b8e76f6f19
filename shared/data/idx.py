"""Reader of gzip-compressed IDX files, the format that MNIST and Fashion-MNIST come in.

An IDX file is a header of big-endian 32-bit whole numbers, then the values, one
byte each, rows first. The header starts with a magic number: two zero bytes, a
byte for the type of the values (8: unsigned byte) and a byte for the number of
axes. The length of each axis follows.
Source: "The IDX file format", http://yann.lecun.com/exdb/mnist/ (archived).
"""

import gzip
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.errors import InputError
from shared.network import IMAGE_HEIGHT, IMAGE_WIDTH, NUM_CLASSES

IMAGES_MAGIC = 2051
"""0x00000803: unsigned bytes on three axes: image, row, column."""
LABELS_MAGIC = 2049
"""0x00000801: unsigned bytes on one axis."""


def read_idx_images(path: Path) -> NDArray[np.uint8]:
    """Reads images of 28×28 pixels.

    Returns:
        Pixels from 0, background, to 255: uint8, (n, 28, 28), read-only.

    Raises:
        InputError: the file is missing, damaged, or no IDX file of such images.
    """
    content = _decompressed(path)
    num_images, height, width = _axis_lengths(path, content, magic=IMAGES_MAGIC, num_axes=3)
    if (height, width) != (IMAGE_HEIGHT, IMAGE_WIDTH):
        raise _unusable(path, f"holds images of {height}×{width} pixels, not 28×28")
    values = _values(path, content, num_axes=3, expected=num_images * height * width)
    return values.reshape(num_images, height, width)


def read_idx_labels(path: Path) -> NDArray[np.uint8]:
    """Reads class labels.

    Returns:
        Labels from 0 to 9: uint8, (n,), read-only.

    Raises:
        InputError: the file is missing, damaged, or no IDX file of such labels.
    """
    content = _decompressed(path)
    (num_labels,) = _axis_lengths(path, content, magic=LABELS_MAGIC, num_axes=1)
    labels = _values(path, content, num_axes=1, expected=num_labels)
    if (labels >= NUM_CLASSES).any():
        raise _unusable(path, f"holds a label {labels.max()}, but classes are 0 to 9")
    return labels


def _decompressed(path: Path) -> bytes:
    try:
        return gzip.decompress(path.read_bytes())
    except EOFError as error:
        raise _unusable(path, "ends too early") from error
    except zlib.error as error:
        raise _unusable(path, f"is damaged ({error})") from error
    except gzip.BadGzipFile as error:
        raise _unusable(path, f"is no sound gzip file ({error})") from error
    except OSError as error:
        raise _unusable(path, f"cannot be read ({error.strerror or error})") from error


def _axis_lengths(path: Path, content: bytes, *, magic: int, num_axes: int) -> list[int]:
    header_size = _header_size(num_axes)
    if len(content) < header_size:
        raise _unusable(path, f"holds {len(content)} bytes, fewer than its header needs")
    found, *lengths = np.frombuffer(content, dtype=">u4", count=1 + num_axes).tolist()
    if found != magic:
        raise _unusable(path, f"starts with magic number {found}, not {magic}")
    return lengths


def _values(path: Path, content: bytes, *, num_axes: int, expected: int) -> NDArray[np.uint8]:
    header_size = _header_size(num_axes)
    present = len(content) - header_size
    if present != expected:
        raise _unusable(path, f"announces {expected} values and holds {present}")
    # A view on bytes: nothing is copied, and nobody can write to it.
    return np.frombuffer(content, dtype=np.uint8, offset=header_size)


def _header_size(num_axes: int) -> int:
    return 4 * (1 + num_axes)


def _unusable(path: Path, problem: str) -> InputError:
    return InputError(f"{path} {problem}: put the published file in its place")
