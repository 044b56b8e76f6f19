"""Reader of gzip-compressed IDX files, the format that MNIST and Fashion-MNIST come in.

An IDX file is a header of big-endian 32-bit whole numbers, then the values, one
byte each, rows first. The header starts with a magic number: two zero bytes, a
byte for the type of the values (8: unsigned byte) and a byte for the number of
axes. The length of each axis follows.
Source: "The IDX file format", http://yann.lecun.com/exdb/mnist/ (archived).
"""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.errors import InputError
from shared.files import read_file

MAXIMUM_BYTES = 100_000_000
"""Of a compressed file; the largest published one has 26 million."""
_UNSIGNED_BYTES = 0x0800
"""The magic number of unsigned bytes on no axis; the number of axes is added."""


def read_idx(path: Path, shape: tuple[int, ...], highest: int = 255) -> NDArray[np.uint8]:
    """Reads an array of this shape, read-only, with no value above `highest`.

    Raises:
        InputError: the file is missing, damaged, or no IDX file of such an array.
    """
    try:
        return _array_in(gzip.decompress(read_file(path, MAXIMUM_BYTES)), shape, highest)
    except EOFError:
        problem = "ends too early"
    except zlib.error as error:
        problem = f"is damaged ({error})"
    except gzip.BadGzipFile as error:
        problem = f"is no sound gzip file ({error})"
    except OSError as error:
        problem = f"cannot be read ({error.strerror or error})"
    except ValueError as error:
        problem = str(error)
    raise InputError(f"{path} {problem}: put the published file in its place")


def _array_in(content: bytes, shape: tuple[int, ...], highest: int) -> NDArray[np.uint8]:
    """The array; a ValueError says what is wrong with the content."""
    header_size = 4 * (1 + len(shape))
    if len(content) < header_size:
        raise ValueError(f"holds {len(content)} bytes, fewer than its header needs")
    magic, *lengths = np.frombuffer(content, dtype=">u4", count=1 + len(shape)).tolist()
    if magic != _UNSIGNED_BYTES + len(shape):
        raise ValueError(f"starts with magic number {magic}, not {_UNSIGNED_BYTES + len(shape)}")
    announced, present = math.prod(lengths), len(content) - header_size
    if present != announced:
        raise ValueError(f"announces {announced} values and holds {present}")
    if tuple(lengths) != shape:
        raise ValueError(f"holds an array of shape {tuple(lengths)}, not {shape}")
    # A view on bytes: nothing is copied, and nobody can write to it.
    values = np.frombuffer(content, dtype=np.uint8, offset=header_size).reshape(shape)
    if highest < 255 and (values > highest).any():
        raise ValueError(f"holds the value {values.max()}, above {highest}")
    return values
