"""Draws: the initial weights and batch orders that every implementation receives.

`shared` ones are drawn here with NumPy; `published` ones with TensorFlow, as the published
run did (`keras_impl/published_draws.py`), and this module checks what was drawn.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.errors import RunFailedError
from shared.experiment import NUM_TRAINING_ROWS, Experiment
from shared.parameters import Parameters, glorot_parameters

# Drawn with TensorFlow 2.21. The first values of `hidden_1/kernel` equal those
# that the book prints (0.02448617, -0.00877795, -0.02189048, …).
PUBLISHED_KERNEL_SHA256 = (
    "80c7489ee510e306325124c045537b623714254c8ad53530c84b08b6477b4799",
    "1938d8bca4fee6c4cbde55d89f2b3dc19066d83d380fe96748a934e09020ae17",
    "ebf37dc05a3af7b27d2f3cd8590fb8b5b213be778755e0e697265ae2c024e35d",
)
"""SHA-256 of the kernels' bytes, float32, little-endian, for seed 42 and 784→300→100→10."""
PUBLISHED_FIRST_ORDER_SHA256 = "87440721dc906a2312eb43a7adf1f3b63bf845eebf2502bfa382e448c109cbe3"
"""SHA-256 of the first epoch's order, 55,000 int64, little-endian, for seed 42."""
PUBLISHED_ORDERS_SHA256 = "d67f8b33127080feee88e15179a1cd64310f4a91293ccfa02d14b8a98073c03c"
"""SHA-256 of the orders of 30 epochs, (30, 55000) int64, little-endian, for seed 42."""


@dataclass(frozen=True, kw_only=True)
class Draws:
    """Initial parameters, float32, and the row numbers of each epoch in order, (E, 55000)."""

    parameters: Parameters
    orders: NDArray[np.int64]


def draw_shared(experiment: Experiment) -> Draws:
    """Draws with NumPy's PCG64: no framework needed, the same numbers everywhere."""
    # Two independent streams of the seed: a wider network is trained on the same batches.
    weights_stream, orders_stream = np.random.SeedSequence(experiment.seed).spawn(2)
    parameters = glorot_parameters(experiment, np.random.default_rng(weights_stream))
    generator = np.random.default_rng(orders_stream)
    orders = [generator.permutation(NUM_TRAINING_ROWS) for _ in range(experiment.num_epochs)]
    return Draws(parameters=parameters, orders=np.stack(orders))


def check_published_draws(draws: Draws, experiment: Experiment) -> None:
    """Checks draws against the published run's, where it drew them too; or RunFailedError."""
    published = Experiment()
    if experiment.seed != published.seed:
        return
    if experiment.hidden_sizes == published.hidden_sizes:
        kernels = tuple(sha256_of(layer.kernel) for layer in draws.parameters.layers)
        _demand(kernels == PUBLISHED_KERNEL_SHA256, "initial weights")
    _demand(sha256_of(draws.orders[0]) == PUBLISHED_FIRST_ORDER_SHA256, "first batch order")
    if experiment.num_epochs >= published.num_epochs:
        orders = draws.orders[: published.num_epochs]
        _demand(sha256_of(orders) == PUBLISHED_ORDERS_SHA256, "batch orders")


def sha256_of(*arrays: NDArray[np.generic]) -> str:
    """SHA-256 of the arrays' bytes one after the other, little-endian, in C order."""
    digest = hashlib.sha256()
    for array in arrays:
        little_endian = array.astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(np.ascontiguousarray(little_endian).data)
    return digest.hexdigest()


def _demand(equal: bool, what: str) -> None:
    if not equal:
        raise RunFailedError(
            f"this TensorFlow draws other {what} for seed {Experiment().seed} than the published "
            "run: install the versions in requirements.lock, or take shared randomness"
        )
