"""The network, declared once: layer names, shapes and activations for every implementation."""

from dataclasses import dataclass
from typing import Literal

from shared.experiment import Experiment

IMAGE_HEIGHT = 28
IMAGE_WIDTH = 28
NUM_PIXELS = IMAGE_HEIGHT * IMAGE_WIDTH
NUM_CLASSES = 10

Activation = Literal["relu", "softmax"]


@dataclass(frozen=True)
class DenseLayer:
    """`activation(inputs @ kernel + bias)`: kernel (fan_in, fan_out), bias (fan_out,)."""

    name: str
    fan_in: int
    fan_out: int
    activation: Activation


def dense_layers(experiment: Experiment) -> tuple[DenseLayer, ...]:
    """The layers from image to output: `hidden_1`, `hidden_2`, …, `output`.

    The documented network is 784→300→100→10 with 266,610 parameters.
    """
    widths = (NUM_PIXELS, *experiment.hidden_sizes, NUM_CLASSES)
    names = [f"hidden_{number}" for number in range(1, len(widths) - 1)] + ["output"]
    return tuple(
        DenseLayer(name, fan_in, fan_out, "softmax" if name == "output" else "relu")
        for name, fan_in, fan_out in zip(names, widths[:-1], widths[1:], strict=True)
    )
