"""Parameters: the kernels and biases of a network as NumPy arrays, whoever trained them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from shared.errors import InputError
from shared.experiment import Experiment
from shared.network import DenseLayer, dense_layers

Array = NDArray[np.floating]


@dataclass(frozen=True)
class LayerParameters:
    """One layer's kernel, shape (fan_in, fan_out), and bias, shape (fan_out,)."""

    name: str
    kernel: Array
    bias: Array


@dataclass(frozen=True)
class Parameters:
    """All layers' parameters in order from image to output. Gradients have the same form."""

    layers: tuple[LayerParameters, ...]

    def named_arrays(self) -> Iterator[tuple[str, Array]]:
        """Yields `hidden_1/kernel`, `hidden_1/bias`, … with their arrays."""
        for layer in self.layers:
            yield f"{layer.name}/kernel", layer.kernel
            yield f"{layer.name}/bias", layer.bias

    def map(self, change: Callable[..., Array], *others: "Parameters") -> "Parameters":
        """The same layers, each array changed by a function of it and of the others' there."""
        changed = []
        for layer, *beside in zip(self.layers, *(each.layers for each in others), strict=True):
            kernel = change(layer.kernel, *(each.kernel for each in beside))
            bias = change(layer.bias, *(each.bias for each in beside))
            changed.append(LayerParameters(layer.name, kernel, bias))
        return Parameters(tuple(changed))

    def with_kernels(self, change: Callable[[Array], Array]) -> "Parameters":
        """The same biases with each kernel changed."""
        changed = (replace(layer, kernel=change(layer.kernel)) for layer in self.layers)
        return Parameters(tuple(changed))

    def astype(self, dtype: str) -> "Parameters":
        """The same numbers in another floating-point type."""
        return self.map(lambda array: array.astype(dtype))


def glorot_limit(layer: DenseLayer) -> float:
    """Half the width of Glorot's uniform distribution, sqrt(6 / (fan_in + fan_out)).

    Source: X. Glorot and Y. Bengio, "Understanding the difficulty of training
    deep feedforward neural networks", AISTATS 2010, equation 16.
    """
    return float(np.sqrt(6.0 / (layer.fan_in + layer.fan_out)))


def glorot_parameters(experiment: Experiment, generator: np.random.Generator) -> Parameters:
    """Draws Glorot-uniform kernels and zero biases, float32, layer after layer.

    Always float32, whatever `experiment.dtype`: a float64 run starts from the
    very same numbers as the float32 run that it explains.
    """
    layers = []
    for layer in dense_layers(experiment):
        limit = glorot_limit(layer)
        kernel = generator.uniform(-limit, limit, (layer.fan_in, layer.fan_out))
        bias = np.zeros(layer.fan_out, np.float32)
        layers.append(LayerParameters(layer.name, kernel.astype(np.float32), bias))
    return Parameters(tuple(layers))


def move_last_bits(numbers: Array, generator: np.random.Generator, places: int = 1) -> Array:
    """Each number moved by so many units in its last place, up or down at random.

    Zeros stay: next to zero lies the smallest number there is, which means nothing.

    places: negative ones move each number the other way.
    """
    upwards = generator.integers(2, size=numbers.shape) == 1
    # As integers, the bits of a number count how many there are between it and zero.
    bits = numbers.view(f"i{numbers.itemsize}")
    moved = bits + np.where(upwards == (numbers > 0), places, -places).astype(bits.dtype)
    return np.where(numbers == 0, numbers, moved.view(numbers.dtype))


def largest_difference(left: Parameters, right: Parameters) -> float:
    """The largest absolute difference of two networks' numbers, taken in float64."""
    differences = left.astype("float64").map(np.subtract, right)
    largest = [np.abs(array).max() for _, array in differences.named_arrays()]
    return float(np.max(largest))  # Python's own `max` loses a NaN that does not come first


def save_parameters(
    parameters: Parameters, path: Path, metadata: dict[str, str] | None = None
) -> None:
    """Writes a safetensors file with the names of `Parameters.named_arrays`."""
    arrays = {name: np.ascontiguousarray(array) for name, array in parameters.named_arrays()}
    path.write_bytes(save(arrays, metadata))


def load_parameters(path: Path, experiment: Experiment) -> Parameters:
    """Reads a safetensors file of the experiment's network.

    Raises:
        InputError: the file is missing or damaged, or holds other names or shapes.
    """
    try:
        arrays = load_file(path)
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"{path} is no readable safetensors file ({error}): name one that a run wrote"
        ) from error
    expected: dict[str, tuple[int, ...]] = {}
    for layer in dense_layers(experiment):
        expected[f"{layer.name}/kernel"] = (layer.fan_in, layer.fan_out)
        expected[f"{layer.name}/bias"] = (layer.fan_out,)
    found = {name: array.shape for name, array in arrays.items()}
    if found != expected:
        raise InputError(
            f"{path} holds another network: expected {expected}, found {found}; "
            "give the hidden sizes that it was trained with"
        )
    layers = [
        LayerParameters(layer.name, arrays[f"{layer.name}/kernel"], arrays[f"{layer.name}/bias"])
        for layer in dense_layers(experiment)
    ]
    return Parameters(tuple(layers))
