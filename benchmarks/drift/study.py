"""`twins drift`: explains the float32 drift by curves, a noise floor and bands."""

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.display.style import save_figure
from benchmarks.display.tables import to_terminal
from benchmarks.drift.bands import measure_bands
from benchmarks.drift.command import DriftCommand
from benchmarks.drift.curves import Setting, measure_curves
from benchmarks.drift.figure import draw_bands, draw_drift
from benchmarks.drift.results import SCHEMA_VERSION, Drift
from benchmarks.drift.table import band_table, curve_sentences
from benchmarks.implementations import check_names, implementation_names
from benchmarks.options import Context
from benchmarks.runner.drawing import draw
from benchmarks.runner.environment import describe_environment
from benchmarks.runner.output_folder import output_folder
from benchmarks.runner.records import write_json
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
    with output_folder(command.out, "drift") as folder:
        drift = _measure(command, names, folder, context)
        _draw_figures(drift, folder / "figures")
        write_json(drift, folder / "drift.json")
    _conclude(context, drift, folder)
    return drift


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
    environment = describe_environment(context.variables, context.words)
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
        schema_version=SCHEMA_VERSION,
        dataset=describe(raw),
        experiment=command.experiment,
        environment=environment,
        curves=curves,
        band_implementation=command.band_impl if bands else None,
        bands=bands,
    )


def _draw_figures(drift: Drift, folder: Path) -> None:
    folder.mkdir()
    save_figure(draw_drift(drift), folder / "drift.png", drift.dataset.name)
    if drift.bands:
        save_figure(draw_bands(drift), folder / "bands.png", drift.dataset.name)


def _conclude(context: Context, drift: Drift, folder: Path) -> None:
    if drift.bands:
        context.console.print(to_terminal(band_table(drift)))
    for sentence in curve_sentences(drift):
        context.say(sentence)
    context.say(f"outputs: {folder}")
