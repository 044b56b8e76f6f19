"""Cuts a training into segments, at whose ends the weights are looked at."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SNAPSHOTS_PER_EPOCH = 3


@dataclass(frozen=True, kw_only=True)
class Segment:
    """Rows trained on between two snapshots, in order, (k,), and the steps done after them."""

    last_step: int
    rows: NDArray[np.int64]


def cut_into_segments(orders: NDArray[np.int64], batch_size: int) -> Iterator[Segment]:
    """Yields the segments of all epochs, one after the other; `orders` is (E, n).

    No segment cuts a batch in two, and none reaches into the next epoch.
    """
    steps_per_epoch = -(-orders.shape[1] // batch_size)  # rounded up: the last may be smaller
    for epoch, order in enumerate(orders):
        first = 0
        for last in _snapshots_within(steps_per_epoch, is_first_epoch=epoch == 0):
            yield Segment(
                last_step=epoch * steps_per_epoch + last,
                rows=order[first * batch_size : last * batch_size],
            )
            first = last


def num_snapshots(orders: NDArray[np.int64], batch_size: int) -> int:
    """How many segments there are."""
    return sum(1 for _ in cut_into_segments(orders, batch_size))


def _snapshots_within(steps_per_epoch: int, *, is_first_epoch: bool) -> list[int]:
    """Steps of an epoch after which to look, counted from its start, rising.

    Powers of two in the first epoch, where the differences are born; then thirds
    (1,719 = 3 × 573). Segments of few different lengths, because a framework that
    compiles does so for each length anew.
    """
    if is_first_epoch:
        powers = [2**exponent for exponent in range(steps_per_epoch.bit_length())]
        return sorted({*powers, steps_per_epoch})
    thirds = range(1, SNAPSHOTS_PER_EPOCH + 1)
    return sorted({steps_per_epoch * third // SNAPSHOTS_PER_EPOCH for third in thirds} - {0})
