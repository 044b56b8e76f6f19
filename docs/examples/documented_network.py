"""784→300→100→10 in Keras and in Flax: `python docs/examples/documented_network.py`.

With `--as-it-comes` the port keeps Flax's own initialiser, and the ladder says so.
"""

import sys
from functools import partial
from typing import Any

import keras
import numpy as np
import optax
from flax import nnx

from parity import FlaxTwin, KerasTwin, climb

SEED = 0


def build_keras(dtype: str) -> keras.Model:
    """The reference; Keras computes in `dtype` while this is called."""
    del dtype
    keras.utils.set_random_seed(SEED)
    layers = [
        keras.Input((28, 28)),
        keras.layers.Flatten(),
        keras.layers.Dense(300, activation="relu"),
        keras.layers.Dense(100, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]
    model: Any = keras.Sequential(layers)
    loss = "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.SGD(0.01), loss, metrics=["accuracy"])
    return model


class Network(nnx.Module):
    """The port: images, (n, 28, 28), to logits, (n, 10)."""

    def __init__(self, rngs: nnx.Rngs, **options: Any) -> None:
        self.first = nnx.Linear(784, 300, rngs=rngs, **options)
        self.second = nnx.Linear(300, 100, rngs=rngs, **options)
        self.output = nnx.Linear(100, 10, rngs=rngs, **options)

    def __call__(self, images: Any) -> Any:
        """Logits: the softmax is in the loss and in `predict`."""
        features = images.reshape(len(images), -1)
        features = nnx.relu(self.first(features))
        features = nnx.relu(self.second(features))
        return self.output(features)


def build_flax(dtype: Any, as_it_comes: bool = False) -> Network:
    """Made equal by Glorot's uniform kernels; Flax's own are LeCun's normal ones."""
    options: dict[str, Any] = {"dtype": dtype, "param_dtype": dtype}
    if not as_it_comes:
        options["kernel_init"] = nnx.initializers.glorot_uniform()
    return Network(nnx.Rngs(SEED), **options)


def loss_fn(model: Any, images: Any, labels: Any) -> Any:
    """The mean cross-entropy of a batch."""
    logits = model(images)
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()


def predict(model: Any, images: Any) -> Any:
    """Probabilities, as the Keras model answers."""
    return nnx.softmax(model(images))


def accuracy(model: Any, images: Any, labels: Any) -> Any:
    """The share of rows that are predicted correctly, which Keras calls so too."""
    return (model(images).argmax(axis=1) == labels).mean()


def make_port(as_it_comes: bool = False) -> FlaxTwin:
    """The port as the ladder takes it."""
    build = partial(build_flax, as_it_comes=as_it_comes)
    metrics = {"accuracy": accuracy}
    return FlaxTwin(build, optax.sgd(0.01), loss_fn, metrics=metrics, predict=predict)


def make_batches() -> list[tuple[np.ndarray, np.ndarray]]:
    """Random images and labels; the last batch is smaller, as an epoch's is."""
    draw = np.random.default_rng(SEED)
    sizes = (32, 32, 32, 32, 24)
    return [(draw.random((n, 28, 28)), draw.integers(0, 10, n)) for n in sizes]


if __name__ == "__main__":
    port = make_port(as_it_comes="--as-it-comes" in sys.argv)
    report = climb(KerasTwin(build_keras), port, make_batches())
    print(report)
    sys.exit(not report.passed)
