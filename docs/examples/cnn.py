"""A CNN with batch normalisation and dropout: `python docs/examples/cnn.py`.

With `--as-it-comes` the port keeps Flax's and Optax's defaults, and the ladder says so.
"""

import sys
from functools import partial
from typing import Any

import jax.numpy as jnp
import keras
import numpy as np
import optax
from flax import nnx

from parity import FlaxTwin, KerasTwin, climb

SEED = 0
MOMENTUM = float(np.float32(0.9))
"""Keras on TensorFlow casts 0.9 through float32: `keras/src/optimizers/sgd.py`
calls `ops.cast`, of `keras/src/backend/tensorflow/core.py`."""


def build_keras(dtype: str) -> keras.Model:
    """The reference; Keras computes in `dtype` while this is called."""
    del dtype
    keras.utils.set_random_seed(SEED)
    make = keras.layers
    layers = [
        keras.Input((8, 8, 2)),
        make.Conv2D(16, 3, padding="same", activation="relu"),
        make.BatchNormalization(),
        make.MaxPooling2D(2),
        make.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
        make.Dropout(0.3),
        make.Flatten(),
        make.Dense(8, activation="relu"),
        make.Dense(3, activation="softmax"),
    ]
    model: Any = keras.Sequential(layers)
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
    model.compile(optimizer, loss="sparse_categorical_crossentropy")
    return model


class Network(nnx.Module):
    """The port: images, (n, 8, 8, 2), to logits, (n, 3)."""

    def __init__(self, rngs: nnx.Rngs, norm: dict[str, Any], **options: Any) -> None:
        options["rngs"] = rngs
        self.first = nnx.Conv(2, 16, (3, 3), padding="SAME", **options)
        self.norm = nnx.BatchNorm(16, rngs=rngs, **norm)
        self.second = nnx.Conv(16, 8, (3, 3), strides=2, padding="SAME", **options)
        self.dropout = nnx.Dropout(0.3, rngs=rngs)
        self.hidden = nnx.Linear(32, 8, **options)
        self.output = nnx.Linear(8, 3, **options)

    def __call__(self, images: Any) -> Any:
        """Logits: the softmax is in the loss and in `predict`."""
        features = self.norm(nnx.relu(self.first(images)))
        features = nnx.max_pool(features, (2, 2), strides=(2, 2))
        features = self.dropout(nnx.relu(self.second(features)))
        features = features.reshape(len(images), -1)
        return self.output(nnx.relu(self.hidden(features)))


def build_flax(dtype: Any, as_it_comes: bool = False) -> Network:
    """Made equal by initialisers and by all that differs in batch normalisation."""
    options: dict[str, Any] = {"dtype": dtype, "param_dtype": dtype}
    if as_it_comes:
        return Network(nnx.Rngs(SEED), options, **options)
    norm = {"epsilon": 1e-3, "use_fast_variance": False, **options}
    glorot = nnx.initializers.glorot_uniform()
    model = Network(nnx.Rngs(SEED), norm, kernel_init=glorot, **options)
    # Flax keeps running statistics in float32, whatever `param_dtype` says.
    model.norm.mean = nnx.BatchStat(jnp.zeros(16, dtype))
    model.norm.var = nnx.BatchStat(jnp.ones(16, dtype))
    return model


def loss_fn(model: Any, images: Any, labels: Any) -> Any:
    """The mean cross-entropy of a batch."""
    logits = model(images)
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()


def predict(model: Any, images: Any) -> Any:
    """Probabilities, as the Keras model answers."""
    return nnx.softmax(model(images))


def make_port(as_it_comes: bool = False) -> FlaxTwin:
    """The port as the ladder takes it."""
    build = partial(build_flax, as_it_comes=as_it_comes)
    rule = optax.sgd(0.05, momentum=0.9 if as_it_comes else MOMENTUM)
    return FlaxTwin(build, rule, loss_fn, predict=predict)


def make_batches() -> list[tuple[np.ndarray, np.ndarray]]:
    """Random images and labels; the last batch is smaller, as an epoch's is."""
    draw = np.random.default_rng(SEED)
    sizes = (16, 16, 16, 16, 16, 12)
    return [(draw.random((n, 8, 8, 2)), draw.integers(0, 3, n)) for n in sizes]


if __name__ == "__main__":
    port = make_port(as_it_comes="--as-it-comes" in sys.argv)
    report = climb(KerasTwin(build_keras), port, make_batches())
    print(report)
    sys.exit(not report.passed)
