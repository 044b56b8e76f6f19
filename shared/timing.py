"""What an implementation offers to be timed: rungs, their trainers, and the clock they carry.

A package `NAME_impl/speed/` lists `RUNGS`, each one idea away from the rung
before. Importing the package imports no framework; a rung's module does.
"""

import time
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from shared.experiment import Experiment
from shared.parameters import Parameters
from shared.protocol import Examples

Measure = Literal["latency", "throughput"]
Device = Literal["cpu", "gpu"]


@dataclass(frozen=True)
class SpeedRung:
    """One way to train the experiment's network for an epoch.

    idea: what is done otherwise than in the rung before, in a few words.
    trainer: 'MODULE:FUNCTION', a function that makes a `Trainer` of a `Workload`.
    variables: set in its process before the framework is imported, NAME and value.
    epochs_per_call: how many epochs the framework runs before it answers.
    measure: 'latency' is the time of one training; 'throughput' that of many at
        once over their number, which is another question with another answer.
    """

    name: str
    idea: str
    trainer: str
    framework: str
    packages: tuple[str, ...]
    devices: tuple[Device, ...] = ("cpu", "gpu")
    variables: tuple[tuple[str, str], ...] = ()
    epochs_per_call: int = 1
    measure: Measure = "latency"


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What a rung trains: the same arrays for every framework.

    parameters: initial weights, one set for each seed; one where latency is measured.
    """

    rung: SpeedRung
    experiment: Experiment
    training: Examples
    parameters: tuple[Parameters, ...]


class EpochClock:
    """Seconds of wall-clock time: of compilation, and of each epoch of each training.

    A trainer starts it when an epoch's rows lie ready, and stops it when the
    device has finished the epoch's last step.
    """

    def __init__(self) -> None:
        self.compile_seconds = 0.0
        self.epoch_seconds: list[float] = []
        self._started = 0.0

    def start(self) -> None:
        """What follows counts."""
        self._started = time.perf_counter()

    def compiled(self) -> None:
        """What was done since the start was tracing and compiling; the epoch starts now."""
        self.compile_seconds += time.perf_counter() - self._started
        self.start()

    def stop(self, *, num_epochs: int = 1) -> None:
        """So many epochs, of all seeds together, were trained since the start."""
        self.epoch_seconds.append((time.perf_counter() - self._started) / num_epochs)


class Trainer(Protocol):
    """A network that is trained against the clock."""

    @property
    def device(self) -> Device:
        """What the arithmetic runs on: a framework may fall back without a word."""
        ...

    def train(self, orders: NDArray[np.int64], clock: EpochClock) -> None:
        """Trains on the rows of `orders`, (seeds, E, n), until the device has finished.

        Compiles in the first call, and tells the clock so.
        """
        ...

    def get_parameters(self) -> tuple[Parameters, ...]:
        """The weights of each seed as they are now."""
        ...
