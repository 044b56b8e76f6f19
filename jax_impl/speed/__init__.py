"""JAX against the clock: from one call a step to the whole run, and many seeds, in one call.

Importing this package imports no framework.
"""

from functools import partial

from shared.timing import SpeedRung

_STEPS, _EPOCHS = "jax_impl.speed.steps", "jax_impl.speed.epochs"
_in_jax = partial(SpeedRung, framework="Flax NNX", packages=("jax", "flax", "optax"))

RUNGS = (
    _in_jax("jax-nnx-jit", "nnx.jit, a call per step", f"{_STEPS}:module_steps"),
    _in_jax("jax-nnx-tree", "nnx.jit(graph=False)", f"{_STEPS}:tree_steps"),
    _in_jax("jax-nnx-cached", "nnx.cached_partial", f"{_STEPS}:cached_steps"),
    _in_jax("jax-jit", "jax.jit of pytrees, donated", f"{_STEPS}:pytree_steps"),
    _in_jax("jax-scan", "lax.scan over the epoch (the port)", f"{_EPOCHS}:EpochTrainer"),
    _in_jax("jax-transposed", "kernels the other way round", f"{_EPOCHS}:TransposedTrainer"),
    _in_jax("jax-run", "two epochs in one call", f"{_EPOCHS}:RunTrainer", epochs_per_call=2),
    _in_jax(
        "jax-sharded", "hidden units on two devices", f"{_EPOCHS}:ShardedTrainer", devices=("cpu",)
    ),
    _in_jax(
        "jax-seeds", "many seeds at once, per seed", f"{_EPOCHS}:SeedsTrainer", measure="throughput"
    ),
)
"""From Flax's tutorial to the port, and beyond."""
