"""JAX against the clock, one call a step: as Flax's tutorial does it, and with less Python."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from jax_impl import train
from jax_impl.model import Classifier, build_model, get_parameters, set_parameters
from shared.parameters import Parameters
from shared.timing import Device, EpochClock, Workload

Advance = Callable[[jax.Array], train.Trained]
"""One step on the rows of these numbers; returns model and optimizer as they are then."""


def step(
    model: Classifier,
    optimizer: nnx.Optimizer,
    images: jax.Array,
    labels: jax.Array,
    rows: jax.Array,
) -> tuple[jax.Array, jax.Array]:
    """One step of SGD in place, on the rows of these numbers."""
    return train.train_step(model, optimizer, images[rows], labels[rows])


@partial(jax.jit, donate_argnames=("model", "optimizer"))
def step_of_pytrees(
    model: Classifier,
    optimizer: nnx.Optimizer,
    images: jax.Array,
    labels: jax.Array,
    rows: jax.Array,
) -> train.Trained:
    """The same as a function of arrays: what comes in is given up, what was trained comes out."""
    step(model, optimizer, images, labels, rows)
    return model, optimizer


class StepTrainer:
    """A call for each batch; the device is waited for once an epoch."""

    def __init__(
        self, workload: Workload, prepare: Callable[[train.Trained, train.Rows], Advance]
    ) -> None:
        self.batch_size = workload.experiment.batch_size
        model = build_model(workload.experiment)
        set_parameters(model, workload.parameters[0])
        self.trained = (model, train.prepare_training(model, workload.experiment))
        self.advance = prepare(self.trained, train.to_device(workload.training))
        self.compiled = False

    @property
    def device(self) -> Device:
        """What the arithmetic runs on."""
        return device_in_use()

    def train(self, orders: NDArray[np.int64], clock: EpochClock) -> None:
        """Takes the batches one by one."""
        for order in orders[0]:
            starts = range(0, len(order), self.batch_size)
            batches = [
                jnp.asarray(order[start : start + self.batch_size], jnp.int32) for start in starts
            ]
            clock.start()
            for rows in batches:
                self.trained = self.advance(rows)
                if not self.compiled:
                    jax.block_until_ready(self.trained)
                    clock.compiled()
                    self.compiled = True
            jax.block_until_ready(self.trained)
            clock.stop()

    def get_parameters(self) -> tuple[Parameters, ...]:
        """The weights as they are now."""
        return (get_parameters(self.trained[0]),)


def device_in_use() -> Device:
    """What JAX's arithmetic runs on."""
    return "cpu" if jax.default_backend() == "cpu" else "gpu"


def in_place(compiled: Callable, trained: train.Trained, data: train.Rows) -> Advance:
    """A step that changes model and optimizer in place."""

    def advance(rows: jax.Array) -> train.Trained:
        compiled(*trained, *data, rows)
        return trained

    return advance


def module_steps(workload: Workload) -> StepTrainer:
    """`nnx.jit`: Python walks through model and optimizer at every call."""
    return StepTrainer(workload, partial(in_place, nnx.jit(step)))


def tree_steps(workload: Workload) -> StepTrainer:
    """`nnx.jit(graph=False)`: a shorter walk, which knows no module that stands in two places."""
    return StepTrainer(workload, partial(in_place, nnx.jit(step, graph=False)))


def cached_steps(workload: Workload) -> StepTrainer:
    """`nnx.cached_partial`: the walk is done once, and its outcome kept."""

    def prepare(trained: train.Trained, data: train.Rows) -> Advance:
        cached = nnx.cached_partial(nnx.jit(step), *trained)

        def advance(rows: jax.Array) -> train.Trained:
            cached(*data, rows)
            return trained

        return advance

    return StepTrainer(workload, prepare)


def pytree_steps(workload: Workload) -> StepTrainer:
    """`jax.jit` with donation: no walk but that through the arrays, and no second copy of them."""

    def prepare(trained: train.Trained, data: train.Rows) -> Advance:
        def advance(rows: jax.Array) -> train.Trained:
            nonlocal trained
            trained = step_of_pytrees(*trained, *data, rows)
            return trained

        return advance

    return StepTrainer(workload, prepare)
