"""The edge of the program: reads arguments and environment, runs a command, sets the status."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.command_line import PROGRAM, parse
from benchmarks.options import STATUS_BAD_INPUT, STATUS_FAILED, Command, Context
from shared.errors import InputError, RunFailedError

STATUS_INTERRUPTED = 128 + signal.SIGINT
STATUS_NOBODY_READS = 128 + 13
"""As of a program that the signal SIGPIPE, number 13, ends."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit status."""
    try:
        words = tuple(sys.argv[1:] if arguments is None else arguments)
        return execute(parse(words), words)
    except InputError as error:
        return _complain(str(error), STATUS_BAD_INPUT)
    except RunFailedError as error:
        return _complain(str(error), STATUS_FAILED)
    except KeyboardInterrupt:
        return _complain("interrupted; what is finished was kept", STATUS_INTERRUPTED)
    except BrokenPipeError:  # `twins … | head` has read enough
        # What is still to be written would fail again when Python exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return STATUS_NOBODY_READS


def execute(command: Command, words: Sequence[str]) -> int:
    """Runs the command with what is read here, and nowhere else, from the environment."""
    # Not worth waiting for with `--help`.
    from pooch import os_cache
    from rich.console import Console

    context = Context(
        console=Console(),
        variables=dict(os.environ),
        words=(PROGRAM, *words),
        home=Path.home(),
        cache=Path(os_cache("fashion-twins")),
    )
    return command.execute(context)


def _complain(text: str, status: int) -> int:
    print(f"{PROGRAM}: {text}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
