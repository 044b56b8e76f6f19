"""JAX against the clock, many seeds at once: where the cores that one training leaves idle pay."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from numpy.typing import NDArray

from jax_impl import train
from jax_impl.model import Classifier, build_model, get_parameters, set_parameters
from shared.parameters import Parameters
from shared.speed import Device, EpochClock, Workload

SEEDS = "seeds"
"""The name of the axis along which seeds are spread over devices."""


class SeedsTrainer:
    """Trains one network for each set of initial weights, the port's epoch for each of them."""

    def __init__(self, workload: Workload) -> None:
        self.num_seeds = len(workload.parameters)
        # To JAX all cores are one device, unless told otherwise before the first array.
        jax.config.update("jax_num_cpu_devices", self.num_seeds)
        self.mesh = Mesh(np.array(_devices_for(self.num_seeds)), (SEEDS,))
        self.batch_size = workload.experiment.batch_size
        models = [_model_with(workload, parameters) for parameters in workload.parameters]
        optimizers = [train.prepare_training(model, workload.experiment) for model in models]
        splits = [nnx.split(pair) for pair in zip(models, optimizers, strict=True)]
        self.graph = splits[0][0]
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(state for _, state in splits))
        self.state = jax.device_put(stacked, NamedSharding(self.mesh, PartitionSpec(SEEDS)))
        everywhere = NamedSharding(self.mesh, PartitionSpec())
        self.data = jax.device_put(train.to_device(workload.training), everywhere)
        self.model, self.optimizer = models[0], optimizers[0]
        self.compiled: Callable | None = None

    @property
    def device(self) -> Device:
        """What the arithmetic runs on."""
        return "cpu" if jax.default_backend() == "cpu" else "gpu"

    def train(self, orders: NDArray[np.int64], clock: EpochClock) -> None:
        """One call for an epoch of all seeds; the clock learns the time per seed."""
        for epoch in range(orders.shape[1]):
            order = jnp.asarray(orders[:, epoch], jnp.int32)
            order = jax.device_put(order, NamedSharding(self.mesh, PartitionSpec(SEEDS)))
            clock.start()
            if self.compiled is None:
                self.compiled = self._compile(order)
                clock.compiled()
            self.state, _ = jax.block_until_ready(self.compiled(self.state, *self.data, order))
            clock.stop(num_epochs=self.num_seeds)

    def get_parameters(self) -> tuple[Parameters, ...]:
        """The weights of each seed as they are now."""
        return tuple(self._parameters_of(seed) for seed in range(self.num_seeds))

    def _parameters_of(self, seed: int) -> Parameters:
        own = jax.tree.map(lambda leaf: leaf[seed], self.state)
        nnx.update((self.model, self.optimizer), own)
        return get_parameters(self.model)

    def _compile(self, order: jax.Array) -> Callable:
        by_seed, everywhere = PartitionSpec(SEEDS), PartitionSpec()
        function = jax.shard_map(
            partial(_train_seeds, self.graph, batch_size=self.batch_size),
            mesh=self.mesh,
            in_specs=(by_seed, everywhere, everywhere, by_seed),
            out_specs=by_seed,
            check_vma=False,
        )
        jitted = jax.jit(function, donate_argnums=0)
        return jitted.lower(self.state, *self.data, order).compile()


def _train_seeds(
    graph: nnx.GraphDef,
    state: nnx.State,
    images: jax.Array,
    labels: jax.Array,
    orders: jax.Array,
    *,
    batch_size: int,
) -> tuple[nnx.State, dict[str, jax.Array]]:
    """An epoch of the seeds that one device trains; state and orders have them as first axis."""

    def epoch(state: nnx.State, order: jax.Array) -> tuple[nnx.State, dict[str, jax.Array]]:
        state, metrics, _ = train.train_epoch(
            graph, state, images, labels, order, batch_size=batch_size
        )
        return state, metrics

    if jax.default_backend() == "cpu":  # a core has no use for products of many networks at once
        return jax.lax.map(lambda own: epoch(*own), (state, orders))
    return jax.vmap(epoch)(state, orders)


def _devices_for(num_seeds: int) -> list:
    """As many devices as share the seeds evenly."""
    devices = jax.local_devices()
    num_used = max(n for n in range(1, len(devices) + 1) if num_seeds % n == 0)
    return devices[:num_used]


def _model_with(workload: Workload, parameters: Parameters) -> Classifier:
    model = build_model(workload.experiment)
    set_parameters(model, parameters)
    return model
