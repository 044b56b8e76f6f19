"""Default initialisers: the same layer starts with other weights."""

import numpy as np
from numpy.typing import NDArray

from lessons.lesson import Evidence, Exercise, Lesson, is_near


def keras_kernel() -> NDArray[np.float32]:
    """The first hidden layer's kernel as Keras draws it, (784, 300)."""
    import keras

    keras.utils.set_random_seed(42)
    layer = keras.layers.Dense(300)
    layer.build((None, 784))
    return layer.get_weights()[0]


def jax_kernel() -> NDArray[np.float32]:
    """The same kernel as Flax draws it, (784, 300)."""
    import numpy as np
    from flax import nnx

    layer = nnx.Linear(784, 300, rngs=nnx.Rngs(42))
    return np.asarray(layer.kernel[...])


def run() -> tuple[Evidence, ...]:
    """Spread and reach of both."""
    keras, jax = keras_kernel(), jax_kernel()
    return (
        is_near("standard deviation of Keras' kernel", 0.0430, float(keras.std()), within=0.0002),
        is_near("standard deviation of Flax' kernel", 0.0357, float(jax.std()), within=0.0002),
        is_near("largest weight in Keras", 0.0744, float(abs(keras).max()), within=0.0001),
        is_near("largest weight in Flax", 0.0812, float(abs(jax).max()), within=0.0001),
    )


def solution() -> tuple[Evidence, ...]:
    """Gives Flax the initialiser that Keras takes unasked."""
    import numpy as np
    from flax import nnx

    layer = nnx.Linear(784, 300, kernel_init=nnx.initializers.glorot_uniform(), rngs=nnx.Rngs(42))
    deviation = float(np.asarray(layer.kernel[...]).std())
    return (is_near("standard deviation of Flax' kernel", 0.0430, deviation, within=0.0002),)


LESSON = Lesson(
    question=(
        "Both frameworks create a dense layer of 784 inputs and 300 units, and you name no "
        "initialiser. Do the weights have the same spread? If not, in which framework is it larger?"
    ),
    keras=(keras_kernel,),
    jax=(jax_kernel,),
    run=run,
    explanation="""\
Keras draws kernels *Glorot-uniform*: evenly between −l and l with
l = √(6 / (fan_in + fan_out)) = √(6 / 1084) = 0.0744, a standard deviation of l / √3 = 0.0430.

Flax draws them *LeCun-normal*: from a normal distribution cut off at two standard deviations,
with a standard deviation of √(1 / fan_in) = √(1 / 784) = 0.0357.

Both are sensible, and both networks learn. But a port that leaves this default in place is
another experiment: it starts elsewhere, and no seed makes the two agree.""",
    exercise=Exercise(
        task="Which argument of `nnx.Linear` gives its kernel the spread that Keras' has?",
        solution=solution,
        answer="`kernel_init=nnx.initializers.glorot_uniform()`. The numbers still differ, since "
        "the two draw from different generators; only handing over the arrays makes them equal.",
    ),
)
