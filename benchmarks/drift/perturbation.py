"""Disturbances of the rounding alone: what is trained stays, mathematically, the same."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from shared.draws import Draws
from shared.experiment import Experiment
from shared.parameters import Parameters


def with_last_bits_moved(draws: Draws, experiment: Experiment, number: int) -> Draws:
    """The same draws from other last bits; `number` tells one such disturbance from the next."""
    generator = np.random.default_rng([experiment.seed, number])
    return replace(draws, parameters=move_last_bits(draws.parameters, generator))


def with_batches_reversed(draws: Draws, experiment: Experiment) -> Draws:
    """The same batches, the rows of each the other way round."""
    return replace(draws, orders=reverse_batches(draws.orders, experiment.batch_size))


def move_last_bits(parameters: Parameters, generator: np.random.Generator) -> Parameters:
    """Moves each kernel's numbers by one unit in the last place, up or down at random.

    Zeros stay: next to zero lies the smallest number there is, which means nothing.
    Biases, which start at zero, stay with them.
    """
    layers = (
        replace(layer, kernel=_to_neighbours(layer.kernel, generator))
        for layer in parameters.layers
    )
    return Parameters(tuple(layers))


def _to_neighbours(
    numbers: NDArray[np.floating], generator: np.random.Generator
) -> NDArray[np.floating]:
    # The infinities are of the numbers' own type: float64 ones would make nextafter
    # take the next float64, which is no step at all in float32.
    infinity = numbers.dtype.type(np.inf)
    upwards = generator.integers(2, size=numbers.shape) == 1
    moved = np.nextafter(numbers, np.where(upwards, infinity, -infinity))
    return np.where(numbers == 0, numbers, moved)


def reverse_batches(orders: NDArray[np.int64], batch_size: int) -> NDArray[np.int64]:
    """Turns the rows inside each batch round, (E, n); the last, smaller batch as well.

    A batch's gradient is a mean over its rows, whatever their order; only the
    order of summation changes, and with it the rounding.
    """
    starts = range(0, orders.shape[1], batch_size)
    batches = [orders[:, start : start + batch_size] for start in starts]
    return np.concatenate([batch[:, ::-1] for batch in batches], axis=1)
