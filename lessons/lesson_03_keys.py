"""Keys: a JAX key used twice gives the same numbers twice."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lessons.lesson import Evidence, Exercise, Lesson, is_equal, is_near

Kernels = tuple[NDArray[np.float32], NDArray[np.float32]]


def keras_kernel(fan_in: int, fan_out: int, seed: int | None) -> NDArray[np.float32]:
    """A layer's kernel, drawn by an initialiser of its own."""
    import keras

    initialiser: Any = keras.initializers.GlorotUniform(seed)
    layer = keras.layers.Dense(fan_out, kernel_initializer=initialiser)
    layer.build((None, fan_in))
    return layer.get_weights()[0]


def keras_kernels(seed: int | None = None) -> Kernels:
    """Kernels of both hidden layers, (784, 300) and (300, 100)."""
    import keras

    keras.utils.set_random_seed(42)
    return keras_kernel(784, 300, seed), keras_kernel(300, 100, seed)


def kernels_from_one_key() -> Kernels:
    """The same in JAX, each from the key of seed 42."""
    import jax
    import numpy as np

    draw = jax.nn.initializers.glorot_uniform()
    key = jax.random.key(42)
    hidden_1 = draw(key, (784, 300), "float32")
    hidden_2 = draw(key, (300, 100), "float32")
    return np.asarray(hidden_1), np.asarray(hidden_2)


def kernels_from_split_key() -> Kernels:
    """The same, each from a key of its own."""
    import jax
    import numpy as np

    draw = jax.nn.initializers.glorot_uniform()
    key_1, key_2 = jax.random.split(jax.random.key(42))
    hidden_1 = draw(key_1, (784, 300), "float32")
    hidden_2 = draw(key_2, (300, 100), "float32")
    return np.asarray(hidden_1), np.asarray(hidden_2)


def kernels_from_rngs() -> Kernels:
    """The same in Flax, whose `Rngs` makes a new key for each tensor by itself."""
    import numpy as np
    from flax import nnx

    rngs = nnx.Rngs(42)
    hidden_1 = nnx.Linear(784, 300, rngs=rngs)
    hidden_2 = nnx.Linear(300, 100, rngs=rngs)
    return np.asarray(hidden_1.kernel[...]), np.asarray(hidden_2.kernel[...])


def correlation(kernels: Kernels) -> float:
    """Of the 30,000 weights of the second kernel with the first 30,000 of the first, −1 to 1."""
    first, second = (kernel.ravel() for kernel in kernels)
    return float(np.corrcoef(first[: second.size], second)[0, 1])


def run() -> tuple[Evidence, ...]:
    """How much the second layer repeats the first: 1 is all, 0 nothing."""
    in_keras, of_integer = correlation(keras_kernels()), correlation(keras_kernels(seed=42))
    of_one_key = correlation(kernels_from_one_key())
    of_split_key = correlation(kernels_from_split_key())
    of_rngs = correlation(kernels_from_rngs())
    return (
        is_near("Keras: correlation of the layers", 0.00, in_keras, within=0.02),
        is_near("Keras: both initialisers with seed=42", 1.0000, of_integer, within=0.0001),
        is_near("JAX: the same key for both", 1.0000, of_one_key, within=0.0001),
        is_near("JAX: a key for each, by split", 0.00, of_split_key, within=0.02),
        is_near("Flax: one Rngs for both", 0.00, of_rngs, within=0.02),
    )


def figure() -> Any:
    """Both layers' weights against each other."""
    from benchmarks.display.style import new_figure

    drawing = new_figure(8, 4)
    left, right = drawing.subplots(1, 2, sharex=True, sharey=True)
    _scatter(left, kernels_from_one_key(), "the same key for both")
    _scatter(right, kernels_from_split_key(), "a key for each, by split")
    return drawing


def _scatter(axes: Any, kernels: Kernels, title: str) -> None:
    """One dot for each of the first 1,000 weights of either kernel."""
    first, second = (kernel.ravel()[:1000] for kernel in kernels)
    axes.plot(first, second, ".", markersize=3)
    axes.set(title=title, xlabel="weight of hidden_1", ylabel="weight of hidden_2")
    axes.set_xticks([-0.05, 0.0, 0.05])


def solution() -> tuple[Evidence, ...]:
    """Compares the keys themselves."""
    import jax

    key = jax.random.key(42)
    first, second = jax.random.split(key)
    third = jax.random.fold_in(key, 0)
    remedy = jax.random.split(key, 3)[2]
    return (
        is_equal("fold_in(key, 0) is the first half of the split", True, bool(third == first)),
        is_equal("fold_in(key, 0) is the second half", False, bool(third == second)),
        is_equal("the third of three is one of the two", False, bool(remedy in (first, second))),
    )


LESSON = Lesson(
    question=(
        "You draw the kernels of both hidden layers in JAX, 784×300 and 300×100, and hand the same "
        "key to both. They differ in shape and spread. Do they have anything in common? And what "
        "happens in Keras, where you hand over no key at all?"
    ),
    keras=(keras_kernels, keras_kernel),
    jax=(kernels_from_one_key, kernels_from_split_key, kernels_from_rngs),
    run=run,
    figure=figure,
    explanation="""\
A key is not a generator. It is a number, and drawing from it is plain arithmetic: the same key in,
the same numbers out, as often as you like. So the second layer's 30,000 weights are the first
layer's first 30,000 once more, only scaled for another spread. JAX says nothing: a key used twice
is not an error.

In Keras a generator with a memory stands behind the layers. Each initialiser takes a seed from it,
and it moves on, so the layers differ without your doing anything. But hand the same whole number to
both, `seed=42`, and Keras repeats itself in just the same way. A fixed seed *is* a key.

In a port, use each key once. `jax.random.split` makes several keys of one, `jax.random.fold_in`
makes one for a number, the epoch's for instance, as this port does for its batch orders. In
Flax, create one `nnx.Rngs(42)` and hand it to all layers: it counts, and folds the count into its
key. `nnx.Rngs(42)` written anew for each layer is the mistake of this lesson.""",
    exercise=Exercise(
        task="You split a key in two for the hidden layers. Later the output layer needs one as "
        "well, and you take `jax.random.fold_in(key, 0)` from the same key. Is it a new one?",
        solution=solution,
        answer="No: it is the first half of the split, bit for bit, so the output layer would "
        "repeat `hidden_1`. Splitting uses a key up, just as drawing does. Split in three "
        "at once, or fold numbers into a key that is used for nothing else.",
    ),
)
