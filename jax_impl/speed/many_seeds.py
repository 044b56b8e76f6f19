"""JAX against the clock, many seeds at once: where the cores that one training leaves idle pay."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from numpy.typing import NDArray

from jax_impl.model import build_model, get_parameters, set_parameters
from jax_impl.speed.steps import device_in_use
from jax_impl.train import Rows, Trained, prepare_training, to_device, train_epoch
from shared.parameters import Parameters
from shared.timing import Device, EpochClock, Workload

SEEDS = "seeds"
"""The name of the axis along which seeds are spread over devices."""


class SeedsTrainer:
    """Trains one network for each set of initial weights, the port's epoch for each of them."""

    def __init__(self, workload: Workload) -> None:
        self.num_seeds = len(workload.parameters)
        # To JAX all cores are one device, unless told otherwise before the first array.
        jax.config.update("jax_num_cpu_devices", self.num_seeds)
        self.batch_size = workload.experiment.batch_size
        model = build_model(workload.experiment)
        optimizer = prepare_training(model, workload.experiment)
        self.structure = jax.tree.structure((model, optimizer))
        self.mesh = Mesh(np.array(_devices_for(self.num_seeds)), (SEEDS,))
        leaves_of_seeds = []
        for parameters in workload.parameters:
            set_parameters(model, parameters)
            leaves_of_seeds.append(jax.tree.leaves((model, optimizer)))
        stacked = [jnp.stack(leaves) for leaves in zip(*leaves_of_seeds, strict=True)]
        by_seed = NamedSharding(self.mesh, PartitionSpec(SEEDS))
        everywhere = NamedSharding(self.mesh, PartitionSpec())
        self.trained = jax.device_put(jax.tree.unflatten(self.structure, stacked), by_seed)
        self.data = jax.device_put(to_device(workload.training), everywhere)
        self.compiled: Callable | None = None

    @property
    def device(self) -> Device:
        """What the arithmetic runs on."""
        return device_in_use()

    def train(self, orders: NDArray[np.int64], clock: EpochClock) -> None:
        """One call for an epoch of all seeds; the clock learns the time per seed."""
        for epoch in range(orders.shape[1]):
            order = jnp.asarray(orders[:, epoch], jnp.int32)
            order = jax.device_put(order, NamedSharding(self.mesh, PartitionSpec(SEEDS)))
            clock.start()
            if self.compiled is None:
                self.compiled = self._compile(order)
                clock.compiled()
            self.trained, _ = jax.block_until_ready(self.compiled(self.trained, self.data, order))
            clock.stop(num_epochs=self.num_seeds)

    def get_parameters(self) -> tuple[Parameters, ...]:
        """The weights of each seed as they are now."""
        return tuple(self._parameters_of(seed) for seed in range(self.num_seeds))

    def _parameters_of(self, seed: int) -> Parameters:
        leaves = [leaf[seed] for leaf in jax.tree.leaves(self.trained)]
        model, _ = jax.tree.unflatten(self.structure, leaves)
        return get_parameters(model)

    def _compile(self, order: jax.Array) -> Callable:
        by_seed, everywhere = PartitionSpec(SEEDS), PartitionSpec()
        function = jax.shard_map(
            self._train_seeds,
            mesh=self.mesh,
            in_specs=(by_seed, everywhere, by_seed),
            out_specs=by_seed,
            check_vma=False,
        )
        return jax.jit(function, donate_argnums=0).lower(self.trained, self.data, order).compile()

    def _train_seeds(
        self, trained: Trained, data: Rows, orders: jax.Array
    ) -> tuple[Trained, dict[str, jax.Array]]:
        """An epoch of the seeds that one device trains, which are the first axis of all arrays."""

        def epoch(own: Trained, order: jax.Array) -> tuple[Trained, dict]:
            own, metrics, _ = train_epoch(*own, data, order, self.batch_size)
            return own, metrics

        if self.device == "cpu":  # a core has no use for products of many networks at once
            return jax.lax.map(lambda of_seed: epoch(*of_seed), (trained, orders))
        return jax.vmap(epoch)(trained, orders)


def _devices_for(num_seeds: int) -> list:
    """As many devices as share the seeds evenly."""
    devices = jax.local_devices()
    num_used = max(n for n in range(1, len(devices) + 1) if num_seeds % n == 0)
    return devices[:num_used]
