"""Ten garments as functions of the plane, many pictures at once.

A silhouette is a signed distance: negative inside, positive outside, about one
unit per unit of length at the edge. Coordinates run from -1 to 1, x to the
right, y downwards. They are arrays (n, 28, 28), parameters (n, 1, 1); all are
float32. Only + - * / sqrt, minimum and maximum are used: these are exact to the
last bit on every machine, which exp and sin are not.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.network import IMAGE_HEIGHT, IMAGE_WIDTH

Field = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Silhouette:
    """outline: the garment. seams: where darker lines run, (n, 28, 28) each."""

    outline: Field
    seams: Field


class Variation:
    """Random parameters of n pictures."""

    def __init__(self, generator: np.random.Generator, num_pictures: int) -> None:
        self._generator = generator
        self._shape = (num_pictures, 1, 1)

    def between(self, low: float, high: float) -> Field:
        """Evenly distributed numbers, (n, 1, 1)."""
        share = self._generator.random(self._shape, dtype=np.float32)
        return np.float32(low) + np.float32(high - low) * share

    def chance(self, probability: float) -> Field:
        """1 with this probability, else 0, (n, 1, 1)."""
        share = self._generator.random(self._shape, dtype=np.float32)
        return (share < probability).astype(np.float32)

    def noise(self) -> Field:
        """Independent noise for every pixel, from -1 to 1 and mostly small, (n, 28, 28)."""
        shape = (self._shape[0], IMAGE_HEIGHT, IMAGE_WIDTH)
        first = self._generator.random(shape, dtype=np.float32)
        return first - self._generator.random(shape, dtype=np.float32)


Garment = Callable[[Field, Field, Variation], Silhouette]

_FAR_AWAY = np.float32(9.0)


def _box(x: Field, y: Field, left, right, top, bottom) -> Field:
    return np.maximum(np.maximum(left - x, x - right), np.maximum(top - y, y - bottom))


def _trapezoid(x: Field, y: Field, top, bottom, top_half_width, bottom_half_width) -> Field:
    """Symmetric about x = 0."""
    share = (y - top) / (bottom - top)
    half_width = top_half_width + (bottom_half_width - top_half_width) * share
    return np.maximum(np.abs(x) - half_width, np.maximum(top - y, y - bottom))


def _ellipse(x: Field, y: Field, center_x, center_y, radius_x, radius_y) -> Field:
    across, down = (x - center_x) / radius_x, (y - center_y) / radius_y
    return (np.sqrt(across * across + down * down) - 1) * np.minimum(radius_x, radius_y)


def _limb(x: Field, y: Field, start_x, start_y, end_x, end_y, radius) -> Field:
    """A stroke with round ends."""
    along_x, along_y = end_x - start_x, end_y - start_y
    share = ((x - start_x) * along_x + (y - start_y) * along_y) / (along_x * along_x + along_y * along_y)
    share = np.clip(share, 0, 1)
    off_x, off_y = x - start_x - share * along_x, y - start_y - share * along_y
    return np.sqrt(off_x * off_x + off_y * off_y) - radius


def _without(shape: Field, hole: Field) -> Field:
    return np.maximum(shape, -hole)


def _nowhere(x: Field) -> Field:
    return np.full_like(x, _FAR_AWAY)


def _only_where(chosen: Field, shape: Field) -> Field:
    return np.where(chosen > 0, shape, _FAR_AWAY)


def _upper_garment(x: Field, y: Field, v: Variation, *, sleeve: Field, hem: Field) -> Field:
    """A body with two sleeves; `sleeve` is their length, from 0 to 1 (the wrist)."""
    shoulder, top = v.between(0.36, 0.5), v.between(-0.92, -0.8)
    width = v.between(0.36, 0.52)
    body = _trapezoid(x, y, top, hem, shoulder, width)
    start_x, start_y = shoulder - 0.12, top + 0.16
    end_x = start_x + sleeve * v.between(0.32, 0.5)
    end_y = start_y + 0.12 + sleeve * v.between(0.9, 1.25)
    sleeves = _limb(np.abs(x), y, start_x, start_y, end_x, end_y, v.between(0.1, 0.17))
    neck = _ellipse(x, y, 0.0, top, v.between(0.13, 0.24), v.between(0.06, 0.22))
    return _without(np.minimum(body, sleeves), neck)


def t_shirt(x: Field, y: Field, v: Variation) -> Silhouette:
    """Short sleeves, seldom long ones; now and then a print."""
    sleeve = np.where(v.chance(0.12) > 0, v.between(0.6, 1.0), v.between(0.12, 0.4))
    outline = _upper_garment(x, y, v, sleeve=sleeve, hem=v.between(0.7, 0.95))
    size = v.between(0.08, 0.22)
    printed = _box(x, y, -size, size, v.between(-0.4, -0.2), v.between(0.0, 0.3))
    return Silhouette(outline=outline, seams=_only_where(v.chance(0.3), printed))


def trouser(x: Field, y: Field, v: Variation) -> Silhouette:
    """Two legs below a waist."""
    waist, crotch = v.between(0.22, 0.36), v.between(-0.55, -0.25)
    foot_x, leg = v.between(0.16, 0.36), v.between(0.09, 0.17)
    legs = _limb(np.abs(x), y, waist * 0.5, crotch, foot_x, v.between(0.7, 0.85), leg)
    hips = _trapezoid(x, y, v.between(-0.95, -0.85), crotch + 0.08, waist, waist * 0.5 + leg)
    legs = _without(legs, _box(x, y, -0.02, 0.02, crotch + 0.1, 2.0))
    belt = _box(x, y, -1.0, 1.0, -0.84, -0.78)
    return Silhouette(
        outline=np.minimum(hips, legs), seams=_only_where(v.chance(0.5), belt)
    )


def pullover(x: Field, y: Field, v: Variation) -> Silhouette:
    """Long sleeves; often ribbing above the hem."""
    hem = v.between(0.65, 0.92)
    outline = _upper_garment(x, y, v, sleeve=v.between(0.75, 1.0), hem=hem)
    ribbing = _box(x, y, -1.0, 1.0, hem - 0.12, hem - 0.06)
    return Silhouette(outline=outline, seams=_only_where(v.chance(0.5), ribbing))


def dress(x: Field, y: Field, v: Variation) -> Silhouette:
    """A bodice, a waist and a skirt; sleeves of any length or none."""
    waist_y, waist = v.between(-0.3, 0.0), v.between(0.16, 0.3)
    top, shoulder = v.between(-0.95, -0.85), v.between(0.22, 0.36)
    bodice = _trapezoid(x, y, top, waist_y + 0.04, shoulder, waist)
    skirt = _trapezoid(x, y, waist_y, v.between(0.8, 0.97), waist, v.between(0.28, 0.58))
    length = v.between(0.1, 0.9)
    sleeves = _limb(
        np.abs(x), y, shoulder - 0.1, top + 0.14, shoulder + 0.25 * length, top + 0.3 + length, 0.09
    )
    neck = _ellipse(x, y, 0.0, top, v.between(0.1, 0.2), v.between(0.1, 0.3))
    body = _without(np.minimum(bodice, skirt), neck)
    belt = _box(x, y, -1.0, 1.0, waist_y - 0.03, waist_y + 0.03)
    return Silhouette(
        outline=np.minimum(body, _only_where(v.chance(0.5), sleeves)),
        seams=_only_where(v.chance(0.4), belt),
    )


def coat(x: Field, y: Field, v: Variation) -> Silhouette:
    """Long sleeves, a long body, an opening from collar to hem."""
    outline = _upper_garment(x, y, v, sleeve=v.between(0.75, 1.0), hem=v.between(0.75, 0.98))
    opening = np.abs(x - v.between(-0.1, 0.1)) - 0.025
    lapels = _limb(np.abs(x), y, 0.22, -0.85, 0.03, v.between(-0.5, -0.1), 0.03)
    seams = np.minimum(_only_where(v.chance(0.75), opening), _only_where(v.chance(0.5), lapels))
    return Silhouette(outline=outline, seams=seams)


def sandal(x: Field, y: Field, v: Variation) -> Silhouette:
    """A sole, with or without a heel, and straps with air between them."""
    heel = v.between(0.0, 0.45)
    rise = heel * 0.5 * (1 - x)
    sole_y = y + rise - v.between(0.3, 0.45)
    sole = np.maximum(np.abs(sole_y) - v.between(0.05, 0.11), np.abs(x) - 0.92)
    post = _box(x, y, -0.92, v.between(-0.82, -0.6), 0.3 - heel, 0.46)
    front, back, height = v.between(0.2, 0.65), v.between(-0.75, -0.4), v.between(0.2, 0.55)
    straps = np.minimum(
        _limb(x, sole_y, front, 0.0, front - v.between(0.1, 0.4), -height, 0.055),
        _limb(x, sole_y, back, 0.0, back + v.between(-0.15, 0.25), -height - 0.12, 0.055),
    )
    crossing = _limb(x, sole_y, back, -height * 0.9, front - 0.1, -height * 0.5, 0.05)
    straps = np.minimum(straps, _only_where(v.chance(0.6), crossing))
    return Silhouette(outline=np.minimum(np.minimum(sole, post), straps), seams=_nowhere(x))


def shirt(x: Field, y: Field, v: Variation) -> Silhouette:
    """Sleeves of any length, a collar, buttons: something of each other upper garment."""
    sleeve = np.where(v.chance(0.4) > 0, v.between(0.15, 0.45), v.between(0.7, 1.0))
    outline = _upper_garment(x, y, v, sleeve=sleeve, hem=v.between(0.7, 0.95))
    buttons = np.maximum(np.abs(x) - 0.03, -0.6 - y)
    collar = _limb(np.abs(x), y, 0.2, -0.85, 0.02, -0.62, 0.035)
    seams = np.minimum(_only_where(v.chance(0.5), buttons), _only_where(v.chance(0.5), collar))
    return Silhouette(outline=outline, seams=seams)


def sneaker(x: Field, y: Field, v: Variation) -> Silhouette:
    """A low shoe, its toe to the right, on a flat sole."""
    bottom, height = v.between(0.35, 0.5), v.between(0.3, 0.5)
    upper = _ellipse(x, y, -0.1, bottom, 0.85, height)
    back = _box(x, y, -0.9, v.between(-0.5, -0.25), bottom - height - 0.12, bottom)
    upper = np.maximum(np.minimum(upper, back), y - bottom)
    sole = _box(x, y, -0.92, 0.92, bottom - 0.12, bottom)
    laces = _limb(x, y, -0.1, bottom - height, 0.25, bottom - height + 0.15, 0.05)
    welt = np.abs(y - bottom + 0.14) - 0.025
    return Silhouette(
        outline=np.minimum(upper, sole),
        seams=np.minimum(_only_where(v.chance(0.7), laces), _only_where(v.chance(0.7), welt)),
    )


def bag(x: Field, y: Field, v: Variation) -> Silhouette:
    """A body and, mostly, a handle above it."""
    top, bottom = v.between(-0.45, 0.0), v.between(0.6, 0.9)
    body = _trapezoid(x, y, top, bottom, v.between(0.5, 0.9), v.between(0.6, 0.92))
    radius_x, radius_y = v.between(0.25, 0.6), v.between(0.3, 0.5)
    handle = np.abs(_ellipse(x, y, 0.0, top, radius_x, radius_y)) - v.between(0.04, 0.08)
    flap = np.abs(y - top - v.between(0.15, 0.4)) - 0.03
    return Silhouette(
        outline=np.minimum(body, _only_where(v.chance(0.8), handle)),
        seams=_only_where(v.chance(0.5), flap),
    )


def ankle_boot(x: Field, y: Field, v: Variation) -> Silhouette:
    """A shaft above a foot, its toe to the right, often on a heel."""
    bottom, shaft_top = v.between(0.55, 0.8), v.between(-0.85, -0.3)
    shaft = _box(x, y, v.between(-0.85, -0.7), v.between(-0.15, 0.15), shaft_top, bottom)
    foot = _ellipse(x, y, -0.05, bottom, v.between(0.75, 0.95), v.between(0.4, 0.65))
    foot = np.maximum(foot, y - bottom)
    post = _box(x, y, -0.8, -0.4, bottom - 0.1, bottom + v.between(0.0, 0.2))
    zip_line = np.maximum(np.abs(x + 0.35) - 0.025, y - 0.3)
    return Silhouette(
        outline=np.minimum(np.minimum(shaft, foot), post),
        seams=_only_where(v.chance(0.4), zip_line),
    )


GARMENTS: tuple[Garment, ...] = (
    t_shirt,
    trouser,
    pullover,
    dress,
    coat,
    sandal,
    shirt,
    sneaker,
    bag,
    ankle_boot,
)
"""By class, in Fashion-MNIST's order."""
