"""From a file, sound or not, to a garment like those of the data set, or to one clear line."""

import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from benchmarks.predict.garment import border_of, garment_of, ground_level
from benchmarks.predict.picture import MAXIMUM_PIXELS
from shared.data.dataset import RawDataset
from shared.errors import InputError
from tests.pictures import (
    BOOT,
    BOOTS_GARMENT,
    boot_on,
    encoded,
    garment_in,
    is_uneven,
    turned_exif,
)


def boot_in_colour() -> Image.Image:
    return Image.merge("RGB", [boot_on(255, level) for level in (180, 30, 60)])


@pytest.mark.real_data
def test_a_test_image_written_as_png_comes_back_bit_by_bit(raw_dataset: RawDataset):
    for image in raw_dataset.test_images[:500]:
        assert np.array_equal(garment_in(encoded(Image.fromarray(image), "PNG")), image)
        negative = Image.fromarray(255 - image)
        assert np.array_equal(garment_in(encoded(negative, "PNG")), image)
        assert np.array_equal(garment_in(encoded(negative.convert("RGBA"), "PNG")), image)


@pytest.mark.real_data
def test_the_ground_of_each_test_image_is_told_from_its_border(raw_dataset: RawDataset):
    images = raw_dataset.test_images.astype(np.float32) / np.float32(255)
    assert max(ground_level(border_of(image)) for image in images) < 0.05
    assert min(ground_level(border_of(1 - image)) for image in images) > 0.95


