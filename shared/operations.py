"""How many floating-point operations the training of the network takes."""

from shared.experiment import Experiment
from shared.network import dense_layers


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
