"""The pictures that are named, read and decoded with care: a file may hold anything.

Nothing is decoded before its header was looked at, no other program is ever started, and what a
decoder stumbles over becomes an `InputError`, whose message begins where the file's name ends.
"""

import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from shared.errors import InputError
from shared.files import read_file

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
"""Pillow's names of what is read: no format that a later Pillow learns comes in unseen."""
SUFFIXES = ".png .apng .jpg .jpeg .jpe .jfif .mpo .webp .gif .bmp .tif .tiff"
"""What the names of such files end in: of a folder, no other files are taken."""
MAXIMUM_BYTES = 50_000_000
"""No photograph that people take is larger; a file that is, is not even read."""
MAXIMUM_PIXELS = 60_000_000
"""More than most cameras take; 240 MB once decoded."""
WORKING_SIDE = 560
"""Pictures at least twice as large are reduced: 20 pixels for each of the network's 28 say
enough, and noise is averaged away."""
PREVIEW_SIDE = 280
BYTE = np.float32(255)
REMEDY = f"name a picture: {', '.join(FORMATS)} are read"


def shown(path: Path) -> str:
    """The path for people; what a terminal might take for more than a letter becomes `�`."""
    return "".join(letter if letter.isprintable() else "�" for letter in str(path))


def names_of(paths: Sequence[Path]) -> list[str]:
    """The files' own names, or their whole paths where two files have the same name."""
    are_unique = len({path.name for path in paths}) == len(set(paths))
    return [shown(Path(path.name) if are_unique else path) for path in paths]


def find_pictures(arguments: tuple[Path, ...]) -> list[Path]:
    """The files that are named and, for a folder, those in it with a picture's suffix, by name.

    A folder without any stands for itself, as does what is missing: `read_content` complains.
    """
    paths = []
    for argument in arguments:
        try:
            inside = sorted(path for path in argument.iterdir() if _looks_like_a_picture(path))
        except OSError:  # no folder, or none that can be looked into
            inside = []
        paths += inside or [argument]
    return paths


def read_content(path: Path) -> bytes:
    """Raises InputError where a file is missing, empty, too large or no ordinary one."""
    try:
        if path.is_dir():
            next(path.iterdir(), None)  # raises where the folder cannot be looked into
            raise InputError("holds no picture itself: name a folder that does, or files")
        content = read_file(path, MAXIMUM_BYTES)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error}): {REMEDY}") from error
    if not content:
        raise InputError("is empty: name a file that holds a picture")
    return content


def decode_picture(content: bytes) -> Image.Image:
    """Decodes the bytes of an image file, upright, at most about 1,100 pixels long.

    Its mode is RGB or RGBA, or F, 0 black to 1 white, where bytes are too coarse for it.
    Raises InputError where it is no picture, too large, animated, damaged or broken off.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # of oddities that nobody here can mend
            opened = Image.open(BytesIO(content), formats=FORMATS)
            if opened.width * opened.height > MAXIMUM_PIXELS:
                raise Image.DecompressionBombError
            if opened.width < 1 or opened.height < 1:
                raise InputError(f"has no pixels: {REMEDY}")
            # An MPO is a JPEG with other views behind the picture; JPEG leads to it.
            if getattr(opened, "is_animated", False) and opened.format != "MPO":
                remedy = "save the one that you mean by itself"
                raise InputError(f"is animated, or has several pages: {remedy}")
            ImageOps.exif_transpose(opened, in_place=True)
            return _reduced(_in_usual_mode(opened), WORKING_SIDE)
    except InputError:
        raise
    except Image.DecompressionBombError as error:
        raise InputError(f"is too large: save it with {MAXIMUM_PIXELS:,} pixels at most") from error
    except UnidentifiedImageError as error:
        raise InputError(f"is no picture of a known format: {REMEDY}") from error
    except Exception as error:  # decoders raise nearly anything when a file is damaged
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"is damaged or broken off ({reason}): {REMEDY}") from error


def luminance_and_alpha(picture: Image.Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """0 black to 1 white, and 0 transparent to 1 opaque; both (height, width) float32.

    Luminance is 0.299 R + 0.587 G + 0.114 B, as Pillow rounds it (ITU-R BT.601).
    """
    if picture.mode == "F":
        return np.array(picture), np.ones(picture.size[::-1], np.float32)
    luminance, alpha = picture.convert("L"), picture.convert("RGBA").getchannel("A")
    return np.asarray(luminance, np.float32) / BYTE, np.asarray(alpha, np.float32) / BYTE


def preview_of(picture: Image.Image) -> NDArray[np.uint8]:
    """The picture small, for people to look at, over white; (height, width, 3)."""
    small = _reduced(picture, PREVIEW_SIDE)
    if small.mode == "F":
        small = Image.fromarray((np.asarray(small) * BYTE).round().astype(np.uint8))
    white = Image.new("RGBA", small.size, "white")
    return np.asarray(Image.alpha_composite(white, small.convert("RGBA")).convert("RGB"))


def _looks_like_a_picture(path: Path) -> bool:
    is_hidden = path.name.startswith(".")
    return path.suffix.lower() in SUFFIXES.split() and not is_hidden and not path.is_dir()


def _in_usual_mode(image: Image.Image) -> Image.Image:
    """Sixteen-bit levels by their range; others, which do not say what is white, by theirs."""
    if not (image.mode.startswith("I") or image.mode == "F"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    levels = np.asarray(image, np.float32)
    if not np.isfinite(levels).all():
        raise InputError("holds values that are no numbers: save it again, as PNG")
    low, high = float(levels.min()), float(levels.max())
    if image.mode != "F" and low >= 0 and high <= 65_535:
        low, high = 0.0, 65_535.0
    return Image.fromarray((levels - low) / (high - low or 1.0))


def _reduced(image: Image.Image, side: int) -> Image.Image:
    """Averages blocks of pixels, as large as leave the longest side at `side` or more."""
    return image.reduce(max(1, max(image.size) // side))
