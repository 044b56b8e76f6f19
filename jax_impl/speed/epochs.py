"""JAX against the clock, an epoch or several in one compiled call: the port, and its variants.

Many seeds at once is where the cores that one training leaves idle pay.
"""

from collections.abc import Callable
from operator import itemgetter

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from numpy.typing import NDArray

from jax_impl.many_seeds import for_each_seed, stack_seeds
from jax_impl.model import Classifier, get_parameters
from jax_impl.speed.steps import JaxTrainer
from jax_impl.train import Rows, Trained, train_epoch
from shared.parameters import Parameters
from shared.timing import EpochClock, Workload

Outcome = tuple[Trained, dict[str, jax.Array]]
"""Model and optimizer as trained, and the training metrics: unused, XLA would not compute them."""
NUM_SHARDS = 2
UNITS = "units"  # the axis along which hidden units are spread over devices
SEEDS = "seeds"  # the axis along which seeds are
BY_SEED, EVERYWHERE = PartitionSpec(SEEDS), PartitionSpec()


class EpochTrainer(JaxTrainer):
    """The port's own epoch, `train.train_epoch`, compiled as one; a call for each."""

    def __init__(self, workload: Workload) -> None:
        super().__init__(workload)
        self.compiled: Callable[..., Outcome] | None = None

    def train(self, orders: NDArray[np.int64], clock: EpochClock) -> None:
        for order in orders[0]:
            self.call(jnp.asarray(order, jnp.int32), clock, num_epochs=1)

    def call(self, order: jax.Array, clock: EpochClock, *, num_epochs: int) -> None:
        """Compiles `compute`, which is what a call does, where need be, and runs it."""
        arguments = (self.trained, self.data, order)
        clock.start()
        if self.compiled is None:
            self.compiled = self.jitted().lower(*arguments).compile()
            clock.compiled()
        self.trained, _ = jax.block_until_ready(self.compiled(*arguments))
        clock.stop(num_epochs=num_epochs)

    def jitted(self) -> jax.stages.Wrapped:
        """`compute`, to be compiled; the memory of what comes in serves for what comes out."""
        # Modules take over the shardings that they came with.
        shardings = jax.tree.map(lambda array: array.sharding, self.trained)
        return jax.jit(self.compute, donate_argnums=0, out_shardings=(shardings, None))

    def compute(self, trained: Trained, data: Rows, order: jax.Array) -> Outcome:
        trained, metrics, _ = train_epoch(*trained, data, order, self.batch_size)
        return trained, metrics


class RunTrainer(EpochTrainer):
    """Several epochs in one call: no Python between them."""

    def train(self, orders: NDArray[np.int64], clock: EpochClock) -> None:
        self.call(jnp.asarray(orders[0], jnp.int32), clock, num_epochs=orders.shape[1])

    def compute(self, trained: Trained, data: Rows, order: jax.Array) -> Outcome:
        """A scan over epochs, each of them a scan over steps."""
        epoch = super().compute
        return jax.lax.scan(lambda carry, of_epoch: epoch(carry, data, of_epoch), trained, order)


class TransposedLinear(nnx.Module):
    """A dense layer with its kernel stored as (fan_out, fan_in), the other way round."""

    def __init__(self, linear: nnx.Linear) -> None:
        self.kernel = nnx.Param(linear.kernel[...].T)
        self.bias = nnx.Param(linear.bias[...])  # pyright: ignore[reportOptionalSubscript]

    def __call__(self, inputs: jax.Array) -> jax.Array:
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
        (transposed,) = super().get_parameters()
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
        mesh = jax.make_mesh((NUM_SHARDS,), (UNITS,), axis_types=(jax.sharding.AxisType.Auto,))
        everywhere = NamedSharding(mesh, EVERYWHERE)
        self.trained, self.data = jax.device_put((self.trained, self.data), everywhere)
        model = self.trained[0]
        first, second, *_ = (getattr(model, name) for name in model.layer_names)
        for variable, spec in (
            (first.kernel, PartitionSpec(None, UNITS)),
            (first.bias, PartitionSpec(UNITS)),
            (second.kernel, PartitionSpec(UNITS, None)),
        ):
            variable[...] = jax.device_put(variable[...], NamedSharding(mesh, spec))


class SeedsTrainer(EpochTrainer):
    """Trains one network for each set of initial weights, the port's epoch for each of them.

    Every array of model and optimizer has an axis of seeds in front.
    """

    def __init__(self, workload: Workload) -> None:
        self.num_seeds = len(workload.parameters)
        # To JAX all cores are one device, unless told otherwise before the first array.
        jax.config.update("jax_num_cpu_devices", self.num_seeds)
        super().__init__(workload)
        devices = jax.local_devices()
        num_used = max(n for n in range(1, len(devices) + 1) if self.num_seeds % n == 0)
        self.mesh = Mesh(np.array(devices[:num_used]), (SEEDS,))  # seeds are shared evenly
        trained = stack_seeds(self.trained, workload.parameters)
        self.trained = jax.device_put(trained, NamedSharding(self.mesh, BY_SEED))
        self.data = jax.device_put(self.data, NamedSharding(self.mesh, EVERYWHERE))

    def train(self, orders: NDArray[np.int64], clock: EpochClock) -> None:
        """One call for an epoch of all seeds; the clock learns the time per seed."""
        for epoch in range(orders.shape[1]):
            order = jnp.asarray(orders[:, epoch], jnp.int32)
            order = jax.device_put(order, NamedSharding(self.mesh, BY_SEED))
            self.call(order, clock, num_epochs=self.num_seeds)

    def jitted(self) -> jax.stages.Wrapped:
        """`compute` on each device for its own seeds, to be compiled."""
        function = jax.shard_map(
            self.compute,
            mesh=self.mesh,
            in_specs=(BY_SEED, EVERYWHERE, BY_SEED),
            out_specs=BY_SEED,
            check_vma=False,
        )
        return jax.jit(function, donate_argnums=0)

    def compute(self, trained: Trained, data: Rows, order: jax.Array) -> Outcome:
        """What a call does on one device: an epoch of the seeds that it trains."""
        epoch_of_one = super().compute

        def epoch(own: Trained, own_order: jax.Array) -> Outcome:
            return epoch_of_one(own, data, own_order)

        return for_each_seed(epoch, self.device)(trained, order)

    def get_parameters(self) -> tuple[Parameters, ...]:
        model, _ = self.trained
        own = (jax.tree.map(itemgetter(seed), model) for seed in range(self.num_seeds))
        return tuple(map(get_parameters, own))
