"""Seeds: `tf.random.set_seed` no longer fixes Keras' weights."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lessons.lesson import Evidence, Exercise, Lesson, fails, is_equal, is_near

Kernels = tuple[NDArray[np.float32], NDArray[np.float32]]


def keras_kernels(set_seed: Callable[[int], None]) -> Kernels:
    """The first hidden layer's kernel, (784, 300), drawn twice, each time from seed 42."""
    import keras

    kernels = []
    for _ in range(2):
        set_seed(42)
        layer = keras.layers.Dense(300)
        layer.build((None, 784))
        kernels.append(layer.get_weights()[0])
    return kernels[0], kernels[1]


def jax_kernels() -> Kernels:
    """The same in Flax, where a layer is handed its seed."""
    import numpy as np
    from flax import nnx

    kernels = []
    for _ in range(2):
        layer = nnx.Linear(784, 300, rngs=nnx.Rngs(42))
        kernels.append(np.asarray(layer.kernel[...]))
    return kernels[0], kernels[1]


def jax_layer_without_a_seed() -> object:
    """What is left where nobody hands one over."""
    from flax import nnx

    return nnx.Linear(784, 300)  # pyright: ignore[reportCallIssue]


def first_published_weight() -> float:
    """What TensorFlow draws first for the kernel of the published run."""
    import tensorflow as tf

    tf.random.set_seed(42)
    limit = (6 / (784 + 300)) ** 0.5
    return float(tf.random.uniform((784, 300), -limit, limit)[0, 0])


def run() -> tuple[Evidence, ...]:
    """Draws each kernel twice and compares bit for bit."""
    import keras
    import tensorflow as tf

    by_tensorflow = keras_kernels(tf.random.set_seed)
    by_keras = keras_kernels(keras.utils.set_random_seed)
    published = first_published_weight()
    return (
        is_equal("Keras: equal after tf.random.set_seed", False, np.array_equal(*by_tensorflow)),
        is_equal("Keras: equal after set_random_seed", True, np.array_equal(*by_keras)),
        is_equal("Flax: equal from nnx.Rngs(42)", True, np.array_equal(*jax_kernels())),
        fails("Flax: a layer without rngs", "TypeError", "'rngs'", jax_layer_without_a_seed),
        is_near("first weight of the published run", 0.0244862, published, within=1e-7),
    )


def solution() -> tuple[Evidence, ...]:
    """Sets one of the three seeds at a time."""
    import random

    import tensorflow as tf

    by_python = keras_kernels(random.seed)
    by_numpy = keras_kernels(np.random.seed)
    by_tensorflow = keras_kernels(tf.random.set_seed)
    return (
        is_equal("equal after random.seed", True, np.array_equal(*by_python)),
        is_equal("equal after np.random.seed", False, np.array_equal(*by_numpy)),
        is_equal("equal after tf.random.set_seed", False, np.array_equal(*by_tensorflow)),
    )


LESSON = Lesson(
    question=(
        "The published run was seeded with `tf.random.set_seed(42)`. You do the same in today's "
        "Keras, draw the first layer's kernel, set the seed again and draw once more. Are the two "
        "kernels equal? And which call does this in JAX?"
    ),
    keras=(keras_kernels,),
    jax=(jax_kernels, jax_layer_without_a_seed),
    run=run,
    explanation="""\
The published run is from the time of TensorFlow 2.4, when Keras drew its weights with
TensorFlow's random numbers. TensorFlow still draws the same ones: the last line above is the first
weight that the book prints. But Keras 3 also runs on JAX and PyTorch, so it no longer draws from
TensorFlow's generator. Each initialiser picks a seed of its own when it is created, and
`tf.random.set_seed` has no part in that. There is no warning: the program runs, with other
weights each time. `keras.utils.set_random_seed(42)` is the call that does it today.

JAX has no hidden generator, so there is nothing to set. Whoever draws hands over where the numbers
come from: `nnx.Rngs(42)`. Leaving it out is an error, not a random start. And the same seed gives
the same weights, whatever else the program drew before.

What follows for a port: no seed makes the two frameworks agree, nor the Keras of today with the
Keras of the book. To start where the published run started, this project draws those numbers with
TensorFlow (`keras_impl/published_draws.py`) and hands the same arrays to both.""",
    exercise=Exercise(
        task="`keras.utils.set_random_seed` seeds three generators: Python's `random`, NumPy's and "
        "TensorFlow's. Which one decides the kernel? Set one at a time.",
        solution=solution,
        answer="Python's. An initialiser without a seed takes one from `random.randint`, and from "
        "there on everything is fixed. So a program that uses Python's `random` for something else "
        "between the seed and the layer gets other weights.",
    ),
)
