"""The network, declared once: layer names, shapes, activations, and the operations they take."""

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


def operations_per_row(experiment: Experiment) -> int:
    """Multiplications and additions of the matrix products in one row's training step.

    784→300→100→10 takes 2 × 266,200 × 2 + 2 × 31,000 = 1,126,800. What is left out,
    biases, ReLU, softmax and the update, is below 2 % at batches of 32.
    """
    products = product_shapes(experiment)
    return sum(2 * m * k * n for m, k, n in products) // experiment.batch_size


def product_shapes(experiment: Experiment) -> tuple[tuple[int, int, int], ...]:
    """The matrix products of a step: (m, k, n) for an (m, k) by (k, n) product.

    For each layer: forward, its kernel's gradient and, but for the first, whose inputs
    are images, the gradient by its inputs.
    """
    rows, shapes = experiment.batch_size, []
    for index, layer in enumerate(dense_layers(experiment)):
        shapes += [(rows, layer.fan_in, layer.fan_out), (layer.fan_in, rows, layer.fan_out)]
        if index > 0:
            shapes.append((rows, layer.fan_out, layer.fan_in))
    return tuple(shapes)
