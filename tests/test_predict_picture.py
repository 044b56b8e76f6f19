"""From a file, sound or not, to a garment like those of the data set, or to one clear line."""

import struct
import zlib
from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image
from PIL.Image import Transpose
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


def garment_in(picture: bytes | Image.Image | np.ndarray) -> np.ndarray:
    """What is on a file of these bytes, or on a PNG of this picture, or of these bytes of grey."""
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture)
    if isinstance(picture, Image.Image):
        picture = encoded(picture)
    return garment_of(decode_picture(picture))[0]


def boot_on(ground: int, boot: int) -> Image.Image:
    """An L of one grey on another: no turn and no mirror image of it looks the same."""
    image = Image.new("L", (90, 70), ground)
    image.paste(boot, (20, 10, 35, 60))
    image.paste(boot, (35, 40, 70, 60))
    return image


BOOT = boot_on(255, 60)
BOOTS_GARMENT = garment_in(BOOT)


def difference_from_boot(picture: bytes | Image.Image) -> np.ndarray:
    return np.abs(garment_in(picture).astype(int) - BOOTS_GARMENT)


# --- what the network sees


@pytest.mark.real_data
def test_test_images_are_told_from_their_ground_and_come_back_bit_by_bit(raw_dataset: RawDataset):
    images = raw_dataset.test_images.astype(np.float32) / np.float32(255)
    assert max(ground_level(border_of(image)) for image in images) < 0.05
    assert min(ground_level(border_of(1 - image)) for image in images) > 0.95
    for image in raw_dataset.test_images[:500]:
        negative = Image.fromarray(255 - image)
        for picture in (image, negative, negative.convert("RGBA")):
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
    garment = garment_in(canvas)
    rows, columns = np.nonzero(garment)
    for places, side in ((rows, height), (columns, width)):
        assert np.ptp(places) + 1 == pytest.approx(max(1, 28 * side / max(sides)), abs=0.5001)
    assert rows.min() - (27 - rows.max()) in (0, 1)
    assert (27 - columns.max()) - columns.min() in (0, 1)
    strongest = (ground - level) / ground if level < ground else (level - ground) / (255 - ground)
    assert len(rows) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    assert garment[rows, columns] == pytest.approx(255 * strongest, abs=1)


def test_more_pixels_show_the_same_garment():
    for factor in (2, 7, 30):  # the last one is reduced before anything else
        large = BOOT.resize((90 * factor, 70 * factor), Image.Resampling.NEAREST)
        assert difference_from_boot(large).mean() < 5


SIXTEEN_BITS = Image.fromarray(np.asarray(BOOT).astype(np.uint16) * 257)


@pytest.mark.parametrize(
    "content",
    [
        *(encoded(BOOT, name) for name in ("GIF", "BMP", "TIFF")),
        *(encoded(BOOT.convert(mode)) for mode in ("P", "LA")),
        *(encoded(BOOT.convert(mode), "TIFF") for mode in ("RGBA", "CMYK")),
        encoded(BOOT.convert("RGB"), "WEBP", lossless=True),
        *(encoded(SIXTEEN_BITS, name) for name in ("PNG", "TIFF")),
    ],
)
def test_every_way_to_store_a_picture_gives_the_same_garment(content: bytes):
    assert np.array_equal(garment_in(content) > 0, BOOTS_GARMENT > 0)
    assert difference_from_boot(content).max() <= 1


FURTHER_VIEW = {"save_all": True, "append_images": [Image.new("RGB", (90, 70))]}


@pytest.mark.parametrize(
    "content",
    [
        *(encoded(BOOT.convert(mode), "JPEG", quality=95) for mode in ("RGB", "CMYK")),
        encoded(BOOT.convert("RGB"), "MPO", quality=95, **FURTHER_VIEW),
    ],
)
def test_a_jpeg_even_of_several_views_shows_nearly_the_same_garment(content: bytes):
    assert difference_from_boot(content).mean() < 5


@pytest.mark.parametrize("scale", [1e-3, 1.0, 70_000.0])
def test_a_float_does_not_say_what_is_white_so_its_highest_value_is(scale: float):
    levels = Image.fromarray(np.asarray(BOOT, np.float32) * np.float32(scale) - 5)
    assert np.array_equal(garment_in(encoded(levels, "TIFF")), garment_in(boot_on(255, 0)))


def test_grey_is_luminance():
    garment = garment_in(Image.merge("RGB", [boot_on(255, level) for level in (180, 30, 60)]))
    luminance = 0.299 * 180 + 0.587 * 30 + 0.114 * 60
    assert np.median(garment[garment > 0]) == pytest.approx(255 - luminance, abs=1)


TURNS = (
    *(Transpose.FLIP_LEFT_RIGHT, Transpose.ROTATE_180, Transpose.FLIP_TOP_BOTTOM),
    *(Transpose.TRANSPOSE, Transpose.ROTATE_90, Transpose.TRANSVERSE, Transpose.ROTATE_270),
)


