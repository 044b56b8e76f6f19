"""PyTorch's loop against the clock, eager and with the network's passes compiled."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from peers.pytorch import train
from peers.pytorch.model import TorchClassifier, build_model, get_parameters, set_parameters
from shared.parameters import Parameters
from shared.timing import Device, EpochClock, Workload


def eager(workload: Workload) -> "LoopTrainer":
    """The peer's own step."""
    return LoopTrainer(workload, build_model(workload.experiment))


def compiled(workload: Workload) -> "LoopTrainer":
    """The model through `torch.compile`: forward and backward pass in few kernels."""
    return LoopTrainer(workload, torch.compile(build_model(workload.experiment)))  # pyright: ignore[reportArgumentType]


class LoopTrainer:
    """The peer's own epoch, `train.train_epoch`, of one form of the model or another."""

    def __init__(self, workload: Workload, model: TorchClassifier) -> None:
        self.model = model
        self.batch_size = workload.experiment.batch_size
        set_parameters(self.model, workload.parameters[0])
        self.optimizer = train.prepare_training(self.model, workload.experiment)
        self.images, self.labels = train.to_device(self.model, workload.training)
        self.compiled = False

    @property
    def device(self) -> Device:
        """What the arithmetic runs on."""
        return "cpu" if self.images.device.type == "cpu" else "gpu"

    def train(self, orders: NDArray[np.int64], clock: EpochClock) -> None:
        """A call for each batch; fetching the losses at the end waits for the device."""
        for order in orders[0]:
            rows = torch.tensor(order, device=self.images.device)
            clock.start()
            train.train_epoch(
                self.model,
                self.optimizer,
                self.images,
                self.labels,
                rows,
                batch_size=self.batch_size,
                step=train.train_step if self.compiled else self._first_step(clock),
            )
            clock.stop()

    def get_parameters(self) -> tuple[Parameters, ...]:
        """The weights as they are now."""
        return (get_parameters(self.model),)

    def _first_step(self, clock: EpochClock) -> Callable:
        """The step, telling the clock when it has run, and was compiled, for the first time."""

        def step(*arguments: Any) -> tuple[torch.Tensor, torch.Tensor]:
            outcome = train.train_step(*arguments)
            if not self.compiled:
                self.compiled = True
                clock.compiled()
            return outcome

        return step
