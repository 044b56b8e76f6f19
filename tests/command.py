"""Runs the program as a user does: a process of its own, its output, its exit status."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from benchmarks.options import Context

ROOT = Path(__file__).parent.parent
PROGRAM = [sys.executable, "-m", "benchmarks"]


def environment(**changes: str) -> dict[str, str]:
    """The tests' environment, without what would decide where data come from."""
    kept = {name: value for name, value in os.environ.items() if name != "FASHION_MNIST_DIR"}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "120", **changes}


def twins(*arguments: object, cwd: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """Runs `twins` with the given arguments and changes of the environment."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        cwd=cwd,
        env=environment(**changes),
        capture_output=True,
        text=True,
        check=False,
    )


def group_is_gone(process_group: int) -> bool:
    """Whether all its processes end within ten seconds."""
    for _ in range(100):
        try:
            os.killpg(process_group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


@contextmanager
def ended_after(process: subprocess.Popen[str], seconds: float = 120) -> Iterator[None]:
    """Kills the group that the process leads where what is waited for does not come in time."""
    timer = threading.Timer(seconds, os.killpg, (process.pid, signal.SIGKILL))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def made_context(folder: Path, console: Console | None = None, **variables: str) -> Context:
    """A command's context, printing nowhere, with folders of its own."""
    return Context(
        console=console or Console(quiet=True),
        variables=variables,
        words=("twins", "test"),
        home=folder / "home",
        cache=folder / "cache",
    )


class DeadlyPath(type(Path())):
    """Ends the process that looks at it, as a decoder with a mistake would."""

    def stat(self, **_):  # pyright: ignore[reportIncompatibleMethodOverride]
        os._exit(7)
