"""JAX against the clock, an epoch or several in one compiled call: the port, and its variants."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.sharding import NamedSharding, PartitionSpec
from numpy.typing import NDArray

from jax_impl.model import Classifier, build_model, get_parameters, set_parameters
from jax_impl.speed.steps import device_in_use
from jax_impl.train import Rows, Trained, prepare_training, to_device, train_epoch
from shared.parameters import Parameters
from shared.timing import Device, EpochClock, Workload

Outcome = tuple[Trained, dict[str, jax.Array]]
"""Model and optimizer as trained, and the training metrics: unused, XLA would not compute them."""
NUM_SHARDS = 2
UNITS = "units"
"""The name of the axis along which hidden units are spread over devices."""


class EpochTrainer:
    """The port's own epoch, `train.train_epoch`, compiled as one; a call for each."""

    def __init__(self, workload: Workload) -> None:
        self.batch_size = workload.experiment.batch_size
        model = self.build(workload)
        self.trained = (model, prepare_training(model, workload.experiment))
        self.data = to_device(workload.training)
        self.compiled: Callable[..., Outcome] | None = None

    @property
    def device(self) -> Device:
        """What the arithmetic runs on."""
        return device_in_use()

    def build(self, workload: Workload) -> Classifier:
        """The port's model with the given weights."""
        model = build_model(workload.experiment)
        set_parameters(model, workload.parameters[0])
        return model

    def train(self, orders: NDArray[np.int64], clock: EpochClock) -> None:
        """A call for each epoch."""
        for order in orders[0]:
            self.call(self.epoch, order, clock, num_epochs=1)

    def epoch(self, trained: Trained, data: Rows, order: jax.Array) -> Outcome:
        """What is compiled."""
        trained, metrics, _ = train_epoch(*trained, data, order, self.batch_size)
        return trained, metrics

    def call(
        self,
        function: Callable[..., Outcome],
        order: NDArray[np.int64],
        clock: EpochClock,
        *,
        num_epochs: int,
    ) -> None:
        """Compiles the function where that was not done yet, and runs it."""
        arguments = (self.trained, self.data, jnp.asarray(order, jnp.int32))
        clock.start()
        if self.compiled is None:
            # Modules take over the shardings that they came with.
            shardings = jax.tree.map(lambda array: array.sharding, self.trained)
            jitted = jax.jit(function, donate_argnums=0, out_shardings=(shardings, None))
            self.compiled = jitted.lower(*arguments).compile()
            clock.compiled()
        self.trained, _ = jax.block_until_ready(self.compiled(*arguments))
        clock.stop(num_epochs=num_epochs)

    def get_parameters(self) -> tuple[Parameters, ...]:
        """The weights as they are now."""
        return (get_parameters(self.trained[0]),)


class RunTrainer(EpochTrainer):
    """Several epochs in one call: no Python between them."""

    def train(self, orders: NDArray[np.int64], clock: EpochClock) -> None:
        """One call for all epochs."""
        self.call(self.run, orders[0], clock, num_epochs=orders.shape[1])

    def run(self, trained: Trained, data: Rows, orders: jax.Array) -> Outcome:
        """A scan over epochs, each of them a scan over steps."""
        return jax.lax.scan(lambda carry, order: self.epoch(carry, data, order), trained, orders)


class TransposedLinear(nnx.Module):
    """A dense layer with its kernel stored as (fan_out, fan_in), the other way round."""

    def __init__(self, linear: nnx.Linear) -> None:
        self.kernel = nnx.Param(linear.kernel[...].T)
        self.bias = nnx.Param(linear.bias[...])  # pyright: ignore[reportOptionalSubscript]

    def __call__(self, inputs: jax.Array) -> jax.Array:
        """Returns (n, fan_out) of (n, fan_in)."""
        return inputs @ self.kernel[...].T + self.bias[...]


class TransposedTrainer(EpochTrainer):
    """The same numbers with every kernel lying the other way round in memory."""

    def build(self, workload: Workload) -> Classifier:
        """The port's model with transposed layers."""
        model = super().build(workload)
        for name in model.layer_names:
            setattr(model, name, TransposedLinear(getattr(model, name)))
        return model

    def get_parameters(self) -> tuple[Parameters, ...]:
        """The weights as they are now, each kernel (fan_in, fan_out) again."""
        transposed = get_parameters(self.trained[0])
        return (transposed.with_kernels(np.transpose),)


class ShardedTrainer(EpochTrainer):
    """One training over two devices, each with half of the first layer's hidden units.

    The first kernel and its bias are cut by units, the second kernel by its inputs,
    which are the same units; the rest is everywhere. XLA's partitioner finds that one
    sum between the devices in each pass is enough. Averaging gradients over halves of
    the batch would send all of them to and fro instead.
    """

    def __init__(self, workload: Workload) -> None:
        # To JAX all cores are one device, unless told otherwise before the first array.
        jax.config.update("jax_num_cpu_devices", NUM_SHARDS)
        super().__init__(workload)
        self.mesh = jax.make_mesh((NUM_SHARDS,), (UNITS,), axis_types=(jax.sharding.AxisType.Auto,))
        first, second, *_ = self.trained[0].layer_names
        specs = {
            f"{first}/kernel": PartitionSpec(None, UNITS),
            f"{first}/bias": PartitionSpec(UNITS),
            f"{second}/kernel": PartitionSpec(UNITS, None),
        }
        for name in self.trained[0].layer_names:
            for part in ("kernel", "bias"):
                variable = getattr(getattr(self.trained[0], name), part)
                spec = specs.get(f"{name}/{part}", PartitionSpec())
                variable[...] = jax.device_put(variable[...], NamedSharding(self.mesh, spec))
        everywhere = NamedSharding(self.mesh, PartitionSpec())
        self.data = jax.device_put(self.data, everywhere)
        optimizer_state = nnx.state(self.trained[1])
        nnx.update(self.trained[1], jax.device_put(optimizer_state, everywhere))
