"""The edge of the program: reads arguments and environment, calls a command, sets the status."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.command_line import (
    DataCommand,
    DataOptions,
    DefaultsCommand,
    DriftCommand,
    LessonsCommand,
    ParityCommand,
    ReportCommand,
    RunCommand,
    SeedsCommand,
    SpeedCommand,
    SwapCommand,
)
from benchmarks.parsing import Command, parse
from benchmarks.predict.options import PredictCommand
from shared.errors import InputError, RunFailedError

if TYPE_CHECKING:
    from benchmarks.request import Request

PROGRAM = "twins"
STATUS_FAILED = 1
STATUS_BAD_INPUT = 2
STATUS_INTERRUPTED = 128 + signal.SIGINT
STATUS_NOBODY_READS = 128 + 13
"""As of a program that the signal SIGPIPE, number 13, ends."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit status."""
    try:
        words = tuple(sys.argv[1:] if arguments is None else arguments)
        return _execute(parse(words), typed=(PROGRAM, *words))
    except InputError as error:
        print(f"twins: {error}", file=sys.stderr)
        return STATUS_BAD_INPUT
    except RunFailedError as error:
        print(f"twins: {error}", file=sys.stderr)
        return STATUS_FAILED
    except KeyboardInterrupt:
        print("twins: interrupted; what is finished was kept", file=sys.stderr)
        return STATUS_INTERRUPTED
    except BrokenPipeError:  # `twins … | head` has read enough
        # What is still to be written would fail again when Python exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return STATUS_NOBODY_READS


def _execute(command: Command, typed: tuple[str, ...]) -> int:  # noqa: PLR0911 - one for each command
    # Commands import NumPy, pandas and figures: not worth waiting for with `--help`.
    match command:
        case RunCommand():
            return _run(command, typed)
        case ParityCommand():
            return _parity(command, typed)
        case SwapCommand():
            return _swap(command)
        case SeedsCommand():
            return _seeds(command, typed)
        case DriftCommand():
            return _drift(command, typed)
        case DefaultsCommand():
            return _defaults(command, typed)
        case SpeedCommand():
            return _speed(command, typed)
        case DataCommand():
            return _data(command)
        case LessonsCommand():
            return _lessons(command)
        case ReportCommand():
            return _report(command)
        case PredictCommand():
            return _predict(command)


def _run(command: RunCommand, typed: tuple[str, ...]) -> int:
    from rich.console import Console

    from benchmarks.implementations import check_names
    from benchmarks.run import run

    run(_request(command, check_names(command.impl), typed), Console(), in_bulk=command.in_bulk)
    return 0


def _parity(command: ParityCommand, typed: tuple[str, ...]) -> int:
    from rich.console import Console

    from benchmarks.implementations import check_names_or_ports
    from benchmarks.parity.command import run_parity

    report = run_parity(_request(command, check_names_or_ports(command.impl), typed), Console())
    return 0 if report.passed else STATUS_FAILED


def _swap(command: SwapCommand) -> int:
    from rich.console import Console

    from benchmarks.swap import SwapRequest, run_swap

    request = SwapRequest(
        run=command.run,
        data=command.images.data,
        places=_places(command.images),
        out=command.out,
    )
    return 0 if run_swap(request, Console()).passed else STATUS_FAILED


def _seeds(command: SeedsCommand, typed: tuple[str, ...]) -> int:
    from rich.console import Console

    from benchmarks.seeds.command import SeedsRequest, run_seeds

    _allow_dtype(command.experiment.dtype)
    seeds = tuple(range(command.first_seed, command.first_seed + command.count))
    request = SeedsRequest(
        experiment=command.experiment.with_seed(seeds[0]),
        seeds=seeds,
        num_processes=command.processes,
        data=command.images.data,
        places=_places(command.images),
        out=command.out,
        resume=command.resume,
        variables=dict(os.environ),
        command=typed,
    )
    run_seeds(request, Console())
    return 0


def _drift(command: DriftCommand, typed: tuple[str, ...]) -> int:
    from rich.console import Console

    from benchmarks.drift.command import DriftOptions, run_drift
    from benchmarks.implementations import check_names

    options = DriftOptions(
        num_runs=command.runs,
        band_implementation=command.band_impl,
        num_processes=command.processes,
    )
    run_drift(_request(command, check_names(command.impl), typed), options, Console())
    return 0


def _defaults(command: DefaultsCommand, typed: tuple[str, ...]) -> int:
    from rich.console import Console

    from benchmarks.defaults.command import DefaultsOptions, run_defaults

    options = DefaultsOptions(
        implementation=command.impl, count=command.count, num_processes=command.processes
    )
    run_defaults(_request(command, (command.impl,), typed), options, Console())
    return 0


def _speed(command: SpeedCommand, typed: tuple[str, ...]) -> int:
    from rich.console import Console

    from benchmarks.speed.campaign import SpeedOptions
    from benchmarks.speed.command import run_speed

    options = SpeedOptions(
        device=command.device,
        rungs=command.rungs,
        num_rounds=command.rounds,
        num_samples=command.epochs_per_process,
        batch_sizes=command.batch_sizes,
        hidden_widths=command.widths,
        tf32=command.tf32,
        against=command.against,
    )
    run_speed(_request(command, (), typed), options, Console())
    return 0


def _data(command: DataCommand) -> int:
    from benchmarks.data_command import run_data_command

    run_data_command(command.images.data, _places(command.images))
    return 0


def _lessons(command: LessonsCommand) -> int:
    from rich.console import Console

    from lessons.command import run_lessons

    holds = run_lessons(command.numbers, with_answer=command.answer, console=Console())
    return 0 if holds else STATUS_FAILED


def _report(command: ReportCommand) -> int:
    from rich.console import Console

    from benchmarks.report.command import ReportRequest, run_report

    places = _places(DataOptions(data_dir=command.data_dir))
    request = ReportRequest(paths=command.paths, places=places, out=command.out)
    run_report(request, Console())
    return 0


def _predict(command: PredictCommand) -> int:
    from rich.console import Console

    from benchmarks.predict.command import PredictRequest, run_predict
    from benchmarks.predict.weights import find_weights

    weights = find_weights(command.run, command.weights, command.impl)
    _allow_dtype(weights.experiment.dtype)
    request = PredictRequest(pictures=command.pictures, weights=weights, figure=command.figure)
    problems = run_predict(request, Console())
    for problem in problems:
        print(f"twins: {problem}", file=sys.stderr)
    return STATUS_BAD_INPUT if problems else 0


def _request(
    command: DefaultsCommand | RunCommand | ParityCommand | DriftCommand | SpeedCommand,
    implementations: tuple[str, ...],
    typed: tuple[str, ...],
) -> "Request":
    from benchmarks.request import Request

    _allow_dtype(command.experiment.dtype)
    return Request(
        experiment=command.experiment,
        implementations=implementations,
        data=command.images.data,
        places=_places(command.images),
        out=command.out,
        variables=dict(os.environ),
        command=typed,
    )


def _allow_dtype(dtype: str) -> None:
    """Lets child processes compute in float64.

    Keras on its JAX backend computes in 32 bits unless this variable is set when
    JAX is imported; Keras has no switch of its own for it.
    """
    if dtype == "float64":
        os.environ.setdefault("JAX_ENABLE_X64", "1")


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
        remedy="name a folder that holds the four .gz files with --data-dir, "
        "or take --data stand-in, images made by this program",
    )


if __name__ == "__main__":
    sys.exit(main())
