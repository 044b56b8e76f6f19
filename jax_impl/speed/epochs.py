"""JAX against the clock, an epoch or several in one compiled call: what the port itself does."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from jax_impl import train
from jax_impl.model import build_model, get_parameters, set_parameters
from shared.parameters import Parameters
from shared.speed import Device, EpochClock, Workload

Outcome = tuple[nnx.State, dict[str, jax.Array]]
"""The new state, and the training metrics of each epoch."""


class EpochTrainer:
    """The port's own epoch, `train.train_epoch`, compiled as one."""

    def __init__(self, workload: Workload) -> None:
        self.model = build_model(workload.experiment)
        set_parameters(self.model, workload.parameters[0])
        self.optimizer = train.prepare_training(self.model, workload.experiment)
        self.data = train.to_device(workload.training)
        self.graph, self.state = nnx.split((self.model, self.optimizer))
        self.batch_size = workload.experiment.batch_size
        self.compiled: Callable[..., Outcome] | None = None

    @property
    def device(self) -> Device:
        """What the arithmetic runs on."""
        return "cpu" if jax.default_backend() == "cpu" else "gpu"

    def train(self, orders: NDArray[np.int64], clock: EpochClock) -> None:
        """A call for each epoch."""
        for order in orders[0]:
            self._call(_epoch, jnp.asarray(order, jnp.int32), clock, num_epochs=1)

    def get_parameters(self) -> tuple[Parameters, ...]:
        """The weights as they are now."""
        nnx.update((self.model, self.optimizer), self.state)
        return (get_parameters(self.model),)

    def _call(
        self,
        function: Callable[..., Outcome],
        order: jax.Array,
        clock: EpochClock,
        *,
        num_epochs: int,
    ) -> None:
        clock.start()
        if self.compiled is None:
            lowered = function.lower(  # pyright: ignore[reportFunctionMemberAccess]
                self.graph, self.state, *self.data, order, batch_size=self.batch_size
            )
            self.compiled = lowered.compile()
            clock.compiled()
        outcome = self.compiled(self.state, *self.data, order)  # pyright: ignore[reportOptionalCall]
        self.state, _ = jax.block_until_ready(outcome)
        clock.stop(num_epochs=num_epochs)


class RunTrainer(EpochTrainer):
    """Several epochs in one call: no Python between them."""

    def train(self, orders: NDArray[np.int64], clock: EpochClock) -> None:
        """One call for all epochs."""
        order = jnp.asarray(orders[0], jnp.int32)
        self._call(_run, order, clock, num_epochs=len(order))


@partial(jax.jit, static_argnames=("graph", "batch_size"), donate_argnames="state")
def _epoch(
    graph: nnx.GraphDef,
    state: nnx.State,
    images: jax.Array,
    labels: jax.Array,
    order: jax.Array,
    *,
    batch_size: int,
) -> Outcome:
    # Metrics are returned, or XLA would leave their computation out.
    state, metrics, _ = train.train_epoch(
        graph, state, images, labels, order, batch_size=batch_size
    )
    return state, metrics


@partial(jax.jit, static_argnames=("graph", "batch_size"), donate_argnames="state")
def _run(
    graph: nnx.GraphDef,
    state: nnx.State,
    images: jax.Array,
    labels: jax.Array,
    orders: jax.Array,
    *,
    batch_size: int,
) -> Outcome:
    def epoch(state: nnx.State, order: jax.Array) -> Outcome:
        return _epoch(graph, state, images, labels, order, batch_size=batch_size)

    return jax.lax.scan(epoch, state, orders)
