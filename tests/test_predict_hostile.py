"""What is no picture, or no sound one, is one clear line; no bytes crash the reader."""

import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from benchmarks.predict.picture import MAXIMUM_PIXELS
from shared.errors import InputError
from tests.pictures import BOOT, boot_on, encoded, garment_in, turned_exif


def png_header(width: int, height: int) -> bytes:
    """A PNG file that ends after its header, which says how large it is."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 10**9) + b"IDAT"


def text_bomb() -> PngInfo:
    """Ten million letters that take few bytes; here Pillow raises a bare ValueError."""
    text = PngInfo()
    text.add_text("Comment", "x" * 10_000_000, zip=True)
    return text


SEVERAL = {"save_all": True, "append_images": [boot_on(0, 200)]}
UNUSABLE = {
    "text": (b"Dear user, this is no picture.\n" * 10, "no picture of a known format"),
    "script": (encoded(BOOT, "EPS"), "no picture of a known format"),
    "a format that few use": (encoded(BOOT, "PPM"), "PNG, JPEG, WEBP, GIF, BMP, TIFF are read"),
    "broken off PNG": (encoded(BOOT, "PNG")[:-40], "damaged or broken off"),
    "broken off JPEG": (encoded(BOOT, "JPEG")[:-100], "damaged or broken off"),
    "animated GIF": (encoded(BOOT, "GIF", **SEVERAL), "animated"),
    "animated PNG": (encoded(BOOT, "PNG", **SEVERAL), "animated"),
    "animated WebP": (encoded(BOOT.convert("RGB"), "WEBP", **SEVERAL), "animated"),
    "pages": (encoded(BOOT, "TIFF", **SEVERAL), "several pages"),
    "a bomb in its text": (encoded(BOOT, "PNG", pnginfo=text_bomb()), "damaged or broken off"),
    "a little too large": (png_header(10_000, MAXIMUM_PIXELS // 10_000 + 1), "too large"),
    "announced too large": (png_header(MAXIMUM_PIXELS, 2), "too large"),
    "announced far too large": (png_header(100_000, 100_000), "too large"),
    "no numbers": (encoded(Image.fromarray(np.full((9, 9), np.nan, np.float32)), "TIFF"), "number"),
    "endless": (encoded(Image.fromarray(np.full((9, 9), np.inf, np.float32)), "TIFF"), "number"),
    "one colour": (encoded(Image.new("RGB", (60, 40), "teal"), "PNG"), "nothing is to be seen"),
    "one grey of 28×28": (encoded(Image.new("L", (28, 28)), "PNG"), "nothing is to be seen"),
    "one pixel": (encoded(Image.new("L", (1, 1), 9), "PNG"), "nothing is to be seen"),
    "all transparent": (encoded(Image.new("RGBA", (40, 40)), "PNG"), "nothing is to be seen"),
    "one float": (encoded(Image.new("F", (9, 9), 3.5), "TIFF"), "nothing is to be seen"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_cannot_be_used_is_one_clear_line(name: str):
    content, says = UNUSABLE[name]
    with pytest.raises(InputError, match=says) as caught:
        garment_in(content)
    assert "its-name" in str(caught.value)
    assert "\n" not in str(caught.value)


SMALL = Image.fromarray(np.random.default_rng(0).integers(0, 256, (14, 17, 3)).astype(np.uint8))
SOUND = [
    *(encoded(SMALL, name) for name in ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")),
    *(encoded(SMALL, "TIFF", compression=name) for name in (None, "tiff_lzw", "jpeg")),
    *(encoded(SMALL.convert(mode), "PNG") for mode in ("P", "RGBA", "1")),
    encoded(SMALL.convert("L").convert("I;16"), "PNG"),
    encoded(SMALL, "JPEG", exif=turned_exif(6)),
]


def assert_garment_or_input_error(content: bytes) -> None:
    """Any other error, or a warning, fails the test."""
    with suppress(InputError):
        garment = garment_in(content)
        assert garment.shape == (28, 28)
        assert garment.dtype == np.uint8


@settings(max_examples=300)
@given(st.binary(max_size=300), st.sampled_from([b"", *(sound[:12] for sound in SOUND)]))
def test_no_bytes_crash_the_reader(content: bytes, start: bytes):
    assert_garment_or_input_error(start + content)


@settings(max_examples=500)
@given(
    st.sampled_from(SOUND),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8),
    st.floats(0, 1),
    st.booleans(),
)
def test_no_damage_crashes_the_reader(
    sound: bytes, changes: list[tuple[int, int]], kept: float, is_broken_off: bool
):
    damaged = bytearray(sound)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    length = int(kept * len(damaged)) if is_broken_off else len(damaged)
    assert_garment_or_input_error(bytes(damaged[:length]))
