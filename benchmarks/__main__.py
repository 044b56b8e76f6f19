"""The edge of the program: reads arguments and environment, runs a command, sets the status."""

import errno
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from types import FrameType

from benchmarks.command_line import PROGRAM, parse
from benchmarks.options import STATUS_BAD_INPUT, STATUS_FAILED, Command, Context
from shared.errors import InputError, RunFailedError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
MEGABYTES = {"data": 400, "lessons": 100, "predict": 2_000, "report": 400}
"""Of address space that commands take which do not train, measured on a machine of two cores."""
STATUS_NOBODY_READS = 128 + 13
"""As of a program that the signal SIGPIPE, number 13, ends."""


class StoppedError(KeyboardInterrupt):
    """A signal asked the program to end: everything on the way out cleans up, as for Ctrl-C."""

    def __init__(self, number: int) -> None:
        name = signal.Signals(number).name
        super().__init__("interrupted" if number == signal.SIGINT else f"ended by {name}")
        self.status = 128 + number


class _Output(TextIOWrapper):
    """Standard output, whose failures are told from those of all other files."""

    def write(self, text: str, /) -> int:
        with _output_failures():
            return super().write(text)

    def flush(self) -> None:
        with _output_failures():
            super().flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit status."""
    _open_streams()
    _set_handlers(_stop)
    try:
        words = tuple(sys.argv[1:] if arguments is None else arguments)
        try:
            return execute(parse(words), words)
        finally:
            sys.stdout.flush()
    except (InputError, RunFailedError) as error:
        is_input = isinstance(error, InputError)
        return _complain(str(error), STATUS_BAD_INPUT if is_input else STATUS_FAILED)
    except MemoryError:
        return _complain("the memory is too small for this", STATUS_FAILED)
    except StoppedError as stop:
        _set_handlers(signal.SIG_IGN)  # Python gives up any other one as it exits
        return _complain(f"{stop}; what is finished was kept", stop.status)
    except BrokenPipeError:  # `twins … | head` has read enough
        return STATUS_NOBODY_READS
    except OSError as error:
        is_input = error.errno in (errno.EACCES, errno.ENAMETOOLONG)
        place = f"{error.filename}: " if error.filename else ""
        text = f"{place}{error.strerror or error}"
        return _complain(text, STATUS_BAD_INPUT if is_input else STATUS_FAILED)


def execute(command: Command, words: Sequence[str]) -> int:
    """Runs the command with what is read here, and nowhere else, from the environment."""
    _check_memory(words[0])
    return command.execute(read_context((PROGRAM, *words)))


def read_context(words: tuple[str, ...]) -> Context:
    """What a program that was started by these words is told by its environment."""
    # Not worth waiting for with `--help`.
    from pooch import os_cache
    from rich.console import Console

    return Context(
        console=Console(),
        variables=dict(os.environ),
        words=words,
        home=Path.home(),
        cache=Path(os_cache("fashion-twins")),
    )


def _check_memory(name: str) -> None:
    """Refuses where `ulimit -v` leaves too little: libraries then fail in ways of all kinds."""
    allowed, needed = resource.getrlimit(resource.RLIMIT_AS)[0], MEGABYTES.get(name, 5_000)
    if 0 <= allowed < needed * 1_000_000:
        raise RunFailedError(
            f"`twins {name}` may take {needed:,} MB of address space, and `ulimit -v` leaves "
            f"it {allowed // 1_000_000:,}: raise that"
        )


def _open_streams() -> None:
    """Standard streams that were closed lead nowhere; what a terminal cannot show is replaced."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:  # else the next file were a stream
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    sys.stderr = sys.stderr or os.fdopen(2, "w")
    if sys.stdout is sys.__stdout__:
        old = sys.stdout or os.fdopen(1, "w")
        options = {"encoding": old.encoding, "line_buffering": old.line_buffering}
        buffer = old.detach()  # pyright: ignore[reportAttributeAccessIssue]
        sys.stdout = sys.__stdout__ = _Output(buffer, errors="replace", **options)


@contextmanager
def _output_failures() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # What is still to be written would fail again when Python exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise RunFailedError(f"standard output cannot be written ({error.strerror})") from error


def _set_handlers(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    """For each signal that the program was not started to ignore, as by `nohup`."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _stop(number: int, _frame: FrameType | None) -> None:
    # The next ones would only break off the cleaning up; of one that waits Python would
    # complain if it were ignored now.
    _set_handlers(lambda *_: None)
    raise StoppedError(number)


def _complain(text: str, status: int) -> int:
    with suppress(OSError):  # of a terminal that is gone, or a full disk
        print(f"{PROGRAM}: {text}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
