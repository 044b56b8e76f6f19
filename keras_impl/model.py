"""The network in Keras, and its weights in and out."""

import keras
import numpy as np

from shared.experiment import Experiment
from shared.network import IMAGE_HEIGHT, IMAGE_WIDTH, dense_layers
from shared.parameters import LayerParameters, Parameters


def build_model(experiment: Experiment) -> keras.Sequential:
    """Flatten 28×28, Dense ReLU layers, Dense softmax: the documented model.

    Kernels start Glorot-uniform and biases zero: Keras' defaults for `Dense`.
    Clearing the session gives the model the same names and the seed the same
    weights, however many models this process built before.
    """
    keras.backend.clear_session()
    keras.config.set_floatx(experiment.dtype)
    keras.utils.set_random_seed(experiment.seed)
    return keras.Sequential(
        [
            keras.Input((IMAGE_HEIGHT, IMAGE_WIDTH)),
            keras.layers.Flatten(),
            *(
                keras.layers.Dense(layer.fan_out, activation=layer.activation, name=layer.name)
                for layer in dense_layers(experiment)
            ),
        ]
    )


def set_parameters(model: keras.Sequential, parameters: Parameters) -> None:
    """Copies the given weights into the model."""
    for layer in parameters.layers:
        model.get_layer(layer.name).set_weights([layer.kernel, layer.bias])


def get_parameters(model: keras.Sequential) -> Parameters:
    """Copies the model's weights out."""
    layers = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            kernel, bias = map(np.array, layer.get_weights())
            layers.append(LayerParameters(layer.name, kernel, bias))
    return Parameters(tuple(layers))
