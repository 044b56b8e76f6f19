"""A few rows and starting weights of the experiment's shapes, for lessons that train."""

import numpy as np

from shared.data.dataset import BRIGHTEST_PIXEL
from shared.data.stand_in import make_stand_in
from shared.experiment import Experiment
from shared.network import NUM_CLASSES
from shared.parameters import Parameters, glorot_parameters
from shared.protocol import Examples


def draw_rows(num_rows: int) -> Examples:
    """Garments made by rule: images, float32, (num_rows, 28, 28); labels, int32, (num_rows,).

    The same rows each time, and no file needed; what is learned from them is not the matter.
    """
    images, labels = make_stand_in(-(-num_rows // NUM_CLASSES), stream=0)
    return Examples(
        images=images[:num_rows].astype(np.float32) / np.float32(BRIGHTEST_PIXEL),
        labels=labels[:num_rows].astype(np.int32),
    )


def draw_weights() -> Parameters:
    """Glorot-uniform kernels and zero biases of 784→300→100→10, float32, the same each time."""
    return glorot_parameters(Experiment(), np.random.default_rng(42))
