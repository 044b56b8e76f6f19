"""A stand-in for Fashion-MNIST: garments made by rule, for machines that cannot get it.

It has Fashion-MNIST's shapes, types, classes and class balance, and it always
comes out the same. It makes every part of the program run; what is learned on
it is not comparable with anything documented.

Only operations that are exact on every machine are used (see `garments`), and
only `Generator.random` and `permutation`, so that every machine makes the same
pictures.
"""

import numpy as np
from numpy.typing import NDArray

from shared.data.garments import GARMENTS, Field, Garment, Number, Plane, Variation
from shared.network import IMAGE_HEIGHT, IMAGE_WIDTH, NUM_CLASSES

_SEED = 20_170_825
_PICTURES_AT_ONCE = 500
"""Small enough for a processor's cache, which makes this several times faster."""
_PIXEL = np.float32(2 / IMAGE_WIDTH)


def make_stand_in(
    num_per_class: int, *, stream: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Makes pictures of all ten classes in random order; streams are independent of each other.

    Returns images, uint8, (10 * num_per_class, 28, 28), and labels, uint8,
    (10 * num_per_class,); both read-only.
    """
    labels = np.repeat(np.arange(NUM_CLASSES, dtype=np.uint8), num_per_class)
    labels = _generator(stream, NUM_CLASSES).permutation(labels)
    images = np.empty((len(labels), IMAGE_HEIGHT, IMAGE_WIDTH), dtype=np.uint8)
    for label, garment in enumerate(GARMENTS):
        generator = _generator(stream, label)
        rows = np.flatnonzero(labels == label)
        for start in range(0, num_per_class, _PICTURES_AT_ONCE):
            some = rows[start : start + _PICTURES_AT_ONCE]
            images[some] = _pictures(garment, Variation(generator, len(some)))
    images.flags.writeable = labels.flags.writeable = False
    return images, labels


def _generator(stream: int, part: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([_SEED, stream, part]))


def _pictures(garment: Garment, v: Variation) -> NDArray[np.uint8]:
    plane = _deformed_plane(v)
    outline, seams = garment(plane, v)
    ink = _covered(outline) * _shade(plane, seams, v) * _lit(v)
    # Noise on the garment only: like the published images, these stand on pure black.
    strength = v.between(0.05, 0.3)
    noise = v.generator.random(ink.shape, dtype=np.float32)
    noise -= v.generator.random(ink.shape, dtype=np.float32)
    return np.floor(np.clip(ink * (1 + strength * noise), 0, 1) * 255).astype(np.uint8)


def _pixel_centers(num_pixels: int) -> NDArray[np.float32]:
    return (2 * np.arange(num_pixels, dtype=np.float32) + 1) / np.float32(num_pixels) - 1


_COLUMN = _pixel_centers(IMAGE_WIDTH)[None, None, :]
_ROW = _pixel_centers(IMAGE_HEIGHT)[None, :, None]


def _deformed_plane(v: Variation) -> Plane:
    """Coordinates of every pixel, shifted, stretched, tilted and bent."""
    column, row = _COLUMN + v.between(-0.12, 0.12), _ROW + v.between(-0.1, 0.1)
    column, row = column * v.between(0.95, 1.3), row * v.between(0.95, 1.2)
    tilt, lean = v.between(-0.12, 0.12), v.between(-0.1, 0.1)
    x = column + (tilt + lean) * row + v.between(0, 0.07) * _wave(row * v.between(0.3, 0.8), v)
    y = row - tilt * column + v.between(0, 0.07) * _wave(column * v.between(0.3, 0.8), v)
    # Shoes are made with their toes to the right; most of the published ones point left.
    mirror = 1 - 2 * v.chance(0.85)
    return Plane(x * mirror, y)


def _wave(position: Field, v: Variation) -> Field:
    """Much like a sine of period 1 and random phase, made of parabolas."""
    position = position + v.between(0, 1)
    half = 2 * (position - np.floor(position)) - 1
    return 4 * half * (1 - np.abs(half))


def _covered(distance: Number) -> Field:
    """How much of each pixel lies inside, 0 to 1."""
    return np.clip(np.float32(0.5) - distance / _PIXEL, 0, 1)


def _shade(plane: Plane, seams: Number, v: Variation) -> Field:
    """Brightness of the cloth: its colour, folds, stripes and seams."""
    x, y = plane.x, plane.y
    cloth = v.between(0.25, 0.95) * (1 + v.between(-0.25, 0.25) * x + v.between(-0.25, 0.25) * y)
    folds = v.between(0, 0.2) * _wave(x * v.between(0.5, 1.5) + y * v.between(-0.5, 0.5), v)
    across, along = v.chance(0.25), v.chance(0.15)
    position = (across * y + along * x) * v.between(1.5, 4)
    stripes = v.between(0.1, 0.5) * np.maximum(across, along) * _wave(position, v)
    return cloth * (1 + folds + stripes) * (1 - v.between(0.3, 0.8) * _covered(seams))


def _lit(v: Variation) -> Field:
    """0 in a random rectangle of some pictures, which something else hides; 1 elsewhere."""
    far_column = np.abs(_COLUMN - v.between(-0.8, 0.8)) > v.between(0.1, 0.35)
    far_row = np.abs(_ROW - v.between(-0.8, 0.8)) > v.between(0.1, 0.35)
    return np.maximum(far_column | far_row, 1 - v.chance(0.5))
