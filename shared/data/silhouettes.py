"""Ten garments, each a function of the plane, drawn in simple shapes.

See `shapes` for coordinates and for what a shape is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shared.data.shapes import (
    Field,
    Plane,
    Variation,
    only_where,
    without,
)


@dataclass(frozen=True, kw_only=True)
class Silhouette:
    """outline: the garment. seams: where darker lines run, (n, 28, 28) each."""

    outline: Field
    seams: Field


Garment = Callable[[Plane, Variation], Silhouette]


def _upper_garment(plane: Plane, v: Variation, *, sleeve: Field, width: Field, hem: Field) -> Field:
    """A body, half as wide as `width` at its hem, and sleeves, their length 0 to 1 (the wrist)."""
    shoulder, top = v.between(0.36, 0.5), v.between(-0.92, -0.8)
    body = plane.trapezoid(top, hem, shoulder, width)
    start_x, start_y = shoulder - 0.12, top + 0.16
    end_x = start_x + 0.14 + sleeve * v.between(0.26, 0.42)
    end_y = start_y + 0.1 + sleeve * v.between(0.9, 1.25)
    sleeves = plane.halved().limb((start_x, start_y), (end_x, end_y), v.between(0.1, 0.17))
    neck = plane.ellipse(0.0, top, v.between(0.13, 0.24), v.between(0.06, 0.22))
    return without(np.minimum(body, sleeves), neck)


def t_shirt(plane: Plane, v: Variation) -> Silhouette:
    """Short sleeves, seldom long ones; now and then a print."""
    sleeve = np.where(v.chance(0.12) > 0, v.between(0.6, 1.0), v.between(0.12, 0.4))
    outline = _upper_garment(
        plane, v, sleeve=sleeve, width=v.between(0.38, 0.5), hem=v.between(0.7, 0.95)
    )
    size = v.between(0.08, 0.22)
    printed = plane.box(-size, size, v.between(-0.4, -0.2), v.between(0.0, 0.3))
    return Silhouette(outline=outline, seams=only_where(v.chance(0.3), printed))


def trouser(plane: Plane, v: Variation) -> Silhouette:
    """Two legs below a waist."""
    waist, crotch = v.between(0.22, 0.36), v.between(-0.55, -0.25)
    foot_x, leg = v.between(0.16, 0.36), v.between(0.09, 0.17)
    legs = plane.halved().limb((waist * 0.5, crotch), (foot_x, v.between(0.7, 0.85)), leg)
    hips = plane.trapezoid(v.between(-0.95, -0.85), crotch + 0.08, waist, waist * 0.5 + leg)
    legs = without(legs, plane.box(-0.02, 0.02, crotch + 0.1, 2.0))
    belt = plane.box(-1.0, 1.0, -0.84, -0.78)
    return Silhouette(outline=np.minimum(hips, legs), seams=only_where(v.chance(0.5), belt))


def pullover(plane: Plane, v: Variation) -> Silhouette:
    """Long sleeves; often ribbing above the hem."""
    hem = v.between(0.6, 0.85)
    outline = _upper_garment(
        plane, v, sleeve=v.between(0.75, 1.0), width=v.between(0.38, 0.5), hem=hem
    )
    ribbing = plane.box(-1.0, 1.0, hem - 0.12, hem - 0.06)
    return Silhouette(outline=outline, seams=only_where(v.chance(0.5), ribbing))


def dress(plane: Plane, v: Variation) -> Silhouette:
    """A bodice, a waist and a skirt; sleeves of any length or none."""
    waist_y, waist = v.between(-0.3, 0.0), v.between(0.16, 0.3)
    top, shoulder = v.between(-0.95, -0.85), v.between(0.22, 0.36)
    bodice = plane.trapezoid(top, waist_y + 0.04, shoulder, waist)
    skirt = plane.trapezoid(waist_y, v.between(0.8, 0.97), waist, v.between(0.28, 0.58))
    length = v.between(0.1, 0.9)
    sleeves = plane.halved().limb(
        (shoulder - 0.1, top + 0.14), (shoulder + 0.25 * length, top + 0.3 + length), 0.09
    )
    neck = plane.ellipse(0.0, top, v.between(0.1, 0.2), v.between(0.1, 0.3))
    body = without(np.minimum(bodice, skirt), neck)
    belt = plane.box(-1.0, 1.0, waist_y - 0.03, waist_y + 0.03)
    return Silhouette(
        outline=np.minimum(body, only_where(v.chance(0.5), sleeves)),
        seams=only_where(v.chance(0.4), belt),
    )


def coat(plane: Plane, v: Variation) -> Silhouette:
    """Long sleeves, a long body, an opening from collar to hem."""
    outline = _upper_garment(
        plane,
        v,
        sleeve=v.between(0.75, 1.0),
        width=v.between(0.42, 0.58),
        hem=v.between(0.72, 0.97),
    )
    opening = np.abs(plane.x - v.between(-0.1, 0.1)) - 0.035
    lapels = plane.halved().limb((0.22, -0.85), (0.03, v.between(-0.5, -0.1)), 0.03)
    seams = np.minimum(only_where(v.chance(0.85), opening), only_where(v.chance(0.5), lapels))
    return Silhouette(outline=outline, seams=seams)


def sandal(plane: Plane, v: Variation) -> Silhouette:
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
    straps = np.minimum(straps, only_where(v.chance(0.6), crossing))
    return Silhouette(outline=np.minimum(np.minimum(sole, post), straps), seams=plane.nowhere())


def shirt(plane: Plane, v: Variation) -> Silhouette:
    """Sleeves of any length, a collar, buttons: something of each other upper garment."""
    sleeve = np.where(v.chance(0.35) > 0, v.between(0.15, 0.45), v.between(0.7, 1.0))
    outline = _upper_garment(
        plane, v, sleeve=sleeve, width=v.between(0.32, 0.44), hem=v.between(0.7, 0.95)
    )
    buttons = np.maximum(np.abs(plane.x) - 0.03, -0.6 - plane.y)
    collar = plane.halved().limb((0.24, -0.85), (0.06, -0.6), 0.06)
    seams = np.minimum(only_where(v.chance(0.5), buttons), only_where(v.chance(0.85), collar))
    # The shirt's tails: its hem hangs lower in the middle than at the sides.
    return Silhouette(
        outline=np.maximum(outline, plane.ellipse(0.0, -0.1, 1.2, v.between(0.85, 1.1))),
        seams=seams,
    )


def sneaker(plane: Plane, v: Variation) -> Silhouette:
    """A low shoe, its toe to the right, on a flat sole."""
    bottom, height = v.between(0.35, 0.5), v.between(0.4, 0.62)
    upper = plane.ellipse(-0.1, bottom, 0.95, height)
    back = plane.box(-0.9, v.between(-0.5, -0.25), bottom - height - 0.12, bottom)
    upper = np.maximum(np.minimum(upper, back), plane.y - bottom)
    sole = plane.box(-0.92, 0.92, bottom - 0.12, bottom)
    laces = plane.limb((-0.1, bottom - height), (0.25, bottom - height + 0.15), 0.05)
    welt = np.abs(plane.y - bottom + 0.14) - 0.025
    return Silhouette(
        outline=np.minimum(upper, sole),
        seams=np.minimum(only_where(v.chance(0.7), laces), only_where(v.chance(0.7), welt)),
    )


def bag(plane: Plane, v: Variation) -> Silhouette:
    """A body and, mostly, a handle above it."""
    top, bottom = v.between(-0.45, 0.0), v.between(0.6, 0.9)
    body = plane.trapezoid(top, bottom, v.between(0.5, 0.9), v.between(0.6, 0.92))
    radius_x, radius_y = v.between(0.25, 0.6), v.between(0.3, 0.5)
    handle = np.abs(plane.ellipse(0.0, top, radius_x, radius_y)) - v.between(0.04, 0.08)
    flap = np.abs(plane.y - top - v.between(0.15, 0.4)) - 0.03
    return Silhouette(
        outline=np.minimum(body, only_where(v.chance(0.8), handle)),
        seams=only_where(v.chance(0.5), flap),
    )


def ankle_boot(plane: Plane, v: Variation) -> Silhouette:
    """A shaft above a foot, its toe to the right, often on a heel."""
    bottom, shaft_top = v.between(0.55, 0.8), v.between(-0.85, -0.3)
    shaft = plane.box(v.between(-0.85, -0.7), v.between(-0.15, 0.15), shaft_top, bottom)
    foot = plane.ellipse(-0.05, bottom, v.between(0.75, 0.95), v.between(0.4, 0.65))
    foot = np.maximum(foot, plane.y - bottom)
    post = plane.box(-0.8, -0.4, bottom - 0.1, bottom + v.between(0.0, 0.2))
    zip_line = np.maximum(np.abs(plane.x + 0.35) - 0.025, plane.y - 0.3)
    return Silhouette(
        outline=np.minimum(np.minimum(shaft, foot), post),
        seams=only_where(v.chance(0.4), zip_line),
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
