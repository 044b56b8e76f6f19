"""Keras against the clock: `fit` as documented, and what its own options make of it.

Importing this package imports no framework.
"""

from shared.timing import SpeedRung

_TRAINERS = "keras_impl.speed.trainers"
_ON_JAX = (("KERAS_BACKEND", "jax"),)
_ON_TENSORFLOW = (("KERAS_BACKEND", "tensorflow"),)
_NEEDS_TENSORFLOW = ("keras", "tensorflow")
_NEEDS_JAX = ("keras", "jax")

RUNGS = (
    SpeedRung(
        name="keras-fit",
        framework="Keras on TensorFlow",
        idea="fit, as documented",
        trainer=f"{_TRAINERS}:as_documented",
        packages=_NEEDS_TENSORFLOW,
        variables=_ON_TENSORFLOW,
    ),
    SpeedRung(
        name="keras-jit",
        framework="Keras on TensorFlow",
        idea="jit_compile=True",
        trainer=f"{_TRAINERS}:compiled_step",
        packages=_NEEDS_TENSORFLOW,
        variables=_ON_TENSORFLOW,
    ),
    SpeedRung(
        name="keras-steps",
        framework="Keras on TensorFlow",
        idea="steps_per_execution",
        trainer=f"{_TRAINERS}:many_steps",
        packages=_NEEDS_TENSORFLOW,
        variables=_ON_TENSORFLOW,
    ),
    SpeedRung(
        name="keras-jit-steps",
        framework="Keras on TensorFlow",
        idea="both",
        trainer=f"{_TRAINERS}:many_compiled_steps",
        packages=_NEEDS_TENSORFLOW,
        variables=_ON_TENSORFLOW,
    ),
    SpeedRung(
        name="keras-jax-fit",
        framework="Keras on JAX",
        idea="another backend",
        trainer=f"{_TRAINERS}:as_documented",
        packages=_NEEDS_JAX,
        variables=_ON_JAX,
    ),
    SpeedRung(
        name="keras-jax-steps",
        framework="Keras on JAX",
        idea="steps_per_execution",
        trainer=f"{_TRAINERS}:many_steps",
        packages=_NEEDS_JAX,
        variables=_ON_JAX,
    ),
    SpeedRung(
        name="tensorflow-loop",
        framework="TensorFlow",
        idea="the epoch in one compiled while_loop",
        trainer="keras_impl.speed.tensorflow_loop:CompiledLoopTrainer",
        packages=("tensorflow",),
    ),
)
"""From `fit` as documented to all that Keras offers."""
