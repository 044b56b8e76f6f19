"""Who trains a sweep's packs: an engine is given them, and tells of each as it comes.

One is here, for the cores of this machine; `cluster.py` has the other.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import current_thread
from typing import Literal

from benchmarks.runner.processes import WorkerLostError
from benchmarks.sweeps.crew import Crew, Pack, Work

NUM_RETRIES = 3
"""How often a pack is tried again whose worker was lost, elsewhere where there is an elsewhere."""


@dataclass(frozen=True, kw_only=True)
class News:
    """What has become of a pack.

    state: `lost` where its worker was, as often as it may be; `started` again where once more.
    worker: where it was trained, for people to read.
    results: of a pack that is done, one for each key.
    why: what was last said of a pack that is lost.
    """

    pack: Pack
    state: Literal["started", "epoch", "done", "lost"]
    worker: str
    results: tuple = ()
    why: str = ""


class Engine(ABC):
    """Trains packs; see `contextlib.closing`."""

    def __init__(self) -> None:
        self.told: SimpleQueue[News | Exception] = SimpleQueue()
        self._num_outstanding = 0

    def submit(self, pack: Pack) -> None:
        """Takes a pack to be trained as soon as there is a core for it; returns at once."""
        self._num_outstanding += 1
        self.start(pack)

    def news(self) -> Iterator[News]:
        """Yields what is heard of the packs as it comes, until each of them is done or lost.

        Raises:
            InputError, RunFailedError: a training cannot be done, wherever it is tried.
        """
        while self._num_outstanding:
            news = self.told.get()
            if isinstance(news, Exception):
                raise news
            self._num_outstanding -= news.state in ("done", "lost")
            yield news

    @abstractmethod
    def start(self, pack: Pack) -> None:
        """Sees to it that what becomes of the pack is `told`."""

    @abstractmethod
    def close(self) -> None:
        """Ends all trainings."""


class LocalEngine(Engine):
    """Trains on this machine, so many packs at a time, each on a core of its own."""

    def __init__(self, work: Work, logs: Path, num_processes: int) -> None:
        super().__init__()
        self._crew = Crew(work=work, logs=logs)
        self._threads = ThreadPoolExecutor(num_processes, thread_name_prefix="process")

    def start(self, pack: Pack) -> None:
        """As in `Engine`."""
        self._threads.submit(self._train, pack)

    def close(self) -> None:
        """As in `Engine`."""
        self._crew.close()
        self._threads.shutdown(cancel_futures=True)

    def _train(self, pack: Pack) -> None:
        tell = partial(News, pack=pack, worker=current_thread().name.replace("_", " "))
        on_epoch = partial(self.told.put, tell(state="epoch"))
        why = ""
        for _ in range(1 + NUM_RETRIES):
            self.told.put(tell(state="started"))
            try:
                self.told.put(tell(state="done", results=self._crew.run(pack, on_epoch)))
                return
            except WorkerLostError as error:
                why = str(error)
            except Exception as error:  # whatever it is, the driver's thread is to raise it
                self.told.put(error)
                return
        self.told.put(tell(state="lost", why=why))
