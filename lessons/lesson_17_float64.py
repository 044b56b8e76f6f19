"""float64: both frameworks quietly compute in float32."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lessons.lesson import Evidence, Exercise, Lesson, fails, is_equal, is_near
from lessons.small_data import draw_rows, draw_weights
from shared.experiment import DType, Experiment
from shared.protocol import Implementation

NUM_ROWS = 32 + 24


@contextmanager
def default_types() -> Iterator[None]:
    """Both frameworks' own types to begin with; afterwards what was set before."""
    import jax
    import keras

    floatx, x64 = keras.config.floatx(), jax.config.read("jax_enable_x64")
    keras.config.set_floatx("float32")
    jax.config.update("jax_enable_x64", False)
    try:
        yield
    finally:
        keras.config.set_floatx(floatx)
        jax.config.update("jax_enable_x64", x64)


def keras_images() -> str:
    """The type of what Keras makes of images handed over as float64."""
    import keras

    from keras_impl.model import build_model

    images = draw_rows(NUM_ROWS).images.astype(np.float64)
    return keras.backend.standardize_dtype(build_model(Experiment())(images).dtype)


def keras_kernel() -> str:
    """The type of a kernel that is asked for as float64."""
    import keras

    layer = keras.layers.Dense(300, dtype="float64")
    layer.build((None, 784))
    return str(layer.get_weights()[0].dtype)


def jax_images() -> str:
    """The type in JAX of images handed over as float64, where any warning would be an error."""
    import warnings

    import jax.numpy as jnp

    images = draw_rows(NUM_ROWS).images.astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return str(jnp.asarray(images).dtype)


def jax_kernel(when_warned: Literal["ignore", "error"]) -> str:
    """The type of a kernel that is asked for as float64."""
    import warnings

    from flax import nnx

    with warnings.catch_warnings():
        warnings.simplefilter(when_warned)
        layer = nnx.Linear(784, 300, param_dtype="float64", rngs=nnx.Rngs(42))
    return str(layer.kernel[...].dtype)


def keras_logits(dtype: DType) -> NDArray[np.floating]:
    """The logits; `build_model` sets `floatx` to the experiment's type."""
    from keras_impl.implementation import build

    return logits_of(build(Experiment(dtype=dtype)), dtype)


def jax_logits(dtype: DType) -> NDArray[np.floating]:
    """The logits; `build_model` sets `jax_enable_x64` where the type is float64."""
    from jax_impl.implementation import build

    return logits_of(build(Experiment(dtype=dtype)), dtype)


def logits_of(twin: Implementation, dtype: DType) -> NDArray[np.floating]:
    """An implementation's logits with the oracle's weights, (56, 10)."""
    twin.set_parameters(trained_oracle().get_parameters())
    return twin.predict(draw_rows(NUM_ROWS).images.astype(dtype)).logits


def trained_oracle() -> Implementation:
    """The oracle after an epoch in float64: weights that float32 cannot hold."""
    from shared.oracle import Oracle

    oracle, rows = Oracle(Experiment()), draw_rows(NUM_ROWS)
    oracle.set_parameters(draw_weights())
    orders = np.arange(NUM_ROWS)[None]
    oracle.fit(rows, validation=rows, orders=orders, on_epoch=lambda _: None)
    return oracle


def right_decimals(logits: NDArray[np.floating]) -> float:
    """On how many decimals all logits agree with the oracle's, −log₁₀ of the largest error."""
    expected = trained_oracle().predict(draw_rows(NUM_ROWS).images).logits
    return -float(np.log10(np.abs(logits - expected).max()))


def run() -> tuple[Evidence, ...]:
    """Types without the switches; right decimals without and with them."""
    with default_types():
        types = (
            is_equal("Keras: output of images in float64", "float32", keras_images()),
            is_equal("JAX: images in float64, handed over", "float32", jax_images()),
            is_equal("Keras: kernel asked for as float64", "float64", keras_kernel()),
            is_equal("JAX: kernel asked for as float64", "float32", jax_kernel("ignore")),
            fails(
                "JAX: the same, warnings being errors",
                "UserWarning",
                "will be truncated to dtype float32",
                lambda: jax_kernel("error"),
            ),
        )
        without = right_decimals(keras_logits("float32")), right_decimals(jax_logits("float32"))
        switched = right_decimals(keras_logits("float64")), right_decimals(jax_logits("float64"))
    return (
        *types,
        is_near("Keras: right decimals of the logits", 6, without[0], within=1),
        is_near("JAX: right decimals of the logits", 6, without[1], within=1),
        is_near("Keras with floatx float64: right decimals", 15, switched[0], within=1),
        is_near("JAX with jax_enable_x64: right decimals", 15, switched[1], within=1),
    )


def solution() -> tuple[Evidence, ...]:
    """Builds the network, and only then turns the switch."""
    import jax

    from jax_impl.implementation import build

    with default_types():
        twin = build(Experiment())
        jax.config.update("jax_enable_x64", True)
        logits = logits_of(twin, "float64")
        kernel = twin.get_parameters().layers[0].kernel
    return (
        is_equal("type of the kernel", "float32", str(kernel.dtype)),
        is_equal("type of the logits", "float32", str(logits.dtype)),
        is_near("right decimals of the logits", 7, right_decimals(logits), within=1),
    )


LESSON = Lesson(
    question=(
        "To see whether two frameworks differ by rounding or by a mistake, compute in float64. You "
        "hand both of them float64 images, and ask for layers of float64. What type do they "
        "compute in?"
    ),
    keras=(keras_images, keras_kernel, keras_logits, "keras_impl.model:build_model"),
    jax=(jax_images, jax_kernel, jax_logits, "jax_impl.model:build_model"),
    run=run,
    explanation="""\
Images alone change nothing. Keras converts what comes in to the type of its layers, float32. JAX
turns every float64 array into float32 when it enters. Neither says a word.

Asked for by name they part. A Keras layer with `dtype="float64"` gets it. JAX knows no 64-bit types
at all until `jax_enable_x64` is set: it warns, and creates float32. (A warning is easily lost among
others; with warnings as errors, as in this project's tests, it stops you.)

So there is a switch in each: `keras.config.set_floatx("float64")` before the model is built, which
makes it the default of all layers, and `jax.config.update("jax_enable_x64", True)` before the
first array. `build_model` turns it in both, by `Experiment.dtype`. That the switch works is told by
the decimals, not by a type's name: the logits are right to 6 decimals without it, to 15 with it.

This is how the project tells a mistake from rounding: in float64 rounding stays below 10⁻¹⁴ over
a whole run, and mistakes do not (`twins parity --dtype float64`). Both switches hold for the whole
process, so the code above puts back what it found.""",
    exercise=Exercise(
        task="Build JAX' network first, and only then set `jax_enable_x64`; then hand over the "
        "weights and the images in float64. Which type do the logits have, and to how many "
        "decimals are they right?",
        solution=solution,
        answer="They are float32, and right to 7 decimals only. The kernels were created as "
        "float32 and stay so, the weights were rounded as they went in, and Flax's layer computes "
        "in the type that it was built with: the switch comes before the network is built.",
    ),
)
