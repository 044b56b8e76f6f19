"""From a file, sound or not, to a garment like those of the data set, or to one clear line."""

import struct
from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from benchmarks.predict.garment import border_of, garment_of, ground_level
from benchmarks.predict.picture import MAXIMUM_PIXELS, decode_picture
from shared.data.dataset import RawDataset
from shared.errors import InputError


def encoded(image: Image.Image, file_format: str = "PNG", **options) -> bytes:
    file = BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def turned_exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return exif


def garment_in(picture: bytes | Image.Image) -> np.ndarray:
    """What is on a file of these bytes, or on a PNG of this picture."""
    content = picture if isinstance(picture, bytes) else encoded(picture)
    return garment_of(decode_picture(content))[0]


def boot_on(ground: int, boot: int) -> Image.Image:
    """An L of one grey on another: no turn and no mirror image of it looks the same."""
    image = Image.new("L", (90, 70), ground)
    image.paste(boot, (20, 10, 35, 60))
    image.paste(boot, (35, 40, 70, 60))
    return image


BOOT = boot_on(255, 60)
BOOTS_GARMENT = garment_in(BOOT)


@pytest.mark.real_data
def test_test_images_are_told_from_their_ground_and_come_back_bit_by_bit(raw_dataset: RawDataset):
    images = raw_dataset.test_images.astype(np.float32) / np.float32(255)
    assert max(ground_level(border_of(image)) for image in images) < 0.05
    assert min(ground_level(border_of(1 - image)) for image in images) > 0.95
    for image in raw_dataset.test_images[:500]:
        negative = Image.fromarray(255 - image)
        for picture in (Image.fromarray(image), negative, negative.convert("RGBA")):
            assert np.array_equal(garment_in(picture), image)


@given(
    sides=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    margins=st.tuples(*[st.integers(1, 90)] * 4),
    ground=st.integers(0, 255),
    contrast=st.integers(26, 255),
)
def test_a_garment_fills_the_longest_side_in_proportion_and_lies_in_the_middle(
    sides: tuple[int, int], margins: tuple[int, int, int, int], ground: int, contrast: int
):
    (height, width), (above, below, left, right) = sides, margins
    level = ground - contrast if ground >= contrast else ground + contrast
    if level > 255:
        level = 0 if ground > 127 else 255
    canvas = np.full((above + height + below, left + width + right), ground, np.uint8)
    assume(canvas.shape != (28, 28))
    canvas[above : above + height, left : left + width] = level
    garment = garment_in(Image.fromarray(canvas))
    rows, columns = np.nonzero(garment)
    for places, side in ((rows, height), (columns, width)):
        assert np.ptp(places) + 1 == pytest.approx(max(1, 28 * side / max(sides)), abs=0.5001)
    assert rows.min() - (27 - rows.max()) in (0, 1)
    assert (27 - columns.max()) - columns.min() in (0, 1)
    strongest = (ground - level) / ground if level < ground else (level - ground) / (255 - ground)
    assert len(rows) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    assert garment[rows, columns] == pytest.approx(255 * strongest, abs=1)


SIXTEEN_BITS = Image.fromarray(np.asarray(BOOT).astype(np.uint16) * 257)
TURNED = BOOT.transpose(Image.Transpose.ROTATE_90)
FURTHER_VIEW = {"save_all": True, "append_images": [Image.new("RGB", (90, 70))]}
SAME = [
    *(encoded(BOOT, name) for name in ("GIF", "BMP", "TIFF")),
    *(encoded(BOOT.convert(mode)) for mode in ("P", "LA")),
    *(encoded(BOOT.convert(mode), "TIFF") for mode in ("RGBA", "CMYK")),
    *(encoded(SIXTEEN_BITS, name) for name in ("PNG", "TIFF")),
    encoded(BOOT.convert("RGB"), "WEBP", lossless=True),
    encoded(TURNED, exif=turned_exif(6)),
]
SIMILAR = [
    *(encoded(BOOT.convert(mode), "JPEG", quality=95) for mode in ("RGB", "CMYK")),
    encoded(BOOT.convert("RGB"), "MPO", quality=95, **FURTHER_VIEW),
    *(encoded(BOOT.resize((90 * n, 70 * n), Image.Resampling.NEAREST)) for n in (2, 7, 30)),
]


