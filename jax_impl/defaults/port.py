"""A port with habits: the reference port's network and steps, with other choices around them."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from jax_impl import train
from jax_impl.defaults import Habits
from jax_impl.implementation import JaxTwin
from shared.experiment import Experiment
from shared.protocol import EpochMetrics, Evaluation, Examples, FitReport, OnEpoch, Orders

EVALUATION_BATCH_SIZE = 32
"""Rows at a time in an evaluation by batches, as in Keras' `evaluate`."""


class Port(JaxTwin):
    """The experiment in JAX as somebody with these habits ports it.

    Whoever calls hands over weights and orders only where the habits take them.
    """

    def __init__(self, experiment: Experiment, habits: Habits) -> None:
        super().__init__(experiment)  # draws LeCun-normal kernels, Flax's default
        self.habits = habits
        if habits.initialiser == "Glorot-uniform":  # Keras' law, but JAX's own numbers
            draw, rngs = nnx.initializers.glorot_uniform(), nnx.Rngs(experiment.seed)
            for name in self.model.layer_names:
                kernel = getattr(self.model, name).kernel
                kernel[...] = draw(rngs.params(), kernel.shape, kernel.dtype)

    def fit(
        self, training: Examples, *, validation: Examples, orders: Orders | None, on_epoch: OnEpoch
    ) -> FitReport:
        """Trains by SGD, epoch by epoch; takes no times, which are not compared here."""
        on_device = (train.to_device(training), train.to_device(validation))
        history, step_losses = [], []
        for epoch, order in enumerate(self._epoch_orders(len(training.labels), orders), 1):
            metrics, losses = self._run_epoch(on_device, order)
            figures = jax.tree.map(float, metrics)
            if self.habits.evaluation != "all rows" or self.habits.metrics != "mean over rows":
                validated = self.evaluate(validation)
                figures |= {"val_loss": validated.loss, "val_accuracy": validated.accuracy}
            history.append(EpochMetrics(epoch=epoch, **figures))
            step_losses.append(np.asarray(losses, np.float64))
            on_epoch(history[-1])
        return FitReport(history=tuple(history), step_losses=np.concatenate(step_losses))

    def evaluate(self, examples: Examples) -> Evaluation:
        """Loss and accuracy, on the rows and by the mean that the habits say."""
        if self.habits.evaluation == "whole batches":
            examples = examples.rows(slice(_whole(len(examples.labels), EVALUATION_BATCH_SIZE)))
        if self.habits.metrics == "mean over rows":
            return super().evaluate(examples)
        batches = [
            train.evaluate(self.model, examples.rows(slice(start, start + EVALUATION_BATCH_SIZE)))
            for start in range(0, len(examples.labels), EVALUATION_BATCH_SIZE)
        ]
        return Evaluation(
            loss=float(np.mean([batch.loss for batch in batches])),
            accuracy=float(np.mean([batch.accuracy for batch in batches])),
        )

    def _epoch_orders(self, num_rows: int, orders: Orders | None) -> Iterator[jax.Array]:
        """The given orders, or a permutation from a new key each epoch, as tutorials do."""
        if orders is not None:
            yield from (jnp.asarray(order, jnp.int32) for order in orders)
            return
        key = jax.random.key(self.experiment.seed)
        for _ in range(self.experiment.num_epochs):
            key, shuffle_key = jax.random.split(key)
            yield jax.random.permutation(shuffle_key, num_rows)

    def _run_epoch(
        self, data: tuple[train.Rows, train.Rows], order: jax.Array
    ) -> tuple[dict[str, jax.Array], jax.Array]:
        """Metrics and step losses of an epoch, on the rows and by the mean that the habits say."""
        batch_size = self.experiment.batch_size

        def run(order: jax.Array) -> tuple[dict[str, jax.Array], jax.Array]:
            own = (self.model, self.optimizer)
            trained, metrics, losses = train.run_epoch(*own, *data, order, batch_size=batch_size)
            nnx.update(own, nnx.state(trained))
            return metrics, losses

        whole = _whole(len(order), batch_size)
        if self.habits.last_batch == "dropped":
            order = order[:whole]
        if self.habits.metrics == "mean over rows" or len(order) == whole:
            return run(order)
        # Run apart, the last batch tells its own accuracy, to be counted like any other's.
        metrics, losses = run(order[:whole])
        last, last_loss = run(order[whole:])
        num_batches = len(losses)
        means = {
            name: (num_batches * metrics[name] + last[name]) / (num_batches + 1)
            for name in ("loss", "accuracy")
        }
        return last | means, jnp.concatenate([losses, last_loss])


def _whole(num_rows: int, batch_size: int) -> int:
    """How many rows whole batches take."""
    return num_rows // batch_size * batch_size
