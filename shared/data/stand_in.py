"""A stand-in for Fashion-MNIST: garments made by rule, for machines that cannot get it.

It has Fashion-MNIST's shapes, types, classes and class balance, and it always comes
out the same. It makes every part of the program run; what is learned on it is not
comparable with anything documented.

A shape is a signed distance: negative inside, positive outside, about one unit per
unit of length at the edge. The smaller of two distances is both shapes together, the
larger what they share, and minus a shape is all that lies outside it. Coordinates run
from -1 to 1, x to the right, y downwards. They are arrays (n, 28, 28), parameters
numbers or arrays (n, 1, 1), all float32. Only + - * / sqrt, minimum and maximum are
used, which are exact to the last bit on every machine, as exp and sin are not, and only
`Generator.random` and `permutation`, so that every machine makes the same pictures.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.network import IMAGE_HEIGHT, IMAGE_WIDTH, NUM_CLASSES

Field = NDArray[np.floating]
"""A number for every pixel, or for every picture; float32."""
Number = Field | np.float32 | float
Point = tuple[Number, Number]

_SEED = 20_170_825
_PICTURES_AT_ONCE = 500  # small enough for a processor's cache: several times faster
_NOWHERE = np.float32(9.0)  # far outside of every shape: no shape at all
_PIXEL = np.float32(2 / IMAGE_WIDTH)
# Where the pixels' middles are; a picture is as high as it is wide.
_MIDDLES = (2 * np.arange(IMAGE_WIDTH, dtype=np.float32) + 1) / np.float32(IMAGE_WIDTH) - 1
_COLUMN, _ROW = _MIDDLES[None, None, :], _MIDDLES[None, :, None]


@dataclass(frozen=True)
class Variation:
    """Random parameters of n pictures, (n, 1, 1)."""

    generator: np.random.Generator
    num_pictures: int

    def _share(self) -> Field:
        return self.generator.random((self.num_pictures, 1, 1), dtype=np.float32)

    def between(self, low: float, high: float) -> Field:
        """Evenly distributed numbers."""
        return np.float32(low) + np.float32(high - low) * self._share()

    def chance(self, probability: float) -> Field:
        """1 with this probability, else 0."""
        return (self._share() < probability).astype(np.float32)

    def sometimes(self, probability: float, shape: Field) -> Field:
        """The shape, (n, 28, 28), in pictures chosen with this probability."""
        return np.where(self._share() < probability, shape, _NOWHERE)


@dataclass(frozen=True)
class Plane:
    """Coordinates of every pixel, x and y, (n, 28, 28) each, and shapes in them."""

    x: Field
    y: Field

    def halved(self) -> "Plane":
        """Folded along x = 0, so that what stands on the right appears on both sides."""
        return Plane(np.abs(self.x), self.y)

    def box(self, left: Number, right: Number, top: Number, bottom: Number) -> Field:
        """A rectangle between these sides."""
        beside = np.maximum(left - self.x, self.x - right)
        return np.maximum(beside, np.maximum(top - self.y, self.y - bottom))

    def trapezoid(
        self, top: Number, bottom: Number, top_half: Number, bottom_half: Number
    ) -> Field:
        """A trapezoid symmetric about x = 0, with half its width at its top and bottom."""
        half_width = top_half + (bottom_half - top_half) * ((self.y - top) / (bottom - top))
        above_or_below = np.maximum(top - self.y, self.y - bottom)
        return np.maximum(np.abs(self.x) - half_width, above_or_below)

    def ellipse(self, x: Number, y: Number, radius_x: Number, radius_y: Number) -> Field:
        """An ellipse around a point; the distance is rough away from its edge."""
        across, down = (self.x - x) / radius_x, (self.y - y) / radius_y
        return (np.sqrt(across * across + down * down) - 1) * np.minimum(radius_x, radius_y)

    def limb(self, start: Point, end: Point, radius: Number) -> Field:
        """A stroke with round ends."""
        along_x, along_y = end[0] - start[0], end[1] - start[1]
        off_x, off_y = self.x - start[0], self.y - start[1]
        share = (off_x * along_x + off_y * along_y) / (along_x * along_x + along_y * along_y)
        share = np.clip(share, 0, 1)
        off_x, off_y = off_x - share * along_x, off_y - share * along_y
        return np.sqrt(off_x * off_x + off_y * off_y) - radius


Garment = Callable[[Plane, Variation], tuple[Field, Number]]
"""Gives the garment's outline and its seams, where darker lines run, (n, 28, 28) each."""


