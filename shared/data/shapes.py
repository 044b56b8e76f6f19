"""Simple shapes in the plane, many pictures at once, and the random numbers that vary them.

A shape is a signed distance: negative inside, positive outside, about one unit
per unit of length at the edge. The smaller of two distances is both shapes
together. Coordinates run from -1 to 1, x to the right, y downwards. They are
arrays (n, 28, 28), parameters numbers or arrays (n, 1, 1), all float32. Only
+ - * / sqrt, minimum and maximum are used: these are exact to the last bit on
every machine, which exp and sin are not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.network import IMAGE_HEIGHT, IMAGE_WIDTH

Field = NDArray[np.floating]
"""A number for every pixel, or for every picture; float32."""
Number = Field | float

_FAR_AWAY = np.float32(9.0)


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


@dataclass(frozen=True)
class Plane:
    """Coordinates of every pixel, x and y, (n, 28, 28) each."""

    x: Field
    y: Field

    def halved(self) -> "Plane":
        """Folded along x = 0, so that what is drawn on the right appears on both sides."""
        return Plane(np.abs(self.x), self.y)

    def box(self, left: Number, right: Number, top: Number, bottom: Number) -> Field:
        """A rectangle between these sides."""
        beside = np.maximum(left - self.x, self.x - right)
        return np.maximum(beside, np.maximum(top - self.y, self.y - bottom))

    def trapezoid(
        self, top: Number, bottom: Number, top_half_width: Number, bottom_half_width: Number
    ) -> Field:
        """A trapezoid symmetric about x = 0."""
        share = (self.y - top) / (bottom - top)
        half_width = top_half_width + (bottom_half_width - top_half_width) * share
        above_or_below = np.maximum(top - self.y, self.y - bottom)
        return np.maximum(np.abs(self.x) - half_width, above_or_below)

    def ellipse(
        self, center_x: Number, center_y: Number, radius_x: Number, radius_y: Number
    ) -> Field:
        """An ellipse; the distance is rough away from its edge."""
        across, down = (self.x - center_x) / radius_x, (self.y - center_y) / radius_y
        return (np.sqrt(across * across + down * down) - 1) * np.minimum(radius_x, radius_y)

    def limb(
        self, start: tuple[Number, Number], end: tuple[Number, Number], radius: Number
    ) -> Field:
        """A stroke with round ends."""
        along_x, along_y = end[0] - start[0], end[1] - start[1]
        off_x, off_y = self.x - start[0], self.y - start[1]
        share = (off_x * along_x + off_y * along_y) / (along_x * along_x + along_y * along_y)
        share = np.clip(share, 0, 1)
        off_x, off_y = off_x - share * along_x, off_y - share * along_y
        return np.sqrt(off_x * off_x + off_y * off_y) - radius

    def nowhere(self) -> Field:
        """No shape at all."""
        return np.full_like(self.x, _FAR_AWAY)


def without(shape: Field, hole: Field) -> Field:
    """The first shape less the second."""
    return np.maximum(shape, -hole)


def only_where(chosen: Field, shape: Field) -> Field:
    """The shape in the pictures for which `chosen`, (n, 1, 1), is not 0."""
    return np.where(chosen > 0, shape, _FAR_AWAY)
