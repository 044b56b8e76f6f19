"""JAX against the clock, one call a step: as Flax' tutorial does it, and with less Python."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from jax_impl import train
from jax_impl.model import build_model, get_parameters, set_parameters
from shared.parameters import Parameters
from shared.speed import Device, EpochClock, Workload


class ModuleStepTrainer:
    """`nnx.jit` around the step: Python walks through model and optimizer at every call."""

    def __init__(self, workload: Workload) -> None:
        self.batch_size = workload.experiment.batch_size
        self.model = build_model(workload.experiment)
        set_parameters(self.model, workload.parameters[0])
        self.optimizer = train.prepare_training(self.model, workload.experiment)
        self.images, self.labels = train.to_device(workload.training)
        self.compiled = False

    @property
    def device(self) -> Device:
        """What the arithmetic runs on."""
        return "cpu" if jax.default_backend() == "cpu" else "gpu"

    def train(self, orders: NDArray[np.int64], clock: EpochClock) -> None:
        """A call for each batch; the device is waited for once an epoch."""
        for order in orders[0]:
            clock.start()
            for rows in _batches(order, self.batch_size):
                self.step(rows)
                self._note_compilation(clock)
            self.wait()
            clock.stop()

    def step(self, rows: jax.Array) -> None:
        """One step of SGD, in place."""
        _module_step(self.model, self.optimizer, self.images, self.labels, rows)

    def wait(self) -> None:
        """Returns when the device has done all steps."""
        jax.block_until_ready(nnx.state(self.model))

    def get_parameters(self) -> tuple[Parameters, ...]:
        """The weights as they are now."""
        return (get_parameters(self.model),)

    def _note_compilation(self, clock: EpochClock) -> None:
        if not self.compiled:
            self.wait()
            clock.compiled()
            self.compiled = True


class SplitStepTrainer(ModuleStepTrainer):
    """`jax.jit` around the step on split state, whose memory is used again: no walk in Python."""

    def __init__(self, workload: Workload) -> None:
        super().__init__(workload)
        self.graph, self.state = nnx.split((self.model, self.optimizer))

    def step(self, rows: jax.Array) -> None:
        """One step of SGD; the old state is donated to the new one."""
        self.state, _ = _split_step(self.graph, self.state, self.images, self.labels, rows)

    def wait(self) -> None:
        """Returns when the device has done all steps."""
        jax.block_until_ready(self.state)

    def get_parameters(self) -> tuple[Parameters, ...]:
        """The weights as they are now."""
        nnx.update((self.model, self.optimizer), self.state)
        return super().get_parameters()


@nnx.jit
def _module_step(
    model: Any, optimizer: nnx.Optimizer, images: jax.Array, labels: jax.Array, rows: jax.Array
) -> tuple[jax.Array, jax.Array]:
    return train.train_step(model, optimizer, images[rows], labels[rows])


@partial(jax.jit, static_argnames="graph", donate_argnames="state")
def _split_step(
    graph: nnx.GraphDef, state: nnx.State, images: jax.Array, labels: jax.Array, rows: jax.Array
) -> tuple[nnx.State, tuple[jax.Array, jax.Array]]:
    model, optimizer = nnx.merge(graph, state)
    outcome = train.train_step(model, optimizer, images[rows], labels[rows])
    return nnx.state((model, optimizer)), outcome


def _batches(order: NDArray[np.int64], batch_size: int) -> list[jax.Array]:
    """Row numbers of each batch; the last may be smaller."""
    return [
        jnp.asarray(order[start : start + batch_size], jnp.int32)
        for start in range(0, len(order), batch_size)
    ]
