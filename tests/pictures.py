"""Pictures for tests of `twins predict`, and what becomes of a file's bytes."""

import os
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from benchmarks.predict.garment import garment_of
from benchmarks.predict.picture import decode_picture


class DeadlyPath(type(Path())):
    """Ends the process that looks at it, as a decoder with a mistake would."""

    def stat(self, **_):  # pyright: ignore[reportIncompatibleMethodOverride]
        os._exit(7)


def encoded(image: Image.Image, file_format: str, **options) -> bytes:
    file = BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def turned_exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return exif


def garment_in(content: bytes) -> np.ndarray:
    garment, _ = garment_of(decode_picture(content))
    return garment


def is_uneven(levels: np.ndarray) -> bool:
    """Whether a picture of these grey levels, 0 to 1, warns of its ground."""
    return garment_of(Image.fromarray(np.rint(np.clip(levels, 0, 1) * 255).astype(np.uint8)))[1]


def boot_on(ground: int, boot: int) -> Image.Image:
    """An L of one grey on another: no turn and no mirror image of it looks the same."""
    image = Image.new("L", (90, 70), ground)
    image.paste(boot, (20, 10, 35, 60))
    image.paste(boot, (35, 40, 70, 60))
    return image


BOOT = boot_on(255, 60)
BOOTS_GARMENT = garment_in(encoded(BOOT, "PNG"))
