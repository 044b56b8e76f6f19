"""A few rows and starting weights of the experiment's shapes, for lessons that train."""

from collections.abc import Callable
from typing import Any

import numpy as np

from shared.data.dataset import BRIGHTEST_PIXEL
from shared.data.stand_in import make_stand_in
from shared.experiment import Experiment
from shared.network import NUM_CLASSES
from shared.parameters import Parameters, glorot_parameters
from shared.protocol import Examples, Orders


def draw_rows(num_rows: int) -> Examples:
    """Garments made by rule: images, float32, (num_rows, 28, 28); labels, int32, (num_rows,).

    The same rows each time, and no file needed; what is learned from them is not the matter.
    """
    images, labels = make_stand_in(-(-num_rows // NUM_CLASSES), stream=0)
    scaled = images.astype(np.float32) / np.float32(BRIGHTEST_PIXEL)
    return Examples(images=scaled, labels=labels.astype(np.int32)).rows(slice(num_rows))


def draw_weights() -> Parameters:
    """Glorot-uniform kernels and zero biases of 784→300→100→10, float32, the same each time."""
    return glorot_parameters(Experiment(), np.random.default_rng(42))


def build_alike(implementation: Callable[[Experiment], Any]) -> Any:
    """The documented experiment by `KerasTwin`, say, ready to train from `draw_weights()`."""
    twin = implementation(Experiment())
    twin.set_parameters(draw_weights())
    return twin


def weights_after(implementation: Callable, rows: Examples, orders: Orders) -> Parameters:
    """The weights that one epoch for each of the orders makes of `draw_weights()`."""
    twin = build_alike(implementation)
    twin.fit(rows, validation=rows, orders=orders, on_epoch=lambda _metrics: None)
    return twin.get_parameters()
