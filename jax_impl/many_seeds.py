"""Many seeds at once: the port's epoch for each of many networks, in one compiled call.

An accelerator that one training of this size leaves idle trains hundreds in the time of one.
Keras has no counterpart: its `fit` is of one model.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_impl.model import build_model, set_parameters
from jax_impl.train import Rows, Trained, loss_fn, prepare_training, run_epoch, to_device
from shared import protocol
from shared.draws import Draws
from shared.experiment import Experiment
from shared.parameters import Parameters


def stack_seeds(trained: Trained, parameters: Sequence[Parameters]) -> Trained:
    """Model and optimizer with an axis of seeds in front of every array, from these weights."""
    of_seeds = []
    for own in parameters:
        set_parameters(trained[0], own)
        of_seeds.append(jax.tree.map(jnp.copy, trained))
    return jax.tree.map(lambda *arrays: jnp.stack(arrays), *of_seeds)


def for_each_seed(function: Callable, device: str) -> Callable:
    """`function` of one seed, made one of all: its arguments and results have the axis of seeds."""
    if device == "cpu":  # a core has no use for products of many networks at once
        return lambda *arguments: jax.lax.map(lambda own: function(*own), arguments)
    return jax.vmap(function)


# Compiled once for each number of seeds, since what it depends on is handed over.
@partial(jax.jit, static_argnames=("batch_size", "device"), donate_argnames="trained")
def run_epoch_of_many(
    trained: Trained,
    training: Rows,
    validation: Rows,
    orders: jax.Array,
    *,
    batch_size: int,
    device: str,
) -> tuple[Trained, dict[str, jax.Array]]:
    """`run_epoch` for each seed, its order a row of `orders`; metrics are one for each."""

    def of_one(own: Trained, order: jax.Array) -> tuple[Trained, dict[str, jax.Array]]:
        after, metrics, _ = run_epoch(*own, training, validation, order, batch_size=batch_size)
        return after, metrics

    return for_each_seed(of_one, device)(trained, orders)


def fit_many(
    experiment: Experiment,
    draws: Sequence[Draws],
    training: protocol.Examples,
    *,
    validation: protocol.Examples,
    test: protocol.Examples,
    on_epoch: Callable[[int], Any],
) -> list[tuple[protocol.FitReport, protocol.Evaluation]]:
    """Trains a network from each of the draws; returns what `fit` and `evaluate` say of each.

    The same number of draws gives each of them the same bits, whichever the others are.
    `on_epoch` hears of each epoch's number as it ends. Seconds are an epoch's share per network,
    and of the first epoch ever with compilation.
    """
    model = build_model(experiment)
    trained = stack_seeds(
        (model, prepare_training(model, experiment)), [own.parameters for own in draws]
    )
    data, batch_size = (to_device(training), to_device(validation)), experiment.batch_size
    device = jax.devices()[0].platform

    epochs, seconds = [], []
    for epoch in range(experiment.num_epochs):
        orders = jnp.asarray(np.stack([own.orders[epoch] for own in draws]), jnp.int32)
        started = time.perf_counter()
        trained, metrics = jax.block_until_ready(
            run_epoch_of_many(trained, *data, orders, batch_size=batch_size, device=device)
        )
        seconds.append((time.perf_counter() - started) / len(draws))
        epochs.append(jax.tree.map(np.asarray, metrics))
        on_epoch(epoch + 1)
    images, labels = to_device(test)
    on_test = partial(loss_fn, images=images, labels=labels)
    losses, num_correct = jax.jit(for_each_seed(on_test, device))(trained[0])
    return [
        (
            protocol.FitReport(
                history=tuple(
                    protocol.EpochMetrics(
                        epoch=number, **{name: float(of[place]) for name, of in metrics.items()}
                    )
                    for number, metrics in enumerate(epochs, 1)
                ),
                step_losses=np.empty(0),
                epoch_seconds=tuple(seconds),
            ),
            protocol.Evaluation(
                loss=float(losses[place]), accuracy=int(num_correct[place]) / len(test.labels)
            ),
        )
        for place in range(len(draws))
    ]
