"""JAX against the clock, many seeds at once: where the cores that one training leaves idle pay."""

from operator import itemgetter

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from numpy.typing import NDArray

from jax_impl.model import get_parameters, set_parameters
from jax_impl.speed.epochs import EpochTrainer, Outcome
from jax_impl.train import Rows, Trained
from shared.parameters import Parameters
from shared.timing import EpochClock, Workload

SEEDS = "seeds"  # the axis along which seeds are spread over devices
BY_SEED, EVERYWHERE = PartitionSpec(SEEDS), PartitionSpec()


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
        of_seeds = []
        for parameters in workload.parameters:
            set_parameters(self.trained[0], parameters)
            of_seeds.append(jax.tree.map(jnp.copy, self.trained))
        trained = jax.tree.map(lambda *arrays: jnp.stack(arrays), *of_seeds)
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

        if self.device == "cpu":  # a core has no use for products of many networks at once
            return jax.lax.map(lambda of_seed: epoch(*of_seed), (trained, order))
        return jax.vmap(epoch)(trained, order)

    def get_parameters(self) -> tuple[Parameters, ...]:
        model, _ = self.trained
        own = (jax.tree.map(itemgetter(seed), model) for seed in range(self.num_seeds))
        return tuple(map(get_parameters, own))
