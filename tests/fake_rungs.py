"""Rungs whose times are known, and plans of them, for the tests of the harness."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.runner.environment import Environment
from benchmarks.speed.machine import describe_conditions
from benchmarks.speed.measure import Measurement, Plan
from shared.data.dataset import RawDataset
from shared.experiment import Experiment
from shared.parameters import Parameters
from shared.timing import Device, EpochClock, SpeedRung, Workload

ENVIRONMENT = Environment(
    python="3.11.7",
    platform="Linux",
    processor="a processor",
    num_cores=2,
    packages={"jax": "1.0"},
    git_commit="",
    flags=(),
    command=(),
)
MARKER = "FAKE_RUNG_WAS_HERE"
"""A variable with the path of a file that tells a rung of its first process."""


def fake_rung(name: str, trainer: str = "counting", **changes) -> SpeedRung:
    rung = SpeedRung(
        name=name,
        framework="made up",
        idea=name,
        trainer=f"tests.fake_rungs:{trainer}",
        packages=("numpy",),
    )
    return replace(rung, **changes)


def plan(*rungs: SpeedRung, folder: Path = Path(), device: Device = "cpu", **changes) -> Plan:
    """Two rounds of two epochs of black images."""
    black = RawDataset(
        name="stand-in",
        origin="",
        note="",
        train_images=np.zeros((60_000, 28, 28), np.uint8),
        train_labels=np.zeros(60_000, np.uint8),
        test_images=np.zeros((1, 28, 28), np.uint8),
        test_labels=np.zeros(1, np.uint8),
    )
    whole = Plan(
        rungs=rungs,
        omitted=(),
        experiment=Experiment(hidden_sizes=(3,), batch_size=5_000, learning_rate=1e-6),
        by_batch_size=(),
        by_width=(),
        raw=black,
        environment=replace(describe_conditions(ENVIRONMENT, "cpu", tf32=False), device=device),
        num_rounds=2,
        num_samples=2,
        folder=folder,
    )
    return replace(whole, **changes)


@dataclass
class CountingTrainer:
    """Says that its first epoch took 1 s, the next 2 s, and so on; compilation took 10 s."""

    workload: Workload
    device: Device = "cpu"
    error: float = 0.0
    num_epochs: int = 0

    def train(self, orders: NDArray[np.int64], clock: EpochClock) -> None:
        if self.num_epochs == 0:
            clock.compile_seconds = 10.0
        for _ in orders[0]:
            self.num_epochs += 1
            clock.epoch_seconds.append(float(self.num_epochs))

    def get_parameters(self) -> tuple[Parameters, ...]:
        *others, last = self.workload.parameters
        layers = tuple(replace(each, bias=each.bias + self.error) for each in last.layers)
        return (*others, replace(last, layers=layers))


def counting(workload: Workload) -> CountingTrainer:
    return CountingTrainer(workload)


def counting_on_gpu(workload: Workload) -> CountingTrainer:
    return CountingTrainer(workload, device="gpu")


def off_by_a_tenth(workload: Workload) -> CountingTrainer:
    return CountingTrainer(workload, error=0.1)


def lost(workload: Workload) -> CountingTrainer:
    return CountingTrainer(workload, error=np.nan)


def failing_the_second_time(workload: Workload) -> CountingTrainer:
    marker = Path(os.environ[MARKER])
    if marker.exists():
        raise RuntimeError("it broke")
    marker.touch()
    return CountingTrainer(workload)


def measurement(epoch_seconds: tuple[float, ...]) -> Measurement:
    return Measurement(
        import_seconds=3.0,
        compile_seconds=2.0,
        first_epoch_seconds=1.5,
        epoch_seconds=epoch_seconds,
        peak_bytes=2**20,
        device_bytes=None,
        difference=0.0,
    )
