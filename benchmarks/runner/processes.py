"""Child processes: one for each training, since two frameworks never share one.

A child runs one function, tells its parent of its progress, and sends back what
the function returns. Whatever the child or its framework prints goes to a log
file. Children ignore Ctrl-C, which is their parent's business, and end by
themselves when their parent is gone.
"""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

from shared.errors import InputError, RunFailedError

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")
Report = Callable[[Any], None]
"""What a child calls to tell its parent of its progress, with anything that pickles."""

LOG_LINES_SHOWN = 15


@dataclass(frozen=True)
class _Progress:
    event: object


@dataclass(frozen=True)
class _Finished:
    result: object


@dataclass(frozen=True)
class _Failed:
    error: InputError | RunFailedError


class ChildProcess:
    """A process that runs `function(report, *arguments)`; see `contextlib.closing`."""

    def __init__(
        self,
        function: Callable[..., object],
        arguments: tuple,
        log: Path,
        core: int | None = None,
    ) -> None:
        self.log = log
        self.core = core
        context = get_context("spawn")  # a fork would inherit frameworks already loaded
        self.connection, child_end = context.Pipe()
        self._process = context.Process(
            target=_run_child, args=(child_end, log, core, function, arguments), daemon=True
        )
        with _interrupts_withheld():
            self._process.start()
        child_end.close()

    def close(self) -> None:
        """Kills the process if it still runs, and waits until it is gone."""
        self._process.kill()
        self._process.join()
        self.connection.close()

    def receive(self) -> _Progress | _Finished:
        """Waits for the child's next message; the last one is `_Finished`.

        Raises what `run_in_process` raises.
        """
        try:
            message = self.connection.recv()
        except (EOFError, ConnectionResetError):
            self._process.join()
            how = f"ended with status {self._process.exitcode}"
            raise RunFailedError(f"the process {how}; {_end_of(self.log)}") from None
        if isinstance(message, _Failed):
            raise message.error
        return message


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
    with closing(ChildProcess(function, arguments, log)) as child:
        while isinstance(message := child.receive(), _Progress):
            on_event(message.event)
        return message.result  # pyright: ignore[reportReturnType]


def run_side_by_side(
    function: Callable[..., Result],
    jobs: list[tuple],
    *,
    log: Path,
    num_processes: int,
    on_event: Callable[[int, Any], None] = lambda _index, _event: None,
    one_core_each: bool = False,
) -> Generator[tuple[int, Result]]:
    """Runs `function(report, *job)` for each job, some at a time; yields results as they come.

    With `one_core_each`, and as many processes as cores, each stays on a core of
    its own: threads of several processes get into each other's way.

    Yields pairs of the job's index and its result. Logs are `log` with the index
    before the suffix. Raises what `run_in_process` raises, after ending all others.
    """
    cores = usable_cores() if one_core_each else []
    if len(cores) != num_processes:
        cores = [None] * num_processes
    for index, message in _messages_side_by_side(function, jobs, log, cores):
        if isinstance(message, _Progress):
            on_event(index, message.event)
        else:
            yield index, message.result  # pyright: ignore[reportReturnType]


def events_side_by_side(
    function: Callable[..., None], jobs: list[tuple], *, log: Path
) -> Generator[tuple[int, Any]]:
    """Runs all jobs at once and yields what they report, with the job's index, as it comes.

    Closing the iterator ends the processes. Otherwise like `run_side_by_side`.
    """
    for index, message in _messages_side_by_side(function, jobs, log, [None] * len(jobs)):
        if isinstance(message, _Progress):
            yield index, message.event


def _messages_side_by_side(
    function: Callable[..., object], jobs: list[tuple], log: Path, cores: Sequence[int | None]
) -> Iterator[tuple[int, _Progress | _Finished]]:
    """Runs as many jobs at a time as there are `cores`, each on its own; None is any."""
    waiting = list(enumerate(jobs))
    free_cores = list(cores)
    running: dict[connection.Connection, tuple[int, ChildProcess]] = {}
    try:
        while waiting or running:
            while waiting and free_cores:
                index, job = waiting.pop(0)
                own_log = log.with_stem(f"{log.stem}-{index}")
                child = ChildProcess(function, job, own_log, free_cores.pop())
                running[child.connection] = (index, child)
            for ready in connection.wait(list(running)):
                index, child = running[ready]  # pyright: ignore[reportArgumentType]
                message = child.receive()
                if isinstance(message, _Finished):
                    del running[child.connection]
                    child.close()
                    free_cores.append(child.core)
                yield index, message
    finally:
        for _, child in running.values():
            child.close()


def _run_child(
    parent_end: connection.Connection,
    log: Path,
    core: int | None,
    function: Callable[..., object],
    arguments: tuple,
) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if core is not None:
        pin_to_core(core)
    with log.open("ab") as log_file:
        os.dup2(log_file.fileno(), sys.stdout.fileno())
        os.dup2(log_file.fileno(), sys.stderr.fileno())
    try:
        result = function(lambda event: parent_end.send(_Progress(event)), *arguments)
        message = _Finished(result)
    except InputError as error:
        message = _Failed(InputError(str(error)))
    except RunFailedError as error:
        message = _Failed(RunFailedError(str(error)))
    except Exception as error:
        traceback.print_exc()
        sys.stderr.flush()
        message = _Failed(RunFailedError(f"{type(error).__name__}: {error}; {_end_of(log)}"))
    parent_end.send(message)


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
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
