"""JAX against the clock: from one call a step to the whole run, and many seeds, in one call.

Importing this package imports no framework.
"""

from shared.speed import SpeedRung

_TRAINERS = "jax_impl.speed"
_FLAX = "Flax NNX"
_PACKAGES = ("jax", "flax", "optax")

RUNGS = (
    SpeedRung(
        name="jax-nnx-jit",
        framework=_FLAX,
        idea="nnx.jit, a call per step",
        trainer=f"{_TRAINERS}.steps:ModuleStepTrainer",
        packages=_PACKAGES,
    ),
    SpeedRung(
        name="jax-split",
        framework=_FLAX,
        idea="split state, jax.jit, donation",
        trainer=f"{_TRAINERS}.steps:SplitStepTrainer",
        packages=_PACKAGES,
    ),
    SpeedRung(
        name="jax-scan",
        framework=_FLAX,
        idea="lax.scan over the epoch (the port)",
        trainer=f"{_TRAINERS}.epochs:EpochTrainer",
        packages=_PACKAGES,
    ),
    SpeedRung(
        name="jax-run",
        framework=_FLAX,
        idea="two epochs in one call",
        trainer=f"{_TRAINERS}.epochs:RunTrainer",
        packages=_PACKAGES,
        epochs_per_call=2,
    ),
    SpeedRung(
        name="jax-seeds",
        framework=_FLAX,
        idea="many seeds at once, per seed",
        trainer=f"{_TRAINERS}.many_seeds:SeedsTrainer",
        packages=_PACKAGES,
        measure="throughput",
    ),
)
"""From Flax' tutorial to the port, and beyond."""
