"""The report page of a real run: written by the run, and again from its folder."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.report.material import Material, read_material
from benchmarks.report.page import render_page
from benchmarks.report.run_material import Missing, RunMaterial, TestPredictions, gather_runs
from benchmarks.run.comparison import compare_with_documented
from benchmarks.run.files import PREDICTIONS_FILE, WEIGHTS_FILE
from benchmarks.run.results import Results
from benchmarks.runner.records import read_json, write_json
from shared.data.fashion_mnist import DataPlaces
from tests.command import twins
from tests.made_report import RESULTS, found_runs
from tests.report_page import RUN_SECTIONS, Page, nowhere


@pytest.fixture(scope="module")
def run_folder(fashion_mnist_directory: Path, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "run"
    answer = twins(
        *("run", "--num-epochs", 1, "--hidden-sizes", 8, "--batch-size", 5_000),
        *("--randomness", "shared", "--data-dir", fashion_mnist_directory, "--out", folder),
        cwd=folder.parent,
    )
    assert answer.returncode == 0, answer.stderr
    return folder


def copy_of(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def gathered(folder: Path, directory: Path) -> tuple[RunMaterial, Material]:
    places = DataPlaces(
        named_directory=directory, named_by="--data-dir", cache=folder, keras_cache=folder
    )
    material = read_material([folder])
    (found,) = gather_runs(material.of(Results), places)
    return found.record, material


@pytest.mark.slow
@pytest.mark.real_data
def test_a_run_writes_the_page_that_report_makes_of_its_folder(
    run_folder: Path, fashion_mnist_directory: Path, tmp_path: Path
):
    answer = twins(
        *("report", run_folder, "--data-dir", fashion_mnist_directory),
        cwd=tmp_path,
    )
    assert answer.returncode == 0, answer.stderr
    (page,) = tmp_path.glob("runs/*-report/report.html")
    assert page.read_text() == (run_folder / "report.html").read_text()
    command = read_json(run_folder / "results.json", Results).environment.command
    assert command[:4] == ("twins", "run", "--num-epochs", "1")
    assert "twins run --num-epochs 1 --hidden-sizes 8" in page.read_text()
    assert Page(page.read_text()).sections == ["verdict", *RUN_SECTIONS, "environment"]


@pytest.mark.slow
@pytest.mark.real_data
def test_stored_predictions_are_those_of_the_record(run_folder: Path, fashion_mnist_directory):
    run, _ = gathered(run_folder, fashion_mnist_directory)
    assert isinstance(run.predictions, TestPredictions)
    for name, own in run.results.runs.items():
        probabilities = run.predictions.probabilities[name]
        assert probabilities.shape == (10_000, 10)
        assert probabilities.dtype == np.float32
        assert tuple(probabilities[:3].argmax(axis=1)) == own.first_predictions
        right = float((probabilities.argmax(axis=1) == run.predictions.labels).mean())
        assert right == pytest.approx(own.test.accuracy, abs=1e-6)


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize("kind", ["cut", "shape", "not a number", "another run", "other images"])
def test_predictions_that_cannot_be_trusted_are_not_shown(
    run_folder: Path, fashion_mnist_directory: Path, tmp_path: Path, kind: str
):
    folder = copy_of(run_folder, tmp_path)
    path = folder / "jax" / PREDICTIONS_FILE
    probabilities = np.load(path)
    match kind:
        case "cut":
            path.write_bytes(path.read_bytes()[:-1])
        case "shape":
            np.save(path, probabilities[:9_999])
        case "not a number":
            np.save(path, np.full_like(probabilities, np.nan))
        case "another run":
            np.save(path, probabilities[::-1])
        case "other images":
            results = read_json(folder / "results.json", Results)
            other = replace(results, dataset=replace(results.dataset, sha256="0" * 64))
            write_json(other, folder / "results.json")
    run, material = gathered(folder, fashion_mnist_directory)
    assert isinstance(run.predictions, Missing)
    reasons = {"another run": "of another run", "other images": "not those of the run"}
    assert reasons.get(kind, "is damaged") in run.predictions.reason
    found = found_runs(run)
    assert f"Not shown: {run.predictions.reason}." in Page(render_page(found, material)).text


@pytest.mark.slow
@pytest.mark.real_data
def test_weights_that_cannot_be_read_are_not_shown(
    run_folder: Path, fashion_mnist_directory: Path, tmp_path: Path
):
    folder = copy_of(run_folder, tmp_path)
    (folder / "jax" / WEIGHTS_FILE).write_bytes(b"no weights")
    run, _ = gathered(folder, fashion_mnist_directory)
    assert isinstance(run.parameters, Missing)
    assert str(tmp_path) not in run.parameters.reason
    assert isinstance(run.predictions, TestPredictions)


def test_names_in_a_file_do_not_lead_out_of_its_folder(tmp_path: Path):
    run = read_json(RESULTS / "run.json", Results)
    outside = "../outside"
    for folder in ("here/keras", "outside"):
        (tmp_path / folder).mkdir(parents=True)
        np.save(tmp_path / folder / PREDICTIONS_FILE, np.zeros((10_000, 10)))
    runs = {"keras": run.runs["keras"], outside: run.runs["jax"]}
    figures = compare_with_documented(runs, run.experiment, run.dataset.name)
    write_json(replace(run, runs=runs, documented=figures), tmp_path / "here" / "results.json")
    material = read_material([tmp_path / "here"])
    (found,) = gather_runs(material.of(Results), nowhere(tmp_path))
    assert isinstance(found.record.predictions, Missing)
    assert found.record.predictions.reason.startswith(f"no {outside}/")
