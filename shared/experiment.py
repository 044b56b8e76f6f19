"""The experiment: everything that decides what is trained, in one frozen dataclass.

The defaults are the documented experiment, the first network of chapter 10 of
A. Géron, *Hands-On Machine Learning with Scikit-Learn, Keras, and TensorFlow*
(2nd edition). Only the standard library is imported here, so that the command
line can describe its options without waiting for anything.
"""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from shared.errors import InputError

DType = Literal["float32", "float64"]
Randomness = Literal["published", "shared", "native"]

MAXIMUM_SEED = 2**32 - 1
MAXIMUM_HIDDEN_SIZE = 10_000
MAXIMUM_HIDDEN_LAYERS = 16
NUM_TRAINING_ROWS = 55_000
"""Rows left for training: 60,000 less the first 5,000, which validate."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """What is trained, and how."""

    hidden_sizes: tuple[int, ...] = (300, 100)
    """Units of each hidden layer, from the image to the output."""
    learning_rate: float = 0.01
    """Step size of stochastic gradient descent."""
    batch_size: int = 32
    """Rows per step; the last step of an epoch takes the rows that are left."""
    num_epochs: int = 30
    """Passes over the 55,000 training images."""
    seed: int = 42
    """Seed of initial weights and batch orders, 0 to 4294967295."""
    dtype: DType = "float32"
    """Floating-point type of images, weights and arithmetic."""
    randomness: Randomness = "published"
    """Who draws initial weights and batch orders: 'published' as the published run drew
    them (with TensorFlow), 'shared' NumPy for both, 'native' each framework its own."""

    def __post_init__(self) -> None:
        """Raises InputError for a value out of its range."""
        num_layers = len(self.hidden_sizes)
        if not 1 <= num_layers <= MAXIMUM_HIDDEN_LAYERS:
            raise InputError(
                f"{num_layers} hidden layers cannot be built: "
                f"hidden sizes take 1 to {MAXIMUM_HIDDEN_LAYERS} numbers, 300 100 for instance"
            )
        for size in self.hidden_sizes:
            _check_range("hidden size", size, 1, MAXIMUM_HIDDEN_SIZE)
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise InputError(
                f"learning rate {self.learning_rate} is out of range: "
                "it takes a positive number, 0.01 for instance"
            )
        _check_range("batch size", self.batch_size, 1, NUM_TRAINING_ROWS)
        _check_range("number of epochs", self.num_epochs, 1, 10_000)
        _check_range("seed", self.seed, 0, MAXIMUM_SEED)
        _check_choice("dtype", self.dtype, get_args(DType))
        _check_choice("randomness", self.randomness, get_args(Randomness))


def _check_range(concept: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InputError(
            f"{concept} {value} is out of range: it takes a whole number from {low} to {high}"
        )


def _check_choice(concept: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f"unknown {concept} {value!r}: it is one of {', '.join(choices)}")
