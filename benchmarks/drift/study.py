"""`twins drift`: explains the float32 drift by curves, a noise floor and bands."""

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.drift.bands import measure_bands
from benchmarks.drift.command import DriftCommand
from benchmarks.drift.curves import Setting, measure_curves
from benchmarks.drift.results import Drift
from benchmarks.implementations import check_names, implementation_names
from benchmarks.options import Context
from benchmarks.runner.conduct import conduct
from benchmarks.runner.training import draw
from shared.data.dataset import describe
from shared.errors import InputError


def run_drift(command: DriftCommand, context: Context) -> Drift:
    """Measures curves and bands, and writes `drift.json` and its figures.

    Raises:
        InputError: the experiment, an option, the data or the output folder cannot be used.
        RunFailedError: a training failed or diverged.
    """
    names = check_names(command.impl)
    _check_band_implementation(command.band_impl)
    return conduct(
        context, "drift", command.out, lambda folder: _measure(command, names, folder, context)
    )


def _check_band_implementation(name: str) -> None:
    if name not in implementation_names():
        raise InputError(
            f"unknown implementation {name!r}: "
            f"--band-impl takes {', '.join(implementation_names())}"
        )


def _measure(
    command: DriftCommand, names: tuple[str, ...], folder: Path, context: Context
) -> Drift:
    raw = context.load_images(command.images)
    draws = draw(command.experiment, folder / "draws.log")
    assert draws is not None  # only native randomness draws nothing
    environment = context.describe_environment()
    logs = folder / "logs"
    logs.mkdir()
    # Beside the outputs, not in the system's temporary folder, which may be small:
    # snapshots take some 110 MB per training in float32, twice that in float64.
    with TemporaryDirectory(prefix="snapshots-", dir=folder) as snapshots:
        setting = Setting(
            experiment=command.experiment,
            implementations=names,
            raw=raw,
            draws=draws,
            folder=Path(snapshots),
            log=logs / "worker.log",
            num_processes=command.processes or environment.num_cores,
            console=context.console,
        )
        curves = measure_curves(setting)
    bands = measure_bands(setting, command.band_impl, command.runs)
    return Drift(
        dataset=describe(raw),
        experiment=command.experiment,
        environment=environment,
        curves=curves,
        band_implementation=command.band_impl if bands else None,
        bands=bands,
    )
