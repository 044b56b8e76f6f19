"""Child processes: one for each training, since two frameworks never share one.

A child is made for a purpose, runs one function as often as it is asked to, tells its
parent of its progress, and sends back what the function returns. Whatever the child or
its framework prints goes to a log file. Children ignore Ctrl-C, which is their parent's
business, and end by themselves when their parent is gone or asks nothing for a while.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pipe, connection
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

from shared.errors import InputError, RunFailedError

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")
Report = Callable[[Any], None]
"""What a child calls to tell its parent of its progress, with anything that pickles."""

LOG_LINES_SHOWN = 15
IDLE_SECONDS = 60
"""After which a child that is asked nothing ends by itself."""


class WorkerLostError(RunFailedError):
    """A child process died, by a signal or of its framework, and what it did with it."""


@dataclass(frozen=True)
class Progress:
    """What a child reported."""

    event: object


@dataclass(frozen=True)
class Finished:
    """What a child's function returned."""

    result: object


@dataclass(frozen=True)
class _Failed:
    """What a child's function raised; `is_unforeseen` where only the log says where."""

    error: InputError | RunFailedError
    is_unforeseen: bool = False


class ChildProcess:
    """A process that makes a function, `make(*settings)`, and runs it as often as it is asked.

    With `one_core` it keeps to a core that no other such process has taken: results then
    depend neither on the number of cores nor on what else is computed. See `contextlib.closing`.

    environment: the variables it is given; its parent's, if None.
    """

    def __init__(
        self,
        make: Callable[..., Callable],
        settings: tuple,
        log: Path,
        *,
        one_core: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.log = log
        self.connection, child_end = Pipe()
        number = child_end.fileno()
        # Not by multiprocessing: its start-up writes all arguments into a pipe that it keeps
        # open at both ends, and waits for ever where the child dies before it has read them.
        start = f"from {__name__} import serve; serve({number}, {one_core})"
        code = f"import sys; sys.path[:] = {sys.path!r}; {start}"
        with log.open("ab") as log_file, closing(child_end), _interrupts_withheld():
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-c", code],
                    stdin=subprocess.DEVNULL,
                    stdout=log_file,
                    stderr=log_file,
                    pass_fds=[number],
                    env=environment,
                )
            except OSError as error:
                raise RunFailedError(f"no process can be started ({error.strerror})") from error
        try:
            self._send((make, settings))
        except BaseException:
            self.close()
            raise

    def kill(self) -> None:
        """Ends the process, and with it whoever waits in `receive`, in another thread."""
        self._process.kill()

    def close(self) -> None:
        """Kills the process if it still runs, and waits until it is gone."""
        self.kill()
        self._process.wait()
        self.connection.close()

    @property
    def is_alive(self) -> bool:
        """Whether it can still be asked."""
        return self._process.poll() is None

    def ask(self, *arguments: object) -> None:
        """Has it run its function once, with a `Report` before these arguments."""
        self._send(arguments)

    def receive(self) -> Progress | Finished:
        """Waits for the child's next message; the last one of each run is `Finished`.

        Raises:
            WorkerLostError: the child died; the message ends with the end of its log.
            InputError, RunFailedError: its function raised one, or failed otherwise.
        """
        try:
            message = self.connection.recv()
        except (EOFError, OSError):
            how = f"ended with status {self._process.wait()}"
            raise WorkerLostError(f"the process {how}; {_end_of(self.log)}") from None
        if isinstance(message, _Failed) and message.is_unforeseen:
            raise RunFailedError(f"{message.error}; {_end_of(self.log)}")
        if isinstance(message, _Failed):
            raise message.error
        return message

    def _send(self, message: object) -> None:
        with suppress(ConnectionError):  # it died, which `receive` tells
            self.connection.send(message)


def usable_cores() -> list[int]:
    """Numbers of the cores that this process may use; empty where it cannot choose among them."""
    return sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else []


def pin_to_core(core: int) -> None:
    """Keeps this process, and threads started from now on, on one core.

    Frameworks count the cores they may use when they are imported, and start as
    many threads: only a process pinned before that computes with one.
    """
    if sys.platform == "linux":
        os.sched_setaffinity(0, {core})


def _pin_to_free_core() -> socket.socket:
    """Keeps this process on a core that no other one has taken while the socket lives.

    A core is taken by a name that the system gives to one socket of the machine at a time, and
    takes back however its process ends. Where all are taken, processes share them.
    """
    taken = socket.socket(socket.AF_UNIX)
    cores = usable_cores()
    for core in cores:
        with suppress(OSError):
            taken.bind(f"\0fashion-twins-core-{core}")
            pin_to_core(core)
            return taken
    if cores:
        pin_to_core(cores[os.getpid() % len(cores)])
    return taken


