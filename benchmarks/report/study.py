"""`twins report`: gathers what was measured and writes it as one page."""

from pathlib import Path

from benchmarks.options import Context
from benchmarks.report.command import ReportCommand
from benchmarks.report.material import Found, Material, read_material
from benchmarks.report.page import REPORT_FILE, render_page
from benchmarks.report.run_material import RunMaterial, TestPredictions, gather_runs
from benchmarks.run.results import Results
from benchmarks.runner.output_folder import output_folder
from benchmarks.runner.training import Training
from shared.data.dataset import RawDataset


def run_report(command: ReportCommand, context: Context) -> Path:
    """Writes the page and returns its path.

    Raises:
        InputError: a path holds nothing that a report shows, or the output folder
            cannot be used.
    """
    material = read_material(command.paths)
    with output_folder(command.out, "report") as folder:
        runs = gather_runs(material.of(Results), context.places(command.data_dir))
        path = folder / REPORT_FILE
        path.write_text(render_page(runs, material), encoding="utf-8")
    _conclude(context, material, path)
    return path


def write_run_report(
    folder: Path,
    *,
    results: Results,
    raw: RawDataset,
    trainings: dict[str, Training],
) -> None:
    """Writes the page of a run that has just ended into its folder."""
    predictions = TestPredictions(
        probabilities={name: each.test_probabilities for name, each in trainings.items()},
        images=raw.test_images,
        labels=raw.test_labels,
    )
    run = RunMaterial(
        results=results,
        predictions=predictions,
        parameters={name: each.parameters for name, each in trainings.items()},
    )
    source = f"{folder.name}/results.json"
    material = Material(
        found=(Found(record=results, source=source, folder=folder),), unfinished=(), left_out=()
    )
    runs = (Found(record=run, source=source, folder=folder),)
    (folder / REPORT_FILE).write_text(render_page(runs, material), encoding="utf-8")


def _conclude(context: Context, material: Material, path: Path) -> None:
    for each in material.found:
        context.say(f"shown: {each.source}")
    for name in material.left_out:
        context.say(f"left out: {name}, no record that a report shows")
    for marker in material.unfinished:
        context.say(f"not finished: {marker}")
    context.say(f"outputs: {path}")
