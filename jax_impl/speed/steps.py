"""JAX against the clock, one call a step: as Flax's tutorial does it, and with less Python."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from jax_impl.model import Classifier, build_model, get_parameters, set_parameters
from jax_impl.train import Rows, Trained, prepare_training, to_device, train_step
from shared.parameters import Parameters
from shared.timing import Device, EpochClock, Workload


def step(
    model: Classifier, optimizer: nnx.Optimizer, data: Rows, rows: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """One step of SGD in place, on the rows of these numbers."""
    images, labels = data
    return train_step(model, optimizer, images[rows], labels[rows])


@partial(jax.jit, donate_argnames=("model", "optimizer"))
def step_of_pytrees(
    model: Classifier, optimizer: nnx.Optimizer, data: Rows, rows: jax.Array
) -> Trained:
    """The same as a function of arrays: what comes in is given up, what was trained comes out."""
    step(model, optimizer, data, rows)
    return model, optimizer


class JaxTrainer:
    """What all trainers share: the port's model, its optimizer and the rows, on the device."""

    def __init__(self, workload: Workload) -> None:
        self.batch_size = workload.experiment.batch_size
        model = self.build(workload)
        self.trained = (model, prepare_training(model, workload.experiment))
        self.data = to_device(workload.training)

    def build(self, workload: Workload) -> Classifier:
        """The port's model with the given weights."""
        model = build_model(workload.experiment)
        set_parameters(model, workload.parameters[0])
        return model

    @property
    def device(self) -> Device:
        return "cpu" if jax.default_backend() == "cpu" else "gpu"

    def get_parameters(self) -> tuple[Parameters, ...]:
        return (get_parameters(self.trained[0]),)


class StepTrainer(JaxTrainer):
    """A call for each batch, which changes model and optimizer in place; waits once an epoch."""

    def __init__(self, workload: Workload, compiled: Callable, *, bind: Callable = partial) -> None:
        super().__init__(workload)
        self.step_on = bind(compiled, *self.trained)
        self.is_compiled = False

    def advance(self, rows: jax.Array) -> Trained:
        """One step on the rows of these numbers; returns model and optimizer as they are then."""
        self.step_on(self.data, rows)
        return self.trained

    def train(self, orders: NDArray[np.int64], clock: EpochClock) -> None:
        for order in orders[0]:
            batches = np.split(order, range(self.batch_size, len(order), self.batch_size))
            batches = [jnp.asarray(rows, jnp.int32) for rows in batches]
            clock.start()
            for rows in batches:
                self.trained = self.advance(rows)
                if not self.is_compiled:
                    jax.block_until_ready(self.trained)
                    clock.compiled()
                    self.is_compiled = True
            jax.block_until_ready(self.trained)
            clock.stop()


class PytreeTrainer(StepTrainer):
    """A call for each batch, which returns model and optimizer as new arrays."""

    def advance(self, rows: jax.Array) -> Trained:
        """One step from model and optimizer as they are now, which are given up."""
        return step_of_pytrees(*self.trained, self.data, rows)


module_steps = partial(StepTrainer, compiled=nnx.jit(step))
"""`nnx.jit`: Python walks through model and optimizer at every call."""
tree_steps = partial(StepTrainer, compiled=nnx.jit(step, graph=False))
"""`nnx.jit(graph=False)`: a shorter walk, which knows no module that stands in two places."""
cached_steps = partial(StepTrainer, compiled=nnx.jit(step), bind=nnx.cached_partial)
"""`nnx.cached_partial`: the walk is done once, and its outcome kept."""
pytree_steps = partial(PytreeTrainer, compiled=step_of_pytrees)
"""`jax.jit` with donation: no walk but that through the arrays, and no second copy of them."""
