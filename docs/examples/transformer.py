"""A transformer block, with Adam: `python docs/examples/transformer.py`.

With `--as-it-comes` the port keeps Flax's and Optax's defaults, and the ladder says so.
"""

import sys
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
from flax import nnx

from parity import FlaxTwin, KerasTwin, climb

SEED = 0
NUM_TOKENS, WIDTH = 20, 8


class Embedding(keras.layers.Embedding):
    """With a gradient that Adam squares as a whole.

    Keras on TensorFlow leaves that of a token's every occurrence apart, as
    `tf.IndexedSlices`, and Adam's `ops.square` then squares each by itself.
    """

    def call(self, inputs: Any) -> Any:
        """Tokens, (n, t), to vectors, (n, t, WIDTH)."""
        return keras.ops.take(keras.ops.multiply(self.embeddings, 1), inputs, axis=0)


def build_keras(dtype: str) -> keras.Model:
    """The reference; Keras computes in `dtype` while this is called."""
    del dtype
    keras.utils.set_random_seed(SEED)
    make: Any = keras.layers
    tokens = keras.Input((6,), dtype="int32")
    seen = Embedding(NUM_TOKENS, WIDTH)(tokens)
    attended = make.MultiHeadAttention(num_heads=2, key_dim=4)(seen, seen)
    first = make.LayerNormalization()(seen + make.Dropout(0.1)(attended))
    wide = make.Dense(16, activation="gelu")(first)
    narrow = make.Dropout(0.1)(make.Dense(WIDTH)(wide))
    second = make.LayerNormalization()(first + narrow)
    pooled = make.GlobalAveragePooling1D()(second)
    model: Any = keras.Model(tokens, make.Dense(3, activation="softmax")(pooled))
    optimizer = keras.optimizers.Adam(0.001)
    model.compile(optimizer, loss="sparse_categorical_crossentropy")
    return model


def attention(query: Any, key: Any, value: Any, **options: Any) -> Any:
    """Flax's own takes its softmax in float32 (`jax.nn.dot_product_attention`)."""
    del options
    scores = jnp.einsum("nqhd,nkhd->nhqk", query, key) / np.sqrt(query.shape[-1])
    return jnp.einsum("nhqk,nkhd->nqhd", nnx.softmax(scores), value)


def gelu(values: Any) -> Any:
    """The exact one, as in Keras; Flax's own approximates it by a hyperbolic tangent.

    TensorFlow casts √½ through float32 (`tensorflow/python/ops/nn_ops.py`).
    """
    return values / 2 * jax.lax.erfc(-values * float(np.float32(np.sqrt(0.5))))


def uniform(*key_shape_dtype: Any) -> Any:
    """What Keras draws embeddings from."""
    return jax.random.uniform(*key_shape_dtype, minval=-0.05, maxval=0.05)


DEFAULTS = {name: {} for name in ("kernel", "embedding", "heads", "norm")}
AS_KERAS = {
    "kernel": {"kernel_init": nnx.initializers.glorot_uniform()},
    "embedding": {"embedding_init": uniform},
    "heads": {"attention_fn": attention},
    "norm": {"epsilon": 1e-3, "use_fast_variance": False},
    "activation": gelu,
}


class Network(nnx.Module):
    """The port: tokens, (n, 6), to logits, (n, 3)."""

    def __init__(self, dtype: Any, options: dict[str, Any]) -> None:
        rngs = nnx.Rngs(SEED)
        types: Any = {"dtype": dtype, "param_dtype": dtype, "rngs": rngs}
        dense = options["kernel"] | types
        heads = options["heads"] | dense
        norm = options["norm"] | types
        self.embed = nnx.Embed(NUM_TOKENS, WIDTH, **options["embedding"], **types)
        self.attend = nnx.MultiHeadAttention(2, WIDTH, decode=False, **heads)
        self.drop_first = nnx.Dropout(0.1, rngs=rngs)
        self.norm_first = nnx.LayerNorm(WIDTH, **norm)
        self.wide = nnx.Linear(WIDTH, 16, **dense)
        self.activation = options.get("activation", nnx.gelu)
        self.narrow = nnx.Linear(16, WIDTH, **dense)
        self.drop_second = nnx.Dropout(0.1, rngs=rngs)
        self.norm_second = nnx.LayerNorm(WIDTH, **norm)
        self.output = nnx.Linear(WIDTH, 3, **dense)

    def __call__(self, tokens: Any) -> Any:
        """Logits: the softmax is in the loss and in `predict`."""
        seen = self.embed(tokens)
        first = self.norm_first(seen + self.drop_first(self.attend(seen)))
        narrow = self.narrow(self.activation(self.wide(first)))
        second = self.norm_second(first + self.drop_second(narrow))
        return self.output(second.mean(axis=1))


def build_flax(dtype: Any, as_it_comes: bool = False) -> Network:
    """Made equal by `AS_KERAS`."""
    return Network(dtype, DEFAULTS if as_it_comes else AS_KERAS)


def keras_adam(rate: float, b1: float, b2: float, eps: float) -> Any:
    """Keras' Adam, as in `keras/src/optimizers/adam.py`.

    Epsilon is added before the bias is corrected, which Optax does after; and the
    correction's betas go through float32, as `ops.cast` on TensorFlow takes them.
    """
    rounded_b1, rounded_b2 = (float(np.float32(beta)) for beta in (b1, b2))

    def init(params: Any) -> optax.ScaleByAdamState:
        zeros = jax.tree.map(jnp.zeros_like, params)
        return optax.ScaleByAdamState(jnp.zeros([], jnp.int32), zeros, zeros)

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        del params
        count = state.count + 1
        mu = jax.tree.map(lambda m, g: m + (g - m) * (1 - b1), state.mu, updates)
        nu = jax.tree.map(lambda v, g: v + (g * g - v) * (1 - b2), state.nu, updates)
        size = rate * jnp.sqrt(1 - rounded_b2**count) / (1 - rounded_b1**count)
        steps = jax.tree.map(lambda m, v: -size * m / (jnp.sqrt(v) + eps), mu, nu)
        return steps, optax.ScaleByAdamState(count, mu, nu)

    return optax.GradientTransformation(init, update)


def loss_fn(model: Any, tokens: Any, labels: Any) -> Any:
    """The mean cross-entropy of a batch."""
    logits = model(tokens)
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()


def predict(model: Any, tokens: Any) -> Any:
    """Probabilities, as the Keras model answers."""
    return nnx.softmax(model(tokens))


def make_port(as_it_comes: bool = False) -> FlaxTwin:
    """The port as the ladder takes it."""
    build = partial(build_flax, as_it_comes=as_it_comes)
    rule = optax.adam(0.001) if as_it_comes else keras_adam(0.001, 0.9, 0.999, 1e-7)
    return FlaxTwin(build, rule, loss_fn, predict=predict)


def make_batches() -> list[tuple[np.ndarray, np.ndarray]]:
    """Random tokens and labels; the last batch is smaller, as an epoch's is."""
    draw = np.random.default_rng(SEED)
    sizes = (16, 16, 16, 16, 16, 12)
    tokens = [draw.integers(0, NUM_TOKENS, (n, 6)) for n in sizes]
    return [(each, draw.integers(0, 3, len(each))) for each in tokens]


if __name__ == "__main__":
    port = make_port(as_it_comes="--as-it-comes" in sys.argv)
    report = climb(KerasTwin(build_keras), port, make_batches())
    print(report)
    sys.exit(not report.passed)