def _upper_garment(plane: Plane, v: Variation, sleeve: Field, width: Field, hem: Field) -> Field:
    """A body, half as wide as `width` at its hem, and sleeves, their length 0 to 1 (the wrist)."""
    shoulder, top = v.between(0.36, 0.5), v.between(-0.92, -0.8)
    body = plane.trapezoid(top, hem, shoulder, width)
    start_x, start_y = shoulder - 0.12, top + 0.16
    end_x = start_x + 0.14 + sleeve * v.between(0.26, 0.42)
    end_y = start_y + 0.1 + sleeve * v.between(0.9, 1.25)
    sleeves = plane.halved().limb((start_x, start_y), (end_x, end_y), v.between(0.1, 0.17))
    neck = plane.ellipse(0.0, top, v.between(0.13, 0.24), v.between(0.06, 0.22))
    return np.maximum(np.minimum(body, sleeves), -neck)


def _t_shirt(plane: Plane, v: Variation) -> tuple[Field, Number]:
    """Short sleeves, seldom long ones; now and then a print."""
    sleeve = np.where(v.chance(0.12) > 0, v.between(0.6, 1.0), v.between(0.12, 0.4))
    outline = _upper_garment(plane, v, sleeve, v.between(0.38, 0.5), v.between(0.7, 0.95))
    size = v.between(0.08, 0.22)
    printed = plane.box(-size, size, v.between(-0.4, -0.2), v.between(0.0, 0.3))
    return outline, v.sometimes(0.3, printed)


def _trouser(plane: Plane, v: Variation) -> tuple[Field, Number]:
    """Two legs below a waist, often with a belt."""
    waist, crotch = v.between(0.22, 0.36), v.between(-0.55, -0.25)
    foot_x, leg = v.between(0.16, 0.36), v.between(0.09, 0.17)
    legs = plane.halved().limb((waist * 0.5, crotch), (foot_x, v.between(0.7, 0.85)), leg)
    hips = plane.trapezoid(v.between(-0.95, -0.85), crotch + 0.08, waist, waist * 0.5 + leg)
    legs = np.maximum(legs, -plane.box(-0.02, 0.02, crotch + 0.1, 2.0))
    return np.minimum(hips, legs), v.sometimes(0.5, plane.box(-1.0, 1.0, -0.84, -0.78))


def _pullover(plane: Plane, v: Variation) -> tuple[Field, Number]:
    """Long sleeves; often ribbing above the hem."""
    hem = v.between(0.6, 0.85)
    outline = _upper_garment(plane, v, v.between(0.75, 1.0), v.between(0.38, 0.5), hem)
    return outline, v.sometimes(0.5, plane.box(-1.0, 1.0, hem - 0.12, hem - 0.06))


def _dress(plane: Plane, v: Variation) -> tuple[Field, Number]:
    """A bodice, a waist and a skirt; sleeves of any length or none."""
    waist_y, waist = v.between(-0.3, 0.0), v.between(0.16, 0.3)
    top, shoulder = v.between(-0.95, -0.85), v.between(0.22, 0.36)
    bodice = plane.trapezoid(top, waist_y + 0.04, shoulder, waist)
    skirt = plane.trapezoid(waist_y, v.between(0.8, 0.97), waist, v.between(0.28, 0.58))
    length = v.between(0.1, 0.9)
    wrist = (shoulder + 0.25 * length, top + 0.3 + length)
    sleeves = plane.halved().limb((shoulder - 0.1, top + 0.14), wrist, 0.09)
    neck = plane.ellipse(0.0, top, v.between(0.1, 0.2), v.between(0.1, 0.3))
    body = np.maximum(np.minimum(bodice, skirt), -neck)
    belt = plane.box(-1.0, 1.0, waist_y - 0.03, waist_y + 0.03)
    return np.minimum(body, v.sometimes(0.5, sleeves)), v.sometimes(0.4, belt)


def _coat(plane: Plane, v: Variation) -> tuple[Field, Number]:
    """Long sleeves, a long body, an opening from collar to hem."""
    sleeve, width = v.between(0.75, 1.0), v.between(0.42, 0.58)
    outline = _upper_garment(plane, v, sleeve, width, v.between(0.72, 0.97))
    opening = np.abs(plane.x - v.between(-0.1, 0.1)) - 0.035
    lapels = plane.halved().limb((0.22, -0.85), (0.03, v.between(-0.5, -0.1)), 0.03)
    return outline, np.minimum(v.sometimes(0.85, opening), v.sometimes(0.5, lapels))


