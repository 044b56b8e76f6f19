"""The protocol's verbs in Keras: a thin layer over `model.py` and `train.py`."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from keras_impl import model, train
from shared import protocol
from shared.experiment import Experiment
from shared.parameters import Parameters


class KerasTwin:
    """The experiment in Keras, as `shared.protocol.Implementation`.

    Takes the options of `train.prepare_training`.
    """

    def __init__(self, experiment: Experiment, **options: Any) -> None:
        self.experiment = experiment
        self.model = model.build_model(experiment)
        train.prepare_training(self.model, experiment, **options)
        self.num_skipped = 0

    @property
    def device(self) -> str:
        # Every backend's tensors know it; TensorFlow's as `/job:…/device:CPU:0`.
        tensor: Any = keras.ops.zeros(())
        device = str(tensor.device).rpartition("/")[2]
        return f"{device} ({keras.backend.backend()} backend)"

    def set_parameters(self, parameters: Parameters) -> None:
        model.set_parameters(self.model, parameters)

    def get_parameters(self) -> Parameters:
        return model.get_parameters(self.model)

    def fit(self, training: protocol.Examples, **options: Any) -> protocol.FitReport:
        """Takes the options of `train.fit`."""
        own = (self.model, self.experiment)
        return train.fit(*own, training, **options, num_skipped=self.num_skipped)

    def evaluate(self, examples: protocol.Examples) -> protocol.Evaluation:
        return train.evaluate(self.model, examples)

    def predict(self, images: NDArray[np.floating]) -> protocol.Predictions:
        return train.predict(self.model, images)

    def loss_and_gradients(self, examples: protocol.Examples) -> protocol.LossAndGradients:
        return train.loss_and_gradients(self.model, examples)

    def save(self, folder: Path) -> None:
        """Writes `model.keras`, which `keras.saving.load_model` reads."""
        self.model.save(folder / "model.keras")


def build(experiment: Experiment) -> KerasTwin:
    """The implementation, ready to train as documented."""
    return KerasTwin(experiment)


# JAX has no counterpart of the next two: its scan is in bulk, with every step's loss at hand.


def build_recording(experiment: Experiment) -> KerasTwin:
    """The implementation, which also reports the loss of every step."""
    return KerasTwin(experiment, record_steps=True)


def build_in_bulk(experiment: Experiment) -> KerasTwin:
    """The implementation, which runs many steps before it comes back to Python."""
    return KerasTwin(experiment, steps_per_execution=train.STEPS_IN_BULK)
