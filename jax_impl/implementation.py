"""The protocol's verbs in JAX: a thin layer over `model.py` and `train.py`."""

from pathlib import Path
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from jax_impl import model, train
from shared import protocol
from shared.experiment import Experiment
from shared.parameters import Parameters


class JaxTwin:
    """The experiment in JAX, as `shared.protocol.Implementation`."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.model = model.build_model(experiment)
        self.optimizer = train.prepare_training(self.model, experiment)
        self.compiled_epochs = train.CompiledEpochs()
        self.num_skipped = 0

    @property
    def device(self) -> str:
        device = jax.devices()[0]
        return f"{device.platform} ({device.device_kind})"

    def set_parameters(self, parameters: Parameters) -> None:
        model.set_parameters(self.model, parameters)

    def get_parameters(self) -> Parameters:
        return model.get_parameters(self.model)

    def fit(self, training: protocol.Examples, **options: Any) -> protocol.FitReport:
        """Takes the options of `train.fit`."""
        own = (self.model, self.optimizer, self.compiled_epochs, self.experiment)
        return train.fit(*own, training, **options, num_skipped=self.num_skipped)

    def evaluate(self, examples: protocol.Examples) -> protocol.Evaluation:
        return train.evaluate(self.model, examples)

    def predict(self, images: NDArray[np.floating]) -> protocol.Predictions:
        return train.predict(self.model, images)

    def loss_and_gradients(self, examples: protocol.Examples) -> protocol.LossAndGradients:
        return train.loss_and_gradients(self.model, examples)

    def save(self, folder: Path) -> None:
        """Writes nothing: JAX has no file format of its own, the safetensors say it all."""


def build(experiment: Experiment) -> JaxTwin:
    """The implementation, ready to train."""
    return JaxTwin(experiment)
