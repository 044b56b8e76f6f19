"""The network in Flax NNX, and its weights in and out."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from shared.experiment import Experiment
from shared.network import dense_layers
from shared.parameters import LayerParameters, Parameters


class Classifier(nnx.Module):
    """Flatten 28×28, Linear ReLU layers, Linear: returns logits, (n, 10).

    There is no softmax in the model: the loss takes logits, which is exact where
    probabilities round to 0. Each layer is an attribute named as in Keras.
    """

    def __init__(self, experiment: Experiment, *, rngs: nnx.Rngs) -> None:
        """Creates the layers with Flax's default initialisers: LeCun-normal, zero biases."""
        dtype = experiment.dtype
        linear = partial(nnx.Linear, dtype=dtype, param_dtype=dtype, rngs=rngs)
        self.layer_names = tuple(layer.name for layer in dense_layers(experiment))
        for layer in dense_layers(experiment):
            setattr(self, layer.name, linear(layer.fan_in, layer.fan_out))

    def __call__(self, images: jax.Array) -> jax.Array:
        """Logits, (n, 10), of images, (n, 28, 28)."""
        features = images.reshape(len(images), -1)
        for name in self.layer_names[:-1]:
            features = nnx.relu(getattr(self, name)(features))
        return getattr(self, self.layer_names[-1])(features)


def build_model(experiment: Experiment) -> Classifier:
    """The documented network with weights drawn by Flax from `experiment.seed`."""
    # JAX computes in 32 bits whatever the arrays' type, unless told before the first one.
    jax.config.update("jax_enable_x64", experiment.dtype == "float64")
    return Classifier(experiment, rngs=nnx.Rngs(experiment.seed))


def set_parameters(model: Classifier, parameters: Parameters) -> None:
    """Copies the given weights into the model."""
    for layer in parameters.layers:
        linear = getattr(model, layer.name)
        linear.kernel[...] = jnp.asarray(layer.kernel, linear.param_dtype)
        linear.bias[...] = jnp.asarray(layer.bias, linear.param_dtype)


def get_parameters(model: Classifier) -> Parameters:
    """Copies the model's weights out."""
    layers = []
    for name in model.layer_names:
        linear = getattr(model, name)
        kernel, bias = np.array(linear.kernel[...]), np.array(linear.bias[...])
        layers.append(LayerParameters(name, kernel, bias))
    return Parameters(tuple(layers))
