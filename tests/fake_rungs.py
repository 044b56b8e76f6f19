"""Rungs whose times are known, for the tests of the harness."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed.measure import Measurement
from shared.parameters import LayerParameters, Parameters
from shared.timing import Device, EpochClock, SpeedRung, Workload


def fake_rung(name: str, trainer: str = "counting", *, epochs_per_call: int = 1) -> SpeedRung:
    return SpeedRung(
        name=name,
        framework="made up",
        idea=name,
        trainer=f"tests.fake_rungs:{trainer}",
        packages=("numpy",),
        epochs_per_call=epochs_per_call,
    )


def counting(workload: Workload) -> "CountingTrainer":
    return CountingTrainer(workload)


def off_by_a_tenth(workload: Workload) -> "CountingTrainer":
    trainer = CountingTrainer(workload)
    trainer.error = 0.1
    return trainer


class CountingTrainer:
    """Says that its first epoch took 1 s, the next 2 s, and so on; compilation took 10 s."""

    def __init__(self, workload: Workload) -> None:
        self.parameters = workload.parameters
        self.num_epochs = 0
        self.error = 0.0

    @property
    def device(self) -> Device:
        return "cpu"

    def train(self, orders: NDArray[np.int64], clock: EpochClock) -> None:
        if self.num_epochs == 0:
            clock.compile_seconds = 10.0
        for _ in orders[0]:
            self.num_epochs += 1
            clock.epoch_seconds.append(float(self.num_epochs))

    def get_parameters(self) -> tuple[Parameters, ...]:
        return tuple(
            Parameters(
                tuple(
                    LayerParameters(
                        name=layer.name, kernel=layer.kernel + self.error, bias=layer.bias
                    )
                    for layer in parameters.layers
                )
            )
            for parameters in self.parameters
        )


def measurement(epoch_seconds: Sequence[float] = (1.0, 1.0)) -> Measurement:
    return Measurement(
        import_seconds=3.0,
        compile_seconds=2.0,
        first_epoch_seconds=1.5,
        epoch_seconds=tuple(epoch_seconds),
        peak_bytes=2**20,
        device_bytes=None,
        difference=0.0,
    )
