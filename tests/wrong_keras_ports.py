"""Negative controls on the other side: Keras programs with one deliberate mistake each.

What a ladder rejects in the port it must reject in the reference as well. Keras is
imported where it is needed: these run in a process of their own, without JAX.
"""

from collections.abc import Callable
from typing import Any

from benchmarks.parity import rungs
from benchmarks.parity.rungs import ParityRung
from shared.experiment import Experiment
from shared.parameters import Parameters
from shared.protocol import Implementation


def keeps_its_own_weights(experiment: Experiment) -> Implementation:
    """Glorot-uniform as well, but other numbers."""
    from keras_impl.implementation import KerasTwin

    class Port(KerasTwin):
        def set_parameters(self, parameters: Parameters) -> None:
            del parameters

    return Port(experiment, record_steps=True)


def hidden_layer_without_relu(experiment: Experiment) -> Implementation:
    import keras

    from keras_impl.implementation import build_recording

    twin = build_recording(experiment)
    twin.model.get_layer("hidden_2").activation = keras.activations.linear
    return twin


def weight_decay(experiment: Experiment) -> Implementation:
    return _with_optimizer(experiment, weight_decay=1e-4)


def momentum(experiment: Experiment) -> Implementation:
    """Shows from the second step on: the first has no past."""
    return _with_optimizer(experiment, momentum=0.01)


def shuffles_once_more(experiment: Experiment) -> Implementation:
    """Leaves `shuffle` as it comes, though the rows are in order already."""
    from keras_impl.implementation import build_recording

    twin = build_recording(experiment)
    fit = twin.model.fit
    twin.model.fit = lambda *rows, **options: fit(*rows, **(options | {"shuffle": True}))
    return twin


def _with_optimizer(experiment: Experiment, **options: Any) -> Implementation:
    import keras

    from keras_impl.implementation import build_recording
    from keras_impl.train import LOSS, BatchLoss

    twin = build_recording(experiment)
    rule = keras.optimizers.SGD(learning_rate=experiment.learning_rate, **options)
    twin.model.compile(optimizer=rule, loss=LOSS, metrics=["accuracy", BatchLoss()])
    return twin


WRONG_KERAS_PORTS: dict[Callable[[Experiment], Implementation], ParityRung] = {
    keeps_its_own_weights: rungs.PARAMETERS,
    hidden_layer_without_relu: rungs.LOGITS,
    weight_decay: rungs.ONE_STEP,
    momentum: rungs.LAST_BATCH,
    shuffles_once_more: rungs.LAST_BATCH,
}
"""Each with the rung that must reject it."""