def run_in_process(
    function: Callable[[Report, *Arguments], Result],
    *arguments: *Arguments,
    log: Path,
    on_event: Report = lambda _: None,
) -> Result:
    """Runs `function(report, *arguments)` in a process of its own and returns its result.

    Raises:
        InputError: the function raised one.
        RunFailedError: the function failed otherwise, or the child died; the message
            ends with the end of its log.
    """
    with closing(ChildProcess(partial, (function,), log)) as child:
        child.ask(*arguments)
        while isinstance(message := child.receive(), Progress):
            on_event(message.event)
        return message.result  # pyright: ignore[reportReturnType]


def run_side_by_side(
    function: Callable[..., Result],
    jobs: list[tuple],
    *,
    log: Path,
    num_processes: int,
    on_event: Callable[[int, Any], None] = lambda _index, _event: None,
) -> Generator[tuple[int, Result]]:
    """Runs `function(report, *job)` for each job, some at a time; yields results as they come.

    Yields pairs of the job's index and its result. Logs are `log` with the index
    before the suffix. Raises what `run_in_process` raises, after ending all others.
    """
    for index, message in _messages_side_by_side(function, jobs, log, num_processes):
        if isinstance(message, Progress):
            on_event(index, message.event)
        else:
            yield index, message.result  # pyright: ignore[reportReturnType]


def events_side_by_side(
    function: Callable[..., None], jobs: list[tuple], *, log: Path
) -> Generator[tuple[int, Any]]:
    """Runs all jobs at once and yields what they report, with the job's index, as it comes.

    Closing the iterator ends the processes. Otherwise like `run_side_by_side`.
    """
    for index, message in _messages_side_by_side(function, jobs, log, len(jobs)):
        if isinstance(message, Progress):
            yield index, message.event


def _messages_side_by_side(
    function: Callable[..., object], jobs: list[tuple], log: Path, num_processes: int
) -> Iterator[tuple[int, Progress | Finished]]:
    waiting = list(enumerate(jobs))
    running: dict[connection.Connection, tuple[int, ChildProcess]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < num_processes:
                index, job = waiting.pop(0)
                own_log = log.with_stem(f"{log.stem}-{index}")
                child = ChildProcess(partial, (function,), own_log)
                running[child.connection] = (index, child)
                child.ask(*job)
            for ready in connection.wait(list(running)):
                index, child = running[ready]  # pyright: ignore[reportArgumentType]
                message = child.receive()
                if isinstance(message, Finished):
                    del running[child.connection]
                    child.close()
                yield index, message
    finally:
        for _, child in running.values():
            child.close()


def serve(number: int, one_core: bool) -> None:
    """What runs in a child: answers its parent until that is gone or asks no more.

    number: the file descriptor of its end of the connection.
    """
    parent_end = connection.Connection(number)
    threading.Thread(target=_end_with_parent, args=(number,), daemon=True).start()
    _taken_core = _pin_to_free_core() if one_core else None
    with suppress(EOFError):
        make, settings = parent_end.recv()
        function = None
        while parent_end.poll(IDLE_SECONDS):
            arguments = parent_end.recv()
            try:
                function = function or make(*settings)
                message = Finished(function(_reporter(parent_end), *arguments))
            except (InputError, RunFailedError) as error:
                kind = InputError if isinstance(error, InputError) else RunFailedError
                message = _Failed(kind(str(error)))
            except Exception as error:
                with suppress(OSError):  # the log has no room for it
                    traceback.print_exc()
                    sys.stderr.flush()
                text = f"{type(error).__name__}: {error}"
                message = _Failed(RunFailedError(text), is_unforeseen=True)
            parent_end.send(message)


def _reporter(parent_end: connection.Connection) -> Report:
    return lambda event: parent_end.send(Progress(event))


def _end_with_parent(number: int) -> None:
    """Waits for the other end of the connection to be closed, and ends this process."""
    hung_up = select.poll()
    hung_up.register(number, 0)  # nothing but that
    hung_up.poll()
    os._exit(1)


@contextmanager
def _interrupts_withheld() -> Iterator[None]:
    """A child started in here never hears of Ctrl-C: it inherits the blocked signal.

    The parent hears of it when the block ends.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_of(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join([f"the end of {log}:", *(f"  {line}" for line in lines[-LOG_LINES_SHOWN:])])
