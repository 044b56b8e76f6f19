"""Disturbances of the rounding alone: what is trained stays, mathematically, the same."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from shared.draws import Draws


def move_last_bits(draws: Draws, generator: np.random.Generator) -> Draws:
    """Moves each number of each kernel by one unit in the last place, up or down at random.

    Zeros stay: next to zero lies the smallest number there is, which means nothing.
    Biases, which start at zero, stay with them.
    """

    def move(numbers: NDArray[np.floating]) -> NDArray[np.floating]:
        # The infinities are of the numbers' own type: float64 ones would make nextafter
        # take the next float64, which is no step at all in float32.
        infinity = numbers.dtype.type(np.inf)
        upwards = generator.integers(2, size=numbers.shape) == 1
        moved = np.nextafter(numbers, np.where(upwards, infinity, -infinity))
        return np.where(numbers == 0, numbers, moved)

    return replace(draws, parameters=draws.parameters.with_kernels(move))


def reverse_batches(draws: Draws, batch_size: int) -> Draws:
    """Turns the rows inside each batch round; those of the last, smaller batch as well.

    A batch's gradient is a mean over its rows, whatever their order; only the
    order of summation changes, and with it the rounding.
    """
    starts = range(0, draws.orders.shape[1], batch_size)
    batches = [draws.orders[:, start : start + batch_size] for start in starts]
    return replace(draws, orders=np.concatenate([batch[:, ::-1] for batch in batches], axis=1))
