"""Scales of charts: where a number lies along an axis, and which numbers stand beside it."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import MaxNLocator

MARGIN = 0.04
"""Empty share of an axis beyond the smallest and the largest value."""
MAXIMUM_TICKS = 6
FEW_DECADES = 2.5
"""Up to so many powers of ten, a logarithmic axis also has ticks at 2 and 5 times each."""
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PLAIN_DECADES = range(-3, 7)
"""An axis within these powers of ten is written out: 0.001, 1,000; any other in powers."""


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A number that stands at an axis, and how it is written there."""

    value: float
    text: str


@dataclass(frozen=True, kw_only=True)
class AxisScale:
    """An axis from `low` to `high`; where it is logarithmic, both are above 0.

    label: what is measured, with its unit.
    """

    label: str
    low: float
    high: float
    logarithmic: bool
    ticks: tuple[Tick, ...]

    def percent(self, value: float) -> float:
        """Where a value lies: 0 at `low`, 100 at `high`; NaN where the axis has no place for it."""
        if not math.isfinite(value) or (self.logarithmic and value <= 0):
            return math.nan
        low, high = self.low, self.high
        if self.logarithmic:
            value, low, high = math.log(value), math.log(low), math.log(high)
        return 100 * (value - low) / (high - low)


def linear_scale(
    values: Iterable[float], label: str, *, whole_numbers: bool = False, from_zero: bool = False
) -> AxisScale:
    """A scale that holds all finite values with a margin; `from_zero` begins at 0 exactly."""
    finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(finite), max(finite)
    if low == high:
        half = abs(low) / 20 or 0.5
        low, high = low - half, high + half
    margin = MARGIN * (high - low)
    low, high = (0.0 if from_zero else low - margin), high + margin
    locator = MaxNLocator(nbins=MAXIMUM_TICKS, steps=[1, 2, 5, 10], integer=whole_numbers)
    places = [float(value) for value in locator.tick_values(low, high) if low <= value <= high]
    if whole_numbers:  # counted things: nothing lies before the first or after the last
        first, last = min(finite), max(finite)
        places = [first, *(value for value in places if first < value <= last)]
    decimals = 0 if whole_numbers else _decimals(places)
    ticks = tuple(Tick(value=value, text=_number(value, decimals)) for value in places)
    return AxisScale(label=label, low=low, high=high, logarithmic=False, ticks=ticks)


def logarithmic_scale(values: Iterable[float], label: str) -> AxisScale:
    """A logarithmic scale that holds all finite values above 0, with a margin."""
    drawable = [value for value in values if math.isfinite(value) and value > 0] or [1.0, 10.0]
    low, high = min(drawable), max(drawable)
    if low == high:
        low, high = low / 2, high * 2
    factor = 10 ** (MARGIN * (math.log10(high) - math.log10(low)))
    low, high = low / factor, high * factor
    ticks = tuple(_logarithmic_ticks(low, high))
    return AxisScale(label=label, low=low, high=high, logarithmic=True, ticks=ticks)


def _logarithmic_ticks(low: float, high: float) -> Iterator[Tick]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    num_decades = math.log10(high) - math.log10(low)
    stride = max(1, math.ceil(num_decades / MAXIMUM_TICKS))
    factors = (1, 2, 5) if num_decades <= FEW_DECADES else (1,)
    is_plain = first in _PLAIN_DECADES and last in _PLAIN_DECADES
    for exponent in range(first, last + 1):
        for factor in factors:
            value = float(f"{factor}e{exponent}")
            if low <= value <= high and exponent % stride == 0:
                yield Tick(value=value, text=_power(factor, exponent, is_plain=is_plain))


def _power(factor: int, exponent: int, *, is_plain: bool) -> str:
    if is_plain:
        return (
            f"{float(f'{factor}e{exponent}'):,g}" if exponent < 0 else f"{factor * 10**exponent:,}"
        )
    power = f"10{str(exponent).translate(_SUPERSCRIPTS)}"
    return power if factor == 1 else f"{factor}·{power}"


def _decimals(places: list[float]) -> int:
    if len(places) < 2:
        return 4
    step = float(np.diff(places).min())
    return max(0, -math.floor(math.log10(step) + 1e-9))


def _number(value: float, decimals: int) -> str:
    return f"{value + 0.0:,.{decimals}f}".replace("-", "−")
