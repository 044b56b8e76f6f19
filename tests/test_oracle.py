"""The oracle's gradients are those of its loss: central differences say so."""

import numpy as np
import pytest

from shared.experiment import Experiment
from shared.oracle import backward, cross_entropy, forward
from shared.parameters import Parameters, glorot_parameters

STEP = 1e-6
EXPERIMENT = Experiment(hidden_sizes=(12, 7))


def made_case() -> tuple[Parameters, np.ndarray, np.ndarray]:
    """Random weights and biases, and nine rows: a bias of zero would hide what becomes of it."""
    generator = np.random.default_rng(0)
    parameters = glorot_parameters(EXPERIMENT, generator).astype("float64")
    for layer in parameters.layers:
        layer.bias[...] = generator.normal(scale=0.1, size=layer.bias.shape)
    return parameters, generator.random((9, 28, 28)), generator.integers(0, 10, 9)


def loss_of(parameters: Parameters, images: np.ndarray, labels: np.ndarray) -> float:
    return cross_entropy(forward(parameters, images)[1], labels)


@pytest.mark.parametrize("layer", ["hidden_1", "hidden_2", "output"])
@pytest.mark.parametrize("part", ["kernel", "bias"])
def test_gradients_are_the_slopes_of_the_loss(layer: str, part: str):
    parameters, images, labels = made_case()
    gradients = backward(parameters, *forward(parameters, images), labels)
    gradient = dict(gradients.named_arrays())[f"{layer}/{part}"].flat
    values = dict(parameters.named_arrays())[f"{layer}/{part}"].flat
    for place in np.argsort(-np.abs(gradient))[:25]:  # where a mistake shows most
        before = values[place]
        values[place] = before + STEP
        above = loss_of(parameters, images, labels)
        values[place] = before - STEP
        below = loss_of(parameters, images, labels)
        values[place] = before
        assert (above - below) / (2 * STEP) == pytest.approx(gradient[place], rel=1e-5, abs=1e-9)
