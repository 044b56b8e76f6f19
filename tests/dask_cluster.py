"""A Dask cluster on this machine, as a user starts one: a scheduler and workers, each a process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.command import environment

DASK = [sys.executable, "-m", "dask"]
QUIET = ("--no-dashboard",)


@dataclass
class Cluster:
    """Its processes; workers are called a, b, c, …"""

    folder: Path
    num_threads: int
    variables: dict[str, str]
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    scheduler: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """The scheduler's file, which `--cluster` takes as well as its address."""
        return str(self.folder / "scheduler.json")

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Starts `dask WORDS`, leader of a process group of its own, with a log."""
        with (self.folder / f"{words[0]}.log").open("ab") as log:
            return subprocess.Popen(
                [*DASK, *words, *QUIET, "--scheduler-file", self.address],
                env=environment(**self.variables),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start_worker(self, name: str) -> None:
        """Starts a worker, or starts it again, without a nanny: it is gone when it is killed."""
        threads = ("--nthreads", str(self.num_threads), "--local-directory", str(self.folder))
        self.workers[name] = self.start("worker", "--name", name, "--no-nanny", *threads)

    def kill_worker(self, name: str) -> None:
        """As a machine that loses its power: the worker alone is told, its children see it gone."""
        self.workers[name].kill()
        self.workers[name].wait()


@contextmanager
def dask_cluster(
    folder: Path, num_workers: int = 2, num_threads: int = 1, **variables: str
) -> Iterator[Cluster]:
    """Starts a scheduler and workers, and ends them."""
    cluster = Cluster(folder, num_threads, variables)
    scheduler = cluster.scheduler = cluster.start("scheduler", "--host", "127.0.0.1", "--port", "0")
    try:
        while not Path(cluster.address).exists():
            assert scheduler.poll() is None, (folder / "scheduler.log").read_text()
            time.sleep(0.1)
        for name in "abcdefgh"[:num_workers]:
            cluster.start_worker(name)
        yield cluster
    finally:
        for process in (*cluster.workers.values(), scheduler):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