@pytest.mark.parametrize("content", [*SAME, *SIMILAR])
def test_every_way_to_store_a_picture_shows_the_same_garment(content: bytes):
    difference = np.abs(garment_in(content).astype(int) - BOOTS_GARMENT)
    assert difference.max() <= 1 if content in SAME else difference.mean() < 5


@pytest.mark.parametrize("scale", [1e-3, 1.0, 70_000.0])
def test_a_float_does_not_say_what_is_white_so_its_highest_value_is(scale: float):
    levels = Image.fromarray(np.asarray(BOOT, np.float32) * np.float32(scale) - 5)
    assert np.array_equal(garment_in(encoded(levels, "TIFF")), garment_in(boot_on(255, 0)))


def test_grey_is_luminance():
    garment = garment_in(Image.merge("RGB", [boot_on(255, level) for level in (180, 30, 60)]))
    luminance = 0.299 * 180 + 0.587 * 30 + 0.114 * 60
    assert np.median(garment[garment > 0]) == pytest.approx(255 - luminance, abs=1)


def cut_out(level: int) -> Image.Image:
    """The boot on transparency; what is transparent hides another colour."""
    mask = Image.eval(BOOT, lambda value: 255 if value == 60 else 0)
    return Image.merge("LA", (boot_on(128, level), mask))


@pytest.mark.parametrize(("level", "shown"), [(60, 195), (200, 55), (255, 255)])
def test_a_cut_out_lies_on_white_or_if_it_is_white_on_black(level: int, shown: int):
    wide = Image.new("LA", (300, 200))
    wide.paste(cut_out(level), (150, 90))
    for picture in (cut_out(level), cut_out(level).crop((20, 10, 70, 60)), wide):
        garment, has_uneven_ground = garment_of(picture)
        assert np.array_equal(garment > 0, BOOTS_GARMENT > 0)
        assert np.median(garment[garment > 0]) == shown
        assert not has_uneven_ground  # there is none


def test_a_few_transparent_pixels_take_the_grey_of_the_ground():
    opaque = boot_on(ground=120, boot=250)
    picture = opaque.convert("LA")
    for corner in ((0, 0), (89, 69)):
        picture.putpixel(corner, (0, 0))
    framed = Image.new("LA", (100, 80), (255, 0))
    framed.paste(picture, (5, 5))
    for each in (picture, framed):
        assert np.array_equal(garment_in(each), garment_in(opaque))


def is_uneven(levels: np.ndarray) -> bool:
    """Whether a picture of these grey levels, 0 to 1, warns of its ground."""
    return garment_of(Image.fromarray(np.rint(np.clip(levels, 0, 1) * 255).astype(np.uint8)))[1]


def on_plain_ground(image: np.ndarray, ground: float, place: tuple[int, int]) -> np.ndarray:
    """A test image at three times its size on 120×120 of one grey, light on dark or negated."""
    canvas = np.full((120, 120), ground)
    top, left = place
    towards = 1 if ground < 0.5 else 0
    garment = np.kron(image / 255, np.ones((3, 3)))
    canvas[top : top + 84, left : left + 84] += (towards - ground) * garment
    return canvas


