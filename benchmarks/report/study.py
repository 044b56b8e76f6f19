"""`twins report`: gathers what was measured and writes it as one page."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks.output_folder import output_folder
from benchmarks.report.material import Found, Material, read_material
from benchmarks.report.page import REPORT_FILE, render_page
from benchmarks.report.run_material import RunMaterial, TestPredictions, gather_runs
from benchmarks.training import Training
from shared.data.dataset import RawDataset
from shared.data.fashion_mnist import DataPlaces
from shared.results import Results


@dataclass(frozen=True, kw_only=True)
class ReportRequest:
    """What `twins report` was asked to do.

    paths: output folders of other commands, or single files of them.
    places: where the test images are looked for, if a run needs them.
    out: the output folder; None for a new one under `runs/`.
    """

    paths: tuple[Path, ...]
    places: DataPlaces
    out: Path | None


def run_report(request: ReportRequest, console: Console) -> Path:
    """Writes the page and returns its path.

    Raises:
        InputError: a path holds nothing that a report shows, or the output folder
            cannot be used.
    """
    material = read_material(request.paths)
    with output_folder(request.out, "report") as folder:
        runs = gather_runs(material.of(Results), request.places)
        path = folder / REPORT_FILE
        path.write_text(render_page(runs, material), encoding="utf-8")
    _conclude(console, material, path)
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


def _conclude(console: Console, material: Material, path: Path) -> None:
    for each in material.found:
        console.print(f"shown: {each.source}", soft_wrap=True, markup=False)
    for name in material.left_out:
        console.print(
            f"left out: {name}, no record that a report shows", soft_wrap=True, markup=False
        )
    for marker in material.unfinished:
        console.print(f"not finished: {marker}", soft_wrap=True, markup=False)
    console.print(f"outputs: {path}", soft_wrap=True, markup=False)
