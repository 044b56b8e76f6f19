"""PyTorch's loop against the clock, eager and with the network's passes compiled."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from peers.pytorch import train
from peers.pytorch.model import build_model, get_parameters, set_parameters
from shared.parameters import Parameters
from shared.timing import Device, EpochClock, Workload


class LoopTrainer:
    """The peer's own epoch, `train.train_epoch`, of one form of the model or another."""

    def __init__(self, workload: Workload, form: Callable[..., Any] = lambda model: model) -> None:
        self.batch_size = workload.experiment.batch_size
        self.model = form(build_model(workload.experiment))
        set_parameters(self.model, workload.parameters[0])
        self.optimizer = train.prepare_training(self.model, workload.experiment)
        self.data = train.to_device(self.model, workload.training)
        self.is_compiled = False

    @property
    def device(self) -> Device:
        return "cpu" if self.data[0].device.type == "cpu" else "gpu"

    def train(self, orders: NDArray[np.int64], clock: EpochClock) -> None:
        """A call for each batch; fetching the losses at the end waits for the device."""
        for order in orders[0]:
            rows = torch.tensor(order, device=self.data[0].device)
            clock.start()
            if not self.is_compiled:  # the first step compiles
                self._train_on(rows[: self.batch_size])
                clock.compiled()
                self.is_compiled, rows = True, rows[self.batch_size :]
            if len(rows) > 0:
                self._train_on(rows)
            clock.stop()

    def get_parameters(self) -> tuple[Parameters, ...]:
        return (get_parameters(self.model),)

    def _train_on(self, rows: torch.Tensor) -> None:
        data = (*self.data, rows)
        train.train_epoch(self.model, self.optimizer, *data, batch_size=self.batch_size)


compiled = partial(LoopTrainer, form=torch.compile)
"""The model through `torch.compile`: forward and backward pass in few kernels."""