@pytest.mark.real_data
def test_a_ground_is_called_uneven_where_it_is_not_plain(raw_dataset: RawDataset):
    slope, stripes = np.linspace(-0.1, 0.1, 120), 0.2 * (np.arange(120) // 10 % 2)
    generator = np.random.default_rng(0)
    noise, places = generator.normal(0, 0.08, (120, 120)), generator.integers(0, 37, (200, 2))
    for image, (top, left) in zip(raw_dataset.test_images[:200], places, strict=True):
        assert not is_uneven(image / 255)  # taken as it is, nothing is cut out
        for ground in (0.0, 0.2, 0.8, 1.0):
            assert not is_uneven(on_plain_ground(image, ground, (top, left)))
        for change in (slope, (slope + slope[:, np.newaxis]) / 2, stripes, noise):
            assert is_uneven(on_plain_ground(image, 0.6, (18, 18)) + change)


def announced(width: int, height: int) -> bytes:
    """A file whose header says that it is so large, as it is not."""
    content = encoded(BOOT, "BMP")
    return content[:18] + struct.pack("<ii", width, height) + content[26:]


TEXT_BOMB = PngInfo()  # ten million letters that take few bytes: Pillow raises a bare ValueError
TEXT_BOMB.add_text("Comment", "x" * 10_000_000, zip=True)
SEVERAL = {"save_all": True, "append_images": [boot_on(0, 200)]}
UNUSABLE = {
    "text": (b"Dear user, this is no picture.\n" * 10, "no picture of a known format"),
    "a format that few use": (encoded(BOOT, "PPM"), "PNG, JPEG, WEBP, GIF, BMP, TIFF are read"),
    "broken off PNG": (encoded(BOOT)[:-40], "damaged or broken off"),
    "broken off JPEG": (encoded(BOOT, "JPEG")[:-100], "damaged or broken off"),
    "animated GIF": (encoded(BOOT, "GIF", **SEVERAL), "animated"),
    "animated WebP": (encoded(BOOT.convert("RGB"), "WEBP", **SEVERAL), "animated"),
    "pages": (encoded(BOOT, "TIFF", **SEVERAL), "several pages"),
    "a bomb in its text": (encoded(BOOT, pnginfo=TEXT_BOMB), "damaged or broken off"),
    "announced too large": (announced(10_000, MAXIMUM_PIXELS // 10_000 + 1), "too large"),
    "announced far too large": (announced(100_000, 100_000), "too large"),
    "no numbers": (encoded(Image.new("F", (9, 9), np.nan), "TIFF"), "number"),
    "one grey of 28×28": (encoded(Image.new("L", (28, 28))), "all ground"),
    "all transparent": (encoded(Image.new("RGBA", (40, 40))), "all ground"),
    "one float": (encoded(Image.new("F", (9, 9), 3.5), "TIFF"), "all ground"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_cannot_be_used_is_one_clear_line(name: str):
    content, says = UNUSABLE[name]
    with pytest.raises(InputError, match=rf"\A[^\n]*{says}[^\n]*\Z"):
        garment_in(content)


SMALL = Image.fromarray(np.random.default_rng(0).integers(0, 256, (14, 17, 3)).astype(np.uint8))
SOUND = [
    *(encoded(SMALL, name) for name in ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")),
    *(encoded(SMALL, "TIFF", compression=name) for name in (None, "tiff_lzw", "jpeg")),
    *(encoded(SMALL.convert(mode)) for mode in ("P", "RGBA", "1")),
    encoded(SMALL.convert("L").convert("I;16")),
    encoded(SMALL, "JPEG", exif=turned_exif(6)),
]


@settings(max_examples=800)
@given(
    st.sampled_from(SOUND),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8),
    st.floats(0, 1) | st.just(1.0),
    st.just(b"") | st.binary(max_size=300),
)
def test_no_bytes_crash_the_reader(
    sound: bytes, changes: list[tuple[int, int]], kept: float, more: bytes
):
    """Any other error than an `InputError`, or a warning, fails the test."""
    damaged = bytearray(sound)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    with suppress(InputError):
        garment = garment_in(bytes(damaged[: int(kept * len(damaged))]) + more)
        assert (garment.shape, garment.dtype) == ((28, 28), np.uint8)
