"""JAX against the clock: from one call a step to the whole run, and many seeds, in one call.

Importing this package imports no framework.
"""

from typing import Any

from shared.timing import SpeedRung


def _rung(name: str, idea: str, trainer: str, **options: Any) -> SpeedRung:
    return SpeedRung(
        name=name,
        framework="Flax NNX",
        idea=idea,
        trainer=f"jax_impl.speed.{trainer}",
        packages=("jax", "flax", "optax"),
        **options,
    )


RUNGS = (
    _rung("jax-nnx-jit", "nnx.jit, a call per step", "steps:module_steps"),
    _rung("jax-nnx-tree", "nnx.jit(graph=False)", "steps:tree_steps"),
    _rung("jax-nnx-cached", "nnx.cached_partial", "steps:cached_steps"),
    _rung("jax-jit", "jax.jit of pytrees, donated", "steps:pytree_steps"),
    _rung("jax-scan", "lax.scan over the epoch (the port)", "epochs:EpochTrainer"),
    _rung("jax-transposed", "kernels the other way round", "epochs:TransposedTrainer"),
    _rung("jax-run", "two epochs in one call", "epochs:RunTrainer", epochs_per_call=2),
    _rung("jax-sharded", "hidden units on two devices", "epochs:ShardedTrainer", devices=("cpu",)),
    _rung(
        *("jax-seeds", "many seeds at once, per seed", "many_seeds:SeedsTrainer"),
        measure="throughput",
    ),
)
"""From Flax's tutorial to the port, and beyond."""
