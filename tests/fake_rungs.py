"""Rungs whose times are known, and plans of them, for the tests of the harness."""

import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.runner.environment import describe_environment
from benchmarks.speed.machine import describe_conditions
from benchmarks.speed.measure import MeasurementJob
from benchmarks.speed.plan import Plan
from shared.data.dataset import RawDataset
from shared.draws import draw_shared
from shared.experiment import Experiment
from shared.parameters import Parameters
from shared.timing import Device, EpochClock, SpeedRung, Workload

MARKER = "FAKE_RUNG_WAS_HERE"
"""A variable with the path of a file that tells a rung of its first process."""


def fake_rung(name: str, trainer: str = "CountingTrainer", **changes) -> SpeedRung:
    rung = SpeedRung(name, name, f"tests.fake_rungs:{trainer}", "made up", ("numpy",))
    return replace(rung, **changes)


def plan(*rungs: SpeedRung, device: Device = "cpu", **changes) -> Plan:
    """Two rounds of two epochs of black images."""
    images, labels = np.zeros((60_000, 28, 28), np.uint8), np.zeros(60_000, np.uint8)
    conditions = describe_conditions(describe_environment({}, ("twins",)), "cpu", tf32=False)
    whole = Plan(
        rungs=rungs,
        experiment=Experiment(hidden_sizes=(3,), batch_size=5_000, learning_rate=1e-6),
        raw=RawDataset("stand-in", "", images, labels, images[:1], labels[:1]),
        environment=replace(conditions, device=device, variables=()),
        num_rounds=2,
        num_samples=2,
        folder=Path(),
    )
    return replace(whole, **changes)


def job(rung: SpeedRung, *, num_seeds: int = 1, **changes) -> MeasurementJob:
    """A call of the rung, after which its weights must be those it began with."""
    whole = plan(rung, **changes)
    draws = draw_shared(replace(whole.experiment, num_epochs=2, randomness="shared"))
    expected = (draws.parameters,) * num_seeds
    return MeasurementJob(plan=whole, rung=rung, draws=[draws] * num_seeds, expected=expected)


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
        layers = tuple(replace(each, kernel=each.kernel + self.error) for each in last.layers)
        return (*others, replace(last, layers=layers))


counting_on_gpu = partial(CountingTrainer, device="gpu")
off_by_a_tenth = partial(CountingTrainer, error=0.1)
lost = partial(CountingTrainer, error=np.nan)


def failing_the_second_time(workload: Workload) -> CountingTrainer:
    marker = Path(os.environ[MARKER])
    if marker.exists():
        raise RuntimeError("it broke")
    marker.touch()
    return CountingTrainer(workload)
