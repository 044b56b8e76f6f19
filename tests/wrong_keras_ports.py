"""Negative controls on the other side: Keras programs with one deliberate mistake each.

What a ladder rejects in the port it must reject in the reference as well. Keras is
imported where it is needed: these run in a process of their own, without JAX.
"""

from collections.abc import Callable
from typing import Any

from benchmarks.implementations import build_implementation
from benchmarks.parity import rungs
from benchmarks.parity.rungs import ParityRung
from shared.experiment import Experiment


def build_right(experiment: Experiment) -> Any:
    """The reference without a mistake, a `KerasTwin`."""
    return build_implementation("keras", experiment, "build_recording")


def keeps_its_own_weights(experiment: Experiment) -> Any:
    """Glorot-uniform as well, but other numbers."""
    twin = build_right(experiment)
    twin.set_parameters = lambda _: None
    return twin


def hidden_layer_without_relu(experiment: Experiment) -> Any:
    import keras

    twin = build_right(experiment)
    twin.model.get_layer("hidden_2").activation = keras.activations.linear
    return twin


def weight_decay(experiment: Experiment) -> Any:
    return _with_optimizer(experiment, weight_decay=1e-4)


def momentum(experiment: Experiment) -> Any:
    """Shows from the second step on: the first has no past."""
    return _with_optimizer(experiment, momentum=0.01)


def shuffles_once_more(experiment: Experiment) -> Any:
    """Leaves `shuffle` as it comes, though the rows are in order already."""
    twin = build_right(experiment)
    fit = twin.model.fit
    twin.model.fit = lambda *rows, **options: fit(*rows, **(options | {"shuffle": True}))
    return twin


def _with_optimizer(experiment: Experiment, **options: Any) -> Any:
    import keras

    from keras_impl.train import LOSS, BatchLoss

    twin = build_right(experiment)
    rule = keras.optimizers.SGD(learning_rate=experiment.learning_rate, **options)
    twin.model.compile(optimizer=rule, loss=LOSS, metrics=["accuracy", BatchLoss()])
    return twin


WRONG_KERAS_PORTS: dict[Callable[[Experiment], Any], ParityRung] = {
    keeps_its_own_weights: rungs.PARAMETERS,
    hidden_layer_without_relu: rungs.LOGITS,
    weight_decay: rungs.ONE_STEP,
    momentum: rungs.LAST_BATCH,
    shuffles_once_more: rungs.LAST_BATCH,
}
"""Each with the rung that must reject it."""
