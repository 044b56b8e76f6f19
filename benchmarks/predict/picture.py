"""Decodes a file that may be anything into grey levels, or says in one line why it cannot.

Files come from anywhere. Nothing is decoded before its header was looked at, no other
program is ever started, and whatever a decoder stumbles over becomes an `InputError`.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from benchmarks.predict.formats import FORMATS, SEVERAL_IN_ONE
from shared.errors import InputError

MAXIMUM_PIXELS = 60_000_000
"""More than most cameras take; 240 MB once decoded."""
WORKING_SIDE = 560
"""Pictures at least twice as large are reduced before anything else: 20 pixels for each of
the network's 28 say enough, and noise is averaged away."""
PREVIEW_SIDE = 280
BYTE = 255.0
SIXTEEN_BITS = 65_535.0
REMEDY = f"name a picture: {', '.join(FORMATS)} are read"


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A decoded picture, upright, at most about 1,100 pixels long.

    luminance: (height, width) float32, 0 black to 1 white.
    alpha: (height, width) float32, 0 transparent to 1 opaque; None where all is opaque.
    preview: (height, width, 3) uint8, small, for people to look at; over white.
    """

    name: str
    luminance: NDArray[np.float32]
    alpha: NDArray[np.float32] | None
    preview: NDArray[np.uint8]


def decode_picture(content: bytes, name: str) -> Picture:
    """Decodes the bytes of an image file, whatever they are.

    Args:
        content: the file's bytes.
        name: what to call it in messages.

    Raises:
        InputError: it is no picture, too large, animated, damaged or broken off.
    """
    try:
        with _pillow_kept_quiet():
            return _decode(content, name)
    except InputError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(name) from error
    except UnidentifiedImageError as error:
        raise InputError(f"{name} is no picture of a known format: {REMEDY}") from error
    except Exception as error:  # decoders raise nearly anything when a file is damaged
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{name} is damaged or broken off ({reason}): {REMEDY}") from error


@contextmanager
def _pillow_kept_quiet() -> Iterator[None]:
    """Pillow tells of oddities that nobody here can mend; but its warning of size is an error."""
    logger = logging.getLogger("PIL")
    level = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        logger.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            logger.setLevel(level)


def _decode(content: bytes, name: str) -> Picture:
    opened = Image.open(BytesIO(content), formats=FORMATS)
    _check_header(opened, name)
    ImageOps.exif_transpose(opened, in_place=True)
    image = _reduced(_in_usual_mode(opened, name), WORKING_SIDE)
    return Picture(
        name=name, luminance=_luminance(image), alpha=_alpha(image), preview=_preview(image)
    )


def _check_header(opened: Image.Image, name: str) -> None:
    width, height = opened.size
    if width * height > MAXIMUM_PIXELS:
        raise _too_large(name)
    if width < 1 or height < 1:
        raise InputError(f"{name} has no pixels: {REMEDY}")
    is_several = getattr(opened, "is_animated", False)
    if is_several and opened.format != SEVERAL_IN_ONE:  # other views follow the picture
        raise InputError(
            f"{name} is animated, or has several pages: save the picture that you mean as a "
            "file of its own"
        )


def _too_large(name: str) -> InputError:
    return InputError(
        f"{name} is too large: at most {MAXIMUM_PIXELS:,} pixels are decoded, so save it smaller"
    )


def _in_usual_mode(image: Image.Image, name: str) -> Image.Image:
    """The picture in mode RGB or RGBA, or in mode F, 0 to 1, where bytes are too coarse for it."""
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_unit_range(np.asarray(image), name))
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _unit_range(values: NDArray[np.generic], name: str) -> NDArray[np.float32]:
    """Sixteen-bit levels by their range; others, which do not say what is white, by theirs."""
    levels = values.astype(np.float32)
    if not np.isfinite(levels).all():
        raise InputError(f"{name} holds values that are no numbers: save it again, as PNG")
    low, high = float(levels.min()), float(levels.max())
    if np.issubdtype(values.dtype, np.integer) and low >= 0 and high <= SIXTEEN_BITS:
        low, high = 0.0, SIXTEEN_BITS
    return (levels - low) / (high - low) if high > low else np.zeros_like(levels)


def _reduced(image: Image.Image, side: int) -> Image.Image:
    """Averages blocks of pixels, as large as leave the longest side at `side` or more."""
    return image.reduce(max(1, max(image.size) // side))


def _luminance(image: Image.Image) -> NDArray[np.float32]:
    """0.299 R + 0.587 G + 0.114 B, as Pillow rounds it (ITU-R BT.601), from 0 to 1."""
    if image.mode == "F":
        return np.array(image)
    return np.asarray(image.convert("L"), np.float32) / np.float32(BYTE)


def _alpha(image: Image.Image) -> NDArray[np.float32] | None:
    if image.mode != "RGBA":
        return None
    levels = np.asarray(image.getchannel("A"), np.float32)
    return None if levels.min() == BYTE else levels / np.float32(BYTE)


def _preview(image: Image.Image) -> NDArray[np.uint8]:
    small = _reduced(image, PREVIEW_SIDE)
    if small.mode == "F":
        small = Image.fromarray((np.asarray(small) * BYTE).round().astype(np.uint8))
    opaque = small.convert("RGBA")
    white = Image.new("RGBA", opaque.size, "white")
    return np.asarray(Image.alpha_composite(white, opaque).convert("RGB"))
