"""Control flow: who can compile an `if` on the data."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lessons.lesson import Evidence, Exercise, Lesson, fails, is_equal, is_near
from lessons.small_data import draw_rows
from shared.experiment import Experiment


def unscaled_images() -> NDArray[np.float32]:
    """Images with pixels from 0 to 255, as in the files, (32, 28, 28)."""
    return 255 * draw_rows(32).images


def keras_scaled(images: Any) -> Any:
    """Images from 0 to 1, whether they came so or from 0 to 255."""
    import keras

    largest: Any = keras.ops.max(images)
    if largest > 1.0:
        images = images / 255.0
    return images


def keras_network(scale: Callable[[Any], Any]) -> Any:
    """A network that scales its images by itself, in a layer of its own."""
    import keras

    class Scale(keras.layers.Layer):
        def call(self, images):
            return scale(images)

    return keras.Sequential([keras.Input((28, 28)), Scale()])


def keras_scaled_by_where(images: Any) -> Any:
    """Computes both and chooses."""
    import keras

    largest: Any = keras.ops.max(images)
    return keras.ops.where(largest > 1.0, images / 255.0, images)


def jax_scaled(images: Any) -> Any:
    """Images from 0 to 1, whether they came so or from 0 to 255."""
    if images.max() > 1.0:
        images = images / 255.0
    return images


def jax_scaled_by_where(images: Any) -> Any:
    """Computes both and chooses."""
    import jax.numpy as jnp

    return jnp.where(images.max() > 1.0, images / 255.0, images)


def jax_scaled_by_cond(images: Any) -> Any:
    """Computes only what is chosen."""
    import jax

    return jax.lax.cond(
        images.max() > 1.0, lambda images: images / 255.0, lambda images: images, images
    )


def brightest(images: Any) -> float:
    """The largest pixel: 1 where the images were scaled, 255 where not."""
    return float(np.asarray(images).max())


def run() -> tuple[Evidence, ...]:
    """Each way on the same images of 0 to 255."""
    import jax
    import jax.numpy as jnp
    import tensorflow as tf

    raw = unscaled_images()
    tensor, array = tf.constant(raw), jnp.asarray(raw)
    by_tensorflow = brightest(tf.function(keras_scaled)(tensor))
    by_keras = brightest(keras_network(keras_scaled_by_where).predict(raw, verbose=0))
    by_where = brightest(jax.jit(jax_scaled_by_where)(array))
    by_cond = brightest(jax.jit(jax_scaled_by_cond)(array))

    keras_error, keras_message = "OperatorNotAllowedInGraphError", "as a Python `bool`"
    jax_error, jax_message = "TracerBoolConversionError", "boolean conversion of traced array"
    keras_if, jax_if = (lambda: keras_network(keras_scaled)), (lambda: jax.jit(jax_scaled)(array))
    return (
        is_near("Keras: `if`, line by line", 1.0, brightest(keras_scaled(tensor)), within=0.001),
        is_near("JAX: `if`, line by line", 1.0, brightest(jax_scaled(array)), within=0.001),
        is_near("TensorFlow: `if` in tf.function", 1.0, by_tensorflow, within=0.001),
        fails("Keras: `if` in a layer's call", keras_error, keras_message, keras_if),
        fails("JAX: `if` in jax.jit", jax_error, jax_message, jax_if),
        is_near("Keras: keras.ops.where in a layer's call", 1.0, by_keras, within=0.001),
        is_near("JAX: jnp.where in jax.jit", 1.0, by_where, within=0.001),
        is_near("JAX: jax.lax.cond in jax.jit", 1.0, by_cond, within=0.001),
    )


def solution() -> tuple[Evidence, ...]:
    """Traces the port's epoch for 56 rows and for 32, without computing anything."""
    from functools import partial

    import jax
    import jax.numpy as jnp

    from jax_impl.model import build_model
    from jax_impl.train import prepare_training, to_device, train_epoch

    model = build_model(Experiment())
    optimizer = prepare_training(model, Experiment())
    data = to_device(draw_rows(56))
    epoch = jax.jit(partial(train_epoch, batch_size=32))
    _, _, losses_of_56 = jax.eval_shape(epoch, model, optimizer, data, jnp.arange(56))
    _, _, losses_of_32 = jax.eval_shape(epoch, model, optimizer, data, jnp.arange(32))
    return (
        is_equal("steps in an epoch of 56 rows", 2, losses_of_56.size),
        is_equal("steps in an epoch of 32 rows", 1, losses_of_32.size),
    )


LESSON = Lesson(
    question=(
        "A network should take images of 0 to 1 and of 0 to 255: "
        "`if images.max() > 1.0: images = images / 255.0`. Run line by line this works "
        "everywhere. Where does it still work once it is compiled: in TensorFlow's `tf.function`, "
        "in the `call` of a Keras layer, in `jax.jit`?"
    ),
    keras=(keras_scaled, keras_network, keras_scaled_by_where),
    jax=(jax_scaled, jax_scaled_by_where, jax_scaled_by_cond),
    run=run,
    explanation="""\
To compile a function, each framework runs it once with placeholders in place of arrays. They know
their shape and type, but hold no numbers yet. `if` is Python's own: it needs True or False at
once, and a placeholder has neither. So JAX raises an error, and names the function.

`tf.function` accepts the `if`, because it never runs your function as you wrote it. It reads the
source first and turns an `if` on a tensor into an operation of the graph (TensorFlow calls this
AutoGraph). The very same function in the `call` of a Keras layer is refused: Keras 3 leaves
AutoGraph out when it builds a network and when it trains one. Layers written for Keras 2 may
stumble here, without any JAX.

What works in all of them is to make the choice a computation. `where` computes both results and
picks; `jax.lax.cond` computes only the one that is chosen, and wants both of the same shape and
type.

In a port, look at every `if`, `while`, `and`, `or` and `not` inside compiled code. And ask
whether it belongs there: this project scales its images once, in NumPy, before either framework
sees them (`shared/data/dataset.py`).""",
    exercise=Exercise(
        task="`train_epoch` in `jax_impl/train.py` contains `if num_full_rows < len(order):`, and "
        "it is compiled all the same. Why is that no error? Trace it for 56 rows and for 32.",
        solution=solution,
        answer="The condition is about a *shape*, and placeholders know their shape: `len(order)` "
        "is a plain Python number while JAX traces. The `if` is decided then, once: the "
        "program for 56 rows has a second, smaller step, the one for 32 rows has none. For each "
        "other length JAX traces anew.",
    ),
)
