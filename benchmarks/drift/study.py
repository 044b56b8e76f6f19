"""`twins drift`: explains the float32 drift by curves, a noise floor and bands."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from benchmarks.drawing import draw
from benchmarks.drift.bands import measure_bands
from benchmarks.drift.curves import Setting, measure_curves
from benchmarks.drift.table import band_table, curve_sentences
from benchmarks.environment import describe_environment
from benchmarks.implementations import implementation_names
from benchmarks.output_folder import output_folder
from benchmarks.request import Request
from benchmarks.run import announce_data
from shared.data.dataset import describe, load_dataset
from shared.drift_results import SCHEMA_VERSION, Drift
from shared.errors import InputError
from shared.experiment import Experiment
from shared.figures.drift import draw_bands, draw_drift
from shared.figures.style import save_figure
from shared.results import write_json


@dataclass(frozen=True, kw_only=True)
class DriftOptions:
    """What `twins drift` was asked to do beyond other commands.

    num_runs: full runs for the bands, each from other last bits; 0 for no bands.
    band_implementation: whose runs.
    num_processes: trainings at a time; None for one on each core.
    """

    num_runs: int
    band_implementation: str
    num_processes: int | None


def run_drift(request: Request, options: DriftOptions, console: Console) -> Drift:
    """Measures curves and bands, and writes `drift.json` and its figures.

    Raises:
        InputError: the experiment, an option, the data or the output folder cannot be used.
        RunFailedError: a training failed or diverged.
    """
    _check(request.experiment, options)
    with output_folder(request.out, "drift") as folder:
        drift = _measure(request, options, folder, console)
        _draw_figures(drift, folder / "figures")
        write_json(drift, folder / "drift.json")
    _conclude(console, drift, folder)
    return drift


def _check(experiment: Experiment, options: DriftOptions) -> None:
    if experiment.randomness == "native":
        raise InputError(
            "trainings that start apart say nothing about rounding: "
            "--randomness takes published or shared here"
        )
    if experiment.dtype != Experiment().dtype:
        raise InputError("both types of numbers are measured anyway: leave --dtype out")
    if options.band_implementation not in implementation_names():
        raise InputError(
            f"unknown implementation {options.band_implementation!r}: "
            f"--band-impl takes {', '.join(implementation_names())}"
        )


def _measure(request: Request, options: DriftOptions, folder: Path, console: Console) -> Drift:
    raw = load_dataset(request.data, request.places)
    announce_data(console, raw)
    draws = draw(request.experiment, folder / "draws.log")
    assert draws is not None  # only native randomness draws nothing
    environment = describe_environment(request.variables, request.command)
    logs = folder / "logs"
    logs.mkdir()
    # Beside the outputs, not in the system's temporary folder, which may be small:
    # snapshots take some 110 MB per training in float32, twice that in float64.
    with TemporaryDirectory(prefix="snapshots-", dir=folder) as snapshots:
        setting = Setting(
            experiment=request.experiment,
            implementations=request.implementations,
            raw=raw,
            draws=draws,
            folder=Path(snapshots),
            log=logs / "worker.log",
            num_processes=options.num_processes or environment.num_cores,
            console=console,
        )
        curves = measure_curves(setting)
    bands = measure_bands(setting, options.band_implementation, options.num_runs)
    return Drift(
        schema_version=SCHEMA_VERSION,
        dataset=describe(raw),
        experiment=request.experiment,
        environment=environment,
        curves=curves,
        band_implementation=options.band_implementation if bands else None,
        bands=bands,
    )


def _draw_figures(drift: Drift, folder: Path) -> None:
    folder.mkdir()
    save_figure(draw_drift(drift), folder / "drift.png", drift.dataset.name)
    if drift.bands:
        save_figure(draw_bands(drift), folder / "bands.png", drift.dataset.name)


def _conclude(console: Console, drift: Drift, folder: Path) -> None:
    if drift.bands:
        console.print(band_table(drift))
    for sentence in curve_sentences(drift):
        console.print(sentence, soft_wrap=True)
    console.print(f"outputs: {folder}", soft_wrap=True)
