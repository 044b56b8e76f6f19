"""The network in Flax NNX, and its weights in and out."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from shared.experiment import Experiment
from shared.network import dense_layers
from shared.parameters import LayerParameters, Parameters


class Linear(nnx.Linear):
    """Flax' dense layer with its kernel stored as (fan_out, fan_in), the other way round.

    The numbers are the same; on a CPU XLA multiplies faster with the kernel lying
    this way (measured in `benchmarks/NOTES.md`).
    """

    def __init__(self, fan_in: int, fan_out: int, *, dtype: str, rngs: nnx.Rngs) -> None:
        super().__init__(fan_in, fan_out, dtype=dtype, param_dtype=dtype, rngs=rngs)
        self.kernel = nnx.Param(self.kernel[...].T)

    def __call__(self, inputs: jax.Array) -> jax.Array:
        """Returns (n, fan_out) of (n, fan_in)."""
        return inputs @ self.kernel[...].T + self.bias[...]  # pyright: ignore[reportOptionalSubscript]


class Classifier(nnx.Module):
    """Flatten 28×28, Linear ReLU layers, Linear: returns logits, (n, 10).

    There is no softmax in the model: the loss takes logits, which is exact where
    probabilities round to 0. Each layer is an attribute named as in Keras.
    """

    def __init__(self, experiment: Experiment, *, rngs: nnx.Rngs) -> None:
        """Creates the layers with Flax' default initialisers: LeCun-normal, zero biases."""
        self.layer_names = tuple(layer.name for layer in dense_layers(experiment))
        for layer in dense_layers(experiment):
            linear = Linear(layer.fan_in, layer.fan_out, dtype=experiment.dtype, rngs=rngs)
            setattr(self, layer.name, linear)

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
        linear.kernel[...] = jnp.asarray(layer.kernel.T, linear.param_dtype)
        linear.bias[...] = jnp.asarray(layer.bias, linear.param_dtype)


def get_parameters(model: Classifier) -> Parameters:
    """Copies the model's weights out."""
    return Parameters(
        tuple(
            LayerParameters(
                name=name,
                kernel=np.array(getattr(model, name).kernel[...].T),
                bias=np.array(getattr(model, name).bias[...]),
            )
            for name in model.layer_names
        )
    )
