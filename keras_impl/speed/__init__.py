"""Keras against the clock: `fit` as documented, and what its own options make of it.

Importing this package imports no framework.
"""

from functools import partial

from shared.timing import SpeedRung

_TRAINERS = "keras_impl.speed.trainers"
_on_tensorflow = partial(
    SpeedRung,
    framework="Keras on TensorFlow",
    packages=("keras", "tensorflow"),
    variables=(("KERAS_BACKEND", "tensorflow"),),
)
_on_jax = partial(
    SpeedRung,
    framework="Keras on JAX",
    packages=("keras", "jax"),
    variables=(("KERAS_BACKEND", "jax"),),
)

RUNGS = (
    _on_tensorflow("keras-fit", "fit, as documented", f"{_TRAINERS}:FitTrainer"),
    _on_tensorflow("keras-jit", "jit_compile=True", f"{_TRAINERS}:compiled_step"),
    _on_tensorflow("keras-steps", "steps_per_execution", f"{_TRAINERS}:many_steps"),
    _on_tensorflow("keras-jit-steps", "both", f"{_TRAINERS}:many_compiled_steps"),
    _on_jax("keras-jax-fit", "another backend", f"{_TRAINERS}:FitTrainer"),
    _on_jax("keras-jax-steps", "steps_per_execution", f"{_TRAINERS}:many_steps"),
    SpeedRung(
        "tensorflow-loop",
        "the epoch in one compiled while_loop",
        "keras_impl.speed.tensorflow_loop:CompiledLoopTrainer",
        framework="TensorFlow",
        packages=("tensorflow",),
    ),
)
"""From `fit` as documented to all that Keras offers."""
