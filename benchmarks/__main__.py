"""The edge of the program: reads arguments and environment, calls a command, sets the status."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.command_line import DataCommand, DataOptions, RunCommand, parse
from shared.errors import InputError, RunFailedError

STATUS_FAILED = 1
STATUS_BAD_INPUT = 2
STATUS_INTERRUPTED = 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit status."""
    try:
        command = parse(sys.argv[1:] if arguments is None else arguments)
        _execute(command)
    except InputError as error:
        print(f"twins: {error}", file=sys.stderr)
        return STATUS_BAD_INPUT
    except RunFailedError as error:
        print(f"twins: {error}", file=sys.stderr)
        return STATUS_FAILED
    except KeyboardInterrupt:
        print("twins: interrupted; what is finished was kept", file=sys.stderr)
        return STATUS_INTERRUPTED
    return 0


def _execute(command: RunCommand | DataCommand) -> None:
    # Commands import NumPy, pandas and figures: not worth waiting for with `--help`.
    match command:
        case RunCommand():
            _run(command)
        case DataCommand():
            from benchmarks.data_command import run_data_command

            run_data_command(command.images.data, _places(command.images))


def _run(command: RunCommand) -> None:
    from rich.console import Console

    from benchmarks.implementations import check_names
    from benchmarks.run import RunRequest, run

    request = RunRequest(
        experiment=command.experiment,
        implementations=check_names(command.impl),
        data=command.images.data,
        places=_places(command.images),
        out=command.out,
        variables=dict(os.environ),
    )
    run(request, Console())


def _places(options: DataOptions):
    from pooch import os_cache

    from shared.data.fashion_mnist import DataPlaces

    named = options.data_dir
    named_by = "--data-dir"
    if named is None and os.environ.get("FASHION_MNIST_DIR"):
        named = Path(os.environ["FASHION_MNIST_DIR"])
        named_by = "FASHION_MNIST_DIR"
    keras_home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    return DataPlaces(
        named_directory=named,
        named_by=named_by,
        cache=Path(os_cache("fashion-twins")),
        keras_cache=keras_home / "datasets" / "fashion-mnist",
    )


if __name__ == "__main__":
    sys.exit(main())