def box_of(garment: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(garment.any(axis=1)), np.flatnonzero(garment.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


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
    if not 0 <= level <= 255:
        level = 0 if ground > 127 else 255
    canvas = np.full((above + height + below, left + width + right), ground, np.uint8)
    assume(canvas.shape != (28, 28))
    canvas[above : above + height, left : left + width] = level
    garment = garment_in(encoded(Image.fromarray(canvas), "PNG"))
    top, bottom, first, last = box_of(garment)
    assert max(bottom - top, last - first) == 28
    longest = max(height, width)
    assert bottom - top == pytest.approx(max(1, 28 * height / longest), abs=0.5001)
    assert last - first == pytest.approx(max(1, 28 * width / longest), abs=0.5001)
    assert top - (28 - bottom) in (0, 1)
    assert (28 - last) - first in (0, 1)
    strongest = (ground - level) / ground if level < ground else (level - ground) / (255 - ground)
    assert np.ptp(garment[top:bottom, first:last].astype(int)) == 0
    assert garment.max() == pytest.approx(255 * strongest, abs=1)


@given(st.data())
def test_a_picture_and_its_negative_show_the_same_garment(data: st.DataObject):
    height, width = data.draw(st.integers(8, 60)), data.draw(st.integers(8, 60))
    generator = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    picture = np.full((height, width), data.draw(st.integers(0, 40)), np.uint8)
    picture[3:-3, 3:-3] = generator.integers(100, 256, (height - 6, width - 6))
    garment = garment_in(encoded(Image.fromarray(picture), "PNG"))
    of_negative = garment_in(encoded(Image.fromarray(255 - picture), "PNG"))
    assert np.abs(garment.astype(int) - of_negative).max() <= 1


def test_more_pixels_show_the_same_garment():
    for factor in (2, 7, 30):  # the last one is reduced before anything else
        large = BOOT.resize((90 * factor, 70 * factor), Image.Resampling.NEAREST)
        difference = np.abs(garment_in(encoded(large, "PNG")).astype(int) - BOOTS_GARMENT)
        assert difference.mean() < 5


def as_sixteen_bits(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image).astype(np.uint16) * 257)


@pytest.mark.parametrize(
    "content",
    [
        *(encoded(BOOT, name) for name in ("GIF", "BMP", "TIFF")),
        encoded(BOOT.convert("P"), "PNG"),
        encoded(BOOT.convert("LA"), "PNG"),
        encoded(BOOT.convert("RGBA"), "TIFF"),
        encoded(BOOT.convert("CMYK"), "TIFF"),
        encoded(BOOT.convert("RGB"), "WEBP", lossless=True),
        encoded(as_sixteen_bits(BOOT), "PNG"),
        encoded(as_sixteen_bits(BOOT), "TIFF"),
    ],
)
def test_every_way_to_store_a_picture_gives_the_same_garment(content: bytes):
    garment = garment_in(content)
    assert np.array_equal(garment > 0, BOOTS_GARMENT > 0)
    assert np.abs(garment.astype(int) - BOOTS_GARMENT).max() <= 1


@pytest.mark.parametrize("scale", [1e-3, 1.0, 70_000.0])
def test_a_float_does_not_say_what_is_white_so_its_highest_value_is(scale: float):
    levels = np.asarray(BOOT, np.float32) * np.float32(scale) - 5
    black_on_white = garment_in(encoded(boot_on(255, 0), "PNG"))
    assert np.array_equal(garment_in(encoded(Image.fromarray(levels), "TIFF")), black_on_white)


@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
def test_a_jpeg_shows_nearly_the_same_garment(mode: str):
    garment = garment_in(encoded(BOOT.convert(mode), "JPEG", quality=95))
    assert np.abs(garment.astype(int) - BOOTS_GARMENT).mean() < 5


def test_grey_is_luminance():
    garment = garment_in(encoded(boot_in_colour(), "PNG"))
    luminance = 0.299 * 180 + 0.587 * 30 + 0.114 * 60
    assert np.median(garment[garment > 0]) == pytest.approx(255 - luminance, abs=1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_camera_held_otherwise_shows_the_same_garment(orientation: int):
    turned = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = BOOT.transpose(turned[orientation]) if orientation in turned else BOOT
    content = encoded(image, "PNG", exif=turned_exif(orientation))
    assert np.array_equal(garment_in(content), BOOTS_GARMENT)


def cut_out(level: int) -> Image.Image:
    """The boot on transparency; what is transparent hides another colour."""
    mask = Image.eval(BOOT, lambda value: 255 if value == 60 else 0)
    return Image.merge("LA", (boot_on(128, level), mask))


@pytest.mark.parametrize(("level", "shown"), [(60, 195), (200, 55), (255, 255)])
def test_a_cut_out_lies_on_white_or_if_it_is_white_on_black(level: int, shown: int):
    garment = garment_in(encoded(cut_out(level), "PNG"))
    assert np.array_equal(garment > 0, BOOTS_GARMENT > 0)
    assert np.median(garment[garment > 0]) == shown


def test_a_cut_out_may_touch_all_sides_or_have_room_around_it():
    close = cut_out(60).crop((20, 10, 70, 60))
    wide = Image.new("LA", (300, 200))
    wide.paste(cut_out(60), (150, 90))
    expected = garment_in(encoded(cut_out(60), "PNG"))
    assert np.array_equal(garment_in(encoded(close, "PNG")), expected)
    assert np.array_equal(garment_in(encoded(wide, "PNG")), expected)


def test_a_few_transparent_pixels_take_the_grey_of_the_ground():
    opaque = boot_on(ground=120, boot=250)
    picture = opaque.convert("LA")
    picture.putpixel((0, 0), (0, 0))
    picture.putpixel((89, 69), (0, 0))
    expected = garment_in(encoded(opaque, "PNG"))
    assert np.array_equal(garment_in(encoded(picture, "PNG")), expected)
    framed = Image.new("LA", (100, 80), (255, 0))
    framed.paste(picture, (5, 5))
    assert np.array_equal(garment_in(encoded(framed, "PNG")), expected)


def test_of_several_views_in_one_jpeg_the_first_is_meant():
    views = encoded(
        BOOT.convert("RGB"),
        "MPO",
        save_all=True,
        append_images=[Image.new("RGB", (90, 70))],
        quality=95,
    )
    assert np.abs(garment_in(views).astype(int) - BOOTS_GARMENT).mean() < 5


def on_plain_ground(image: np.ndarray, ground: float, place: tuple[int, int]) -> np.ndarray:
    """A test image at three times its size on 120×120 of one grey, light on dark or negated."""
    garment = np.kron(image / 255, np.ones((3, 3)))
    canvas = np.full((120, 120), ground)
    top, left = place
    towards = 1 if ground < 0.5 else 0
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
@pytest.mark.parametrize("change", ["noise", "gradient", "diagonal", "stripes"])
def test_a_ground_that_is_not_plain_is_called_uneven(raw_dataset: RawDataset, change: str):
    slope = np.linspace(-0.1, 0.1, 120)
    uneven = {
        "noise": np.random.default_rng(0).normal(0, 0.08, (120, 120)),
        "gradient": np.broadcast_to(slope, (120, 120)),
        "diagonal": (slope + slope[:, np.newaxis]) / 2,
        "stripes": np.broadcast_to(0.2 * (np.arange(120) // 10 % 2), (120, 120)),
    }[change]
    for image in raw_dataset.test_images[:200]:
        assert is_uneven(on_plain_ground(image, 0.6, (18, 18)) + uneven)


def test_a_cut_out_on_transparency_has_no_uneven_ground():
    assert not garment_of(cut_out(60))[1]


# --- what cannot be used


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
    "one colour": (encoded(Image.new("RGB", (60, 40), "teal"), "PNG"), "all ground"),
    "one grey of 28×28": (encoded(Image.new("L", (28, 28)), "PNG"), "all ground"),
    "one pixel": (encoded(Image.new("L", (1, 1), 9), "PNG"), "all ground"),
    "all transparent": (encoded(Image.new("RGBA", (40, 40)), "PNG"), "all ground"),
    "one float": (encoded(Image.new("F", (9, 9), 3.5), "TIFF"), "all ground"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_cannot_be_used_is_one_clear_line(name: str):
    content, says = UNUSABLE[name]
    with pytest.raises(InputError, match=says) as caught:
        garment_in(content)
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
