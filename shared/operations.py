"""How many floating-point operations the training of the network takes."""

from shared.experiment import Experiment
from shared.network import dense_layers


def operations_per_row(experiment: Experiment) -> int:
    """Multiplications and additions of the matrix products in one row's training step.

    A product of a row with a (fan_in, fan_out) kernel takes 2 × fan_in × fan_out. Each
    layer does one forward, one for its kernel's gradient, and, but for the first,
    whose inputs are images, one for the gradient by its inputs. What is left out,
    biases, ReLU, softmax and the update, is below 2 % at batches of 32.

    784→300→100→10 takes 2 × 266,200 × 2 + 2 × 31,000 = 1,126,800.
    """
    products = [2 * layer.fan_in * layer.fan_out for layer in dense_layers(experiment)]
    return sum(products) + sum(products) + sum(products[1:])


def product_shapes(experiment: Experiment) -> tuple[tuple[int, int, int], ...]:
    """The matrix products of a step: (m, k, n) for an (m, k) by (k, n) product.

    For each layer in the order of `operations_per_row`: forward, kernel's gradient,
    inputs' gradient.
    """
    rows = experiment.batch_size
    shapes = []
    for index, layer in enumerate(dense_layers(experiment)):
        shapes.append((rows, layer.fan_in, layer.fan_out))
        shapes.append((layer.fan_in, rows, layer.fan_out))
        if index > 0:
            shapes.append((rows, layer.fan_out, layer.fan_in))
    return tuple(shapes)