@pytest.mark.parametrize(("orientation", "turn"), list(enumerate(TURNS, start=2)))
def test_a_camera_held_otherwise_shows_the_same_garment(orientation: int, turn: Transpose):
    content = encoded(BOOT.transpose(turn), exif=turned_exif(orientation))
    assert np.array_equal(garment_in(content), BOOTS_GARMENT)


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
    picture.putpixel((0, 0), (0, 0))
    picture.putpixel((89, 69), (0, 0))
    framed = Image.new("LA", (100, 80), (255, 0))
    framed.paste(picture, (5, 5))
    for each in (picture, framed):
        assert np.array_equal(garment_in(each), garment_in(opaque))


# --- whether its ground is plain


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
@pytest.mark.parametrize("ground", [0.0, 0.2, 0.8, 1.0])
def test_a_plain_ground_is_not_called_uneven(raw_dataset: RawDataset, ground: float):
    places = np.random.default_rng(0).integers(0, 37, (200, 2))
    for image, (top, left) in zip(raw_dataset.test_images[:200], places, strict=True):
        assert not is_uneven(on_plain_ground(image, ground, (top, left)))
        assert not is_uneven(image / 255)  # taken as it is, nothing is cut out


@pytest.mark.real_data
def test_a_ground_that_is_not_plain_is_called_uneven(raw_dataset: RawDataset):
    slope = np.linspace(-0.1, 0.1, 120)
    stripes = 0.2 * (np.arange(120) // 10 % 2)
    noise = np.random.default_rng(0).normal(0, 0.08, (120, 120))
    for image in raw_dataset.test_images[:200]:
        picture = on_plain_ground(image, 0.6, (18, 18))
        for change in (slope, (slope + slope[:, np.newaxis]) / 2, stripes, noise):
            assert is_uneven(picture + change)


# --- what cannot be used


def png_header(width: int, height: int) -> bytes:
    """A PNG file that ends after its header, which says how large it is."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 10**9) + b"IDAT"


def constant(value: float) -> bytes:
    return encoded(Image.new("F", (9, 9), value), "TIFF")


TEXT_BOMB = PngInfo()  # ten million letters that take few bytes: Pillow raises a bare ValueError
TEXT_BOMB.add_text("Comment", "x" * 10_000_000, zip=True)
SEVERAL = {"save_all": True, "append_images": [boot_on(0, 200)]}
UNUSABLE = {
    "text": (b"Dear user, this is no picture.\n" * 10, "no picture of a known format"),
    "a format that few use": (encoded(BOOT, "PPM"), "PNG, JPEG, WEBP, GIF, BMP, TIFF are read"),
    "broken off PNG": (encoded(BOOT)[:-40], "damaged or broken off"),
    "broken off JPEG": (encoded(BOOT, "JPEG")[:-100], "damaged or broken off"),
    "animated GIF": (encoded(BOOT, "GIF", **SEVERAL), "animated"),
    "animated PNG": (encoded(BOOT, **SEVERAL), "animated"),
    "animated WebP": (encoded(BOOT.convert("RGB"), "WEBP", **SEVERAL), "animated"),
    "pages": (encoded(BOOT, "TIFF", **SEVERAL), "several pages"),
    "a bomb in its text": (encoded(BOOT, pnginfo=TEXT_BOMB), "damaged or broken off"),
    "a little too large": (png_header(10_000, MAXIMUM_PIXELS // 10_000 + 1), "too large"),
    "announced far too large": (png_header(100_000, 100_000), "too large"),
    "no numbers": (constant(np.nan), "number"),
    "one colour": (encoded(Image.new("RGB", (60, 40), "teal")), "all ground"),
    "one grey of 28×28": (encoded(Image.new("L", (28, 28))), "all ground"),
    "one pixel": (encoded(Image.new("L", (1, 1), 9)), "all ground"),
    "all transparent": (encoded(Image.new("RGBA", (40, 40))), "all ground"),
    "one float": (constant(3.5), "all ground"),
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


def assert_garment_or_input_error(content: bytes) -> None:
    """Any other error, or a warning, fails the test."""
    with suppress(InputError):
        garment = garment_in(content)
        assert (garment.shape, garment.dtype) == ((28, 28), np.uint8)


@settings(max_examples=300)
@given(st.binary(max_size=300), st.sampled_from([b"", *(sound[:12] for sound in SOUND)]))
def test_no_bytes_crash_the_reader(content: bytes, start: bytes):
    assert_garment_or_input_error(start + content)


@settings(max_examples=500)
@given(
    st.sampled_from(SOUND),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8),
    st.floats(0, 1) | st.just(1.0),
)
def test_no_damage_crashes_the_reader(sound: bytes, changes: list[tuple[int, int]], kept: float):
    damaged = bytearray(sound)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    assert_garment_or_input_error(bytes(damaged[: int(kept * len(damaged))]))