def _sandal(plane: Plane, v: Variation) -> tuple[Field, Number]:
    """A sole, with or without a heel, and straps with air between them."""
    heel = v.between(0.0, 0.45)
    rise = heel * 0.5 * (1 - plane.x)
    # The foot's own plane: it rises towards the heel, and the sole lies at y = 0.
    foot = Plane(plane.x, plane.y + rise - v.between(0.3, 0.45))
    sole = np.maximum(np.abs(foot.y) - v.between(0.05, 0.11), np.abs(plane.x) - 0.92)
    post = plane.box(-0.92, v.between(-0.82, -0.6), 0.3 - heel, 0.46)
    front, back, height = v.between(0.2, 0.65), v.between(-0.75, -0.4), v.between(0.2, 0.55)
    straps = np.minimum(
        foot.limb((front, 0.0), (front - v.between(0.1, 0.4), -height), 0.055),
        foot.limb((back, 0.0), (back + v.between(-0.15, 0.25), -height - 0.12), 0.055),
    )
    crossing = foot.limb((back, -height * 0.9), (front - 0.1, -height * 0.5), 0.05)
    straps = np.minimum(straps, v.sometimes(0.6, crossing))
    return np.minimum(np.minimum(sole, post), straps), _NOWHERE


def _shirt(plane: Plane, v: Variation) -> tuple[Field, Number]:
    """Sleeves of any length, a collar, buttons: something of each other upper garment."""
    sleeve = np.where(v.chance(0.35) > 0, v.between(0.15, 0.45), v.between(0.7, 1.0))
    outline = _upper_garment(plane, v, sleeve, v.between(0.32, 0.44), v.between(0.7, 0.95))
    buttons = v.sometimes(0.5, np.maximum(np.abs(plane.x) - 0.03, -0.6 - plane.y))
    collar = v.sometimes(0.85, plane.halved().limb((0.24, -0.85), (0.06, -0.6), 0.06))
    # The shirt's tails: its hem hangs lower in the middle than at the sides.
    tails = plane.ellipse(0.0, -0.1, 1.2, v.between(0.85, 1.1))
    return np.maximum(outline, tails), np.minimum(buttons, collar)


def _sneaker(plane: Plane, v: Variation) -> tuple[Field, Number]:
    """A low shoe, its toe to the right, on a flat sole."""
    bottom, height = v.between(0.35, 0.5), v.between(0.4, 0.62)
    upper = plane.ellipse(-0.1, bottom, 0.95, height)
    back = plane.box(-0.9, v.between(-0.5, -0.25), bottom - height - 0.12, bottom)
    upper = np.maximum(np.minimum(upper, back), plane.y - bottom)
    sole = plane.box(-0.92, 0.92, bottom - 0.12, bottom)
    laces = plane.limb((-0.1, bottom - height), (0.25, bottom - height + 0.15), 0.05)
    welt = np.abs(plane.y - bottom + 0.14) - 0.025
    return np.minimum(upper, sole), np.minimum(v.sometimes(0.7, laces), v.sometimes(0.7, welt))


def _bag(plane: Plane, v: Variation) -> tuple[Field, Number]:
    """A body, often with a flap, and, mostly, a handle above it."""
    top, bottom = v.between(-0.45, 0.0), v.between(0.6, 0.9)
    body = plane.trapezoid(top, bottom, v.between(0.5, 0.9), v.between(0.6, 0.92))
    ring = np.abs(plane.ellipse(0.0, top, v.between(0.25, 0.6), v.between(0.3, 0.5)))
    handle = ring - v.between(0.04, 0.08)
    flap = np.abs(plane.y - top - v.between(0.15, 0.4)) - 0.03
    return np.minimum(body, v.sometimes(0.8, handle)), v.sometimes(0.5, flap)


def _ankle_boot(plane: Plane, v: Variation) -> tuple[Field, Number]:
    """A shaft above a foot, its toe to the right, often on a heel; now and then a zip."""
    bottom, shaft_top = v.between(0.55, 0.8), v.between(-0.85, -0.3)
    shaft = plane.box(v.between(-0.85, -0.7), v.between(-0.15, 0.15), shaft_top, bottom)
    foot = plane.ellipse(-0.05, bottom, v.between(0.75, 0.95), v.between(0.4, 0.65))
    foot = np.maximum(foot, plane.y - bottom)
    post = plane.box(-0.8, -0.4, bottom - 0.1, bottom + v.between(0.0, 0.2))
    zip_line = np.maximum(np.abs(plane.x + 0.35) - 0.025, plane.y - 0.3)
    return np.minimum(np.minimum(shaft, foot), post), v.sometimes(0.4, zip_line)


GARMENTS: tuple[Garment, ...] = (
    *(_t_shirt, _trouser, _pullover, _dress, _coat),
    *(_sandal, _shirt, _sneaker, _bag, _ankle_boot),
)
"""By class, in Fashion-MNIST's order."""


def make_stand_in(
    num_per_class: int, *, stream: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images, uint8, (n, 28, 28), and labels, uint8, (n,), of all ten classes in random order.

    Both are read-only, n is 10 * num_per_class, and streams are independent of each other.
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
