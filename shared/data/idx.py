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

_UNSIGNED_BYTES = 0x0800
"""The magic number of unsigned bytes on no axis; the number of axes is added."""


def read_idx(path: Path, shape: tuple[int, ...], highest: int = 255) -> NDArray[np.uint8]:
    """Reads an array of this shape, read-only, with no value above `highest`.

    Raises:
        InputError: the file is missing, damaged, or no IDX file of such an array.
    """
    content = _decompressed(path)
    header_size = 4 * (1 + len(shape))
    if len(content) < header_size:
        raise _unusable(path, f"holds {len(content)} bytes, fewer than its header needs")
    magic, *lengths = np.frombuffer(content, dtype=">u4", count=1 + len(shape)).tolist()
    if magic != _UNSIGNED_BYTES + len(shape):
        raise _unusable(
            path, f"starts with magic number {magic}, not {_UNSIGNED_BYTES + len(shape)}"
        )
    announced, present = math.prod(lengths), len(content) - header_size
    if present != announced:
        raise _unusable(path, f"announces {announced} values and holds {present}")
    if tuple(lengths) != shape:
        raise _unusable(path, f"holds an array of shape {tuple(lengths)}, not {shape}")
    # A view on bytes: nothing is copied, and nobody can write to it.
    values = np.frombuffer(content, dtype=np.uint8, offset=header_size).reshape(shape)
    if highest < 255 and (values > highest).any():
        raise _unusable(path, f"holds the value {values.max()}, above {highest}")
    return values


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


def _unusable(path: Path, problem: str) -> InputError:
    return InputError(f"{path} {problem}: put the published file in its place")
