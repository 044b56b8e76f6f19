"""The processes that train a sweep's packs on one machine, alike for both engines."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

from benchmarks.runner.processes import ChildProcess, Progress, WorkerLostError
from shared.data.dataset import RawDataset


@dataclass(frozen=True, kw_only=True)
class Work:
    """What all trainings of a sweep have in common.

    make: `make(raw, implementation, *settings)` gives, in a process of its own, the function
        that trains: called with `report` and a pack's keys, it reports each epoch and returns
        a result for each key.
    """

    make: Callable[..., Callable[..., tuple]]
    raw: RawDataset
    settings: tuple


@dataclass(frozen=True, kw_only=True)
class Pack:
    """Trainings that are done at once: one where a core computes, many on a GPU.

    implementation: what trains; each process serves but one.
    keys: names the trainings to the sweep's function.
    """

    implementation: str
    keys: tuple[Any, ...]


@dataclass(eq=False)
class Crew:
    """Processes that stay for the next pack of their implementation.

    So what they imported and compiled serves again. Any number of threads may ask at a time.

    environment: the variables that the processes are given; those of this one, if None.
    """

    work: Work
    logs: Path
    environment: Mapping[str, str] | None = None
    _lock: Lock = field(default_factory=Lock)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _idle: list[tuple[str, ChildProcess]] = field(default_factory=list)
    _busy: list[ChildProcess] = field(default_factory=list)
    _is_closed: bool = False

    def run(self, pack: Pack, on_epoch: Callable[[], object]) -> tuple:
        """Has a process train the pack, on one core; returns a result for each of its keys.

        Raises:
            WorkerLostError: the process died, or the crew was closed.
            InputError, RunFailedError: what its function raised.
        """
        child, is_whole = self._engage(pack.implementation), False
        try:
            child.ask(*pack.keys)
            while isinstance(message := child.receive(), Progress):
                on_epoch()
            is_whole = True
            return message.result  # pyright: ignore[reportReturnType]
        finally:
            with self._lock:
                self._busy.remove(child)
                if is_whole and not self._is_closed:
                    self._idle.append((pack.implementation, child))
                else:
                    child.close()

    def close(self) -> None:
        """Ends all processes; whoever waits for one hears that it died."""
        with self._lock:
            self._is_closed = True
            for child in self._busy:
                child.kill()
            for _, child in self._idle:
                child.close()

    def _engage(self, implementation: str) -> ChildProcess:
        """An idle process of the implementation, or a new one in place of others."""
        with self._lock:
            if self._is_closed:
                raise WorkerLostError("the sweep has ended")
            child = None
            while self._idle and child is None:
                own, idle = self._idle.pop()
                if own == implementation and idle.is_alive:
                    child = idle
                else:
                    idle.close()
            if child is None:
                child = self._start(implementation)
            self._busy.append(child)
        return child

    def _start(self, implementation: str) -> ChildProcess:
        return ChildProcess(
            self.work.make,
            (self.work.raw, implementation, *self.work.settings),
            self.logs / f"training-{next(self._numbers)}.log",
            one_core=True,
            environment=self.environment,
        )
