"""The protocol's verbs in PyTorch: a thin layer over `model.py` and `train.py`."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from peers.pytorch import model, train
from shared import protocol
from shared.experiment import Experiment
from shared.parameters import Parameters


class TorchTwin:
    """The experiment in PyTorch, as `shared.protocol.Implementation`."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.model = model.build_model(experiment)
        self.optimizer = train.prepare_training(self.model, experiment)
        self.num_skipped = 0

    @property
    def device(self) -> str:
        device = next(self.model.parameters()).device
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else "eager"
        return f"{device.type} ({name})"

    def set_parameters(self, parameters: Parameters) -> None:
        model.set_parameters(self.model, parameters)

    def get_parameters(self) -> Parameters:
        return model.get_parameters(self.model)

    def fit(self, training: protocol.Examples, **options: Any) -> protocol.FitReport:
        """Takes the options of `train.fit`."""
        own = (self.model, self.optimizer, self.experiment)
        return train.fit(*own, training, **options, num_skipped=self.num_skipped)

    def evaluate(self, examples: protocol.Examples) -> protocol.Evaluation:
        return train.evaluate(self.model, examples)

    def predict(self, images: NDArray[np.floating]) -> protocol.Predictions:
        return train.predict(self.model, images)

    def loss_and_gradients(self, examples: protocol.Examples) -> protocol.LossAndGradients:
        return train.loss_and_gradients(self.model, examples)

    def save(self, folder: Path) -> None:
        """Writes the state dictionary, PyTorch's own format."""
        torch.save(self.model.state_dict(), folder / "model.pt")


def build(experiment: Experiment) -> TorchTwin:
    """The implementation, ready to train."""
    return TorchTwin(experiment)
