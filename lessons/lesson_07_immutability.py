"""Immutability: a JAX array never changes, and takes any index."""

from typing import Any

import numpy as np

from lessons.lesson import Evidence, Exercise, Lesson, fails, is_equal
from lessons.small_data import draw_rows, draw_weights
from shared.experiment import Experiment
from shared.parameters import largest_difference


def keras_change() -> Any:
    """Writes into a tensor of the ten classes, in NumPy's manner."""
    import keras

    classes: Any = keras.ops.arange(10)
    classes[0] = 1
    return classes


def keras_look_up(index: int) -> Any:
    """Looks up one of the ten classes."""
    import keras

    classes: Any = keras.ops.arange(10)
    return classes[index]


def jax_change() -> Any:
    """Writes into an array of the ten classes, in NumPy's manner."""
    import jax.numpy as jnp

    classes = jnp.arange(10)
    classes[0] = 1  # pyright: ignore[reportIndexIssue]
    return classes


def jax_changed_copy() -> tuple[Any, Any]:
    """What JAX offers instead: the old array and a new one."""
    import jax.numpy as jnp

    classes = jnp.arange(10)
    return classes, classes.at[0].set(1)


def jax_look_up(index: int) -> Any:
    """Looks up one of the ten classes."""
    import jax.numpy as jnp

    classes = jnp.arange(10)
    return classes[index]


def keras_weights_replaced() -> float:
    """How far a Keras network is from weights that were copied into it."""
    from keras_impl.model import build_model, get_parameters, set_parameters

    model = build_model(Experiment())
    set_parameters(model, draw_weights())
    return largest_difference(get_parameters(model), draw_weights())


def jax_weights_replaced() -> tuple[float, bool]:
    """The same in Flax, and whether an array taken from the network before has changed."""
    from jax_impl.model import build_model, get_parameters, set_parameters

    model: Any = build_model(Experiment())
    array = model.hidden_1.kernel[...]
    before = np.array(array)
    set_parameters(model, draw_weights())
    distance = largest_difference(get_parameters(model), draw_weights())
    return distance, not np.array_equal(array, before)


def run() -> tuple[Evidence, ...]:
    """Tries to change, to look up, and to replace a network's weights."""
    old, new = jax_changed_copy()
    first_entries = (int(new[0]), int(old[0]))
    distance, array_changed = jax_weights_replaced()
    error, message = "InvalidArgumentError", "index 15 of dimension 0 out of bounds"
    return (
        fails("Keras: classes[0] = 1", "TypeError", "not support item assignment", keras_change),
        fails("JAX: classes[0] = 1", "TypeError", "JAX arrays are immutable", jax_change),
        is_equal("JAX: first of classes.at[0].set(1), and of classes", (1, 0), first_entries),
        fails("Keras: classes[15]", error, message, lambda: keras_look_up(15)),
        is_equal("JAX: classes[15]", 9, int(jax_look_up(15))),
        is_equal("Keras: distance from weights copied in", 0.0, keras_weights_replaced()),
        is_equal("Flax: distance from weights copied in", 0.0, distance),
        is_equal("Flax: an array taken out before has changed", False, array_changed),
    )


def solution() -> tuple[Evidence, ...]:
    """Takes the rows of a batch in an order that counts from 1."""
    import jax.numpy as jnp

    from jax_impl.model import build_model
    from jax_impl.train import loss_fn

    rows, order = draw_rows(32), np.arange(1, 33)
    images = jnp.asarray(rows.images)
    clamped = images[order]
    filled = images.at[order].get(mode="fill", fill_value=jnp.nan)
    last_two_equal = bool((clamped[30] == clamped[31]).all())
    loss, _ = loss_fn(build_model(Experiment()), filled, jnp.asarray(rows.labels))
    return (
        fails("NumPy", "IndexError", "index 32 is out of bounds", lambda: rows.images[order]),
        is_equal("JAX: the last two rows taken are the same", True, last_two_equal),
        is_equal("JAX, mode='fill': loss of the batch", "nan", str(float(loss))),
    )


LESSON = Lesson(
    question=(
        "`classes` holds 0 to 9. In NumPy, `classes[0] = 1` changes it and `classes[15]` is an "
        "error. What do the same two lines do to a Keras tensor, and to a JAX array?"
    ),
    keras=(keras_change, keras_look_up, "keras_impl.model:set_parameters"),
    jax=(jax_change, jax_changed_copy, jax_look_up, "jax_impl.model:set_parameters"),
    run=run,
    explanation="""\
Neither framework lets you write into an array: a compiled program may compute things in another
order, twice or not at all, and that is only safe as long as no value changes under its hands.
JAX's message names the way out: `classes.at[0].set(1)` returns a new array and leaves the old one.
Inside `jax.jit` the compiler may still write in place, where nobody needs the old one.

What does change in training are *variables*: boxes that hold an array. Keras' `Variable` has
`assign`, Flax' `Param` takes `kernel[...] = array`. A JAX array that was taken out of the box
before stays as it was.

The index is the trap. TensorFlow on a CPU checks it and stops. JAX, which cannot stop halfway
through a compiled program, takes the nearest index that exists: 15 becomes 9. An order of rows that
counts from 1, or one made for 60,000 rows and used on 55,000, then trains on the last row again
and again, and nothing looks broken. Check orders in NumPy, before they become JAX arrays.""",
    exercise=Exercise(
        task="A batch of 32 rows is taken in the order 1 to 32 in place of 0 to 31. What do NumPy "
        "and JAX return, and how can JAX be made to show the mistake?",
        solution=solution,
        answer="NumPy raises an IndexError. JAX leaves out row 0 and takes row 31 twice. "
        "With `images.at[order].get(mode='fill', fill_value=jnp.nan)` the row that does not exist "
        "is nan, and so is the loss: at least it can be seen.",
    ),
)
