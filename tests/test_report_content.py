"""The report page: which sections it has, what it says, and which images it picks."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from benchmarks.drift.results import Drift
from benchmarks.report.choice import confidently_wrong_rows, differing_rows
from benchmarks.report.material import read_material
from benchmarks.report.page import render_page
from benchmarks.report.run_material import Missing, RunMaterial, TestPredictions, gather_runs
from benchmarks.report.sections.images import MAXIMUM_DIFFERING, MAXIMUM_WRONG
from benchmarks.report.sections.verdict import run_finding
from benchmarks.run.comparison import compare_with_documented
from benchmarks.run.results import Results
from benchmarks.runner.records import read_json
from benchmarks.speed.results import SpeedResults
from shared.experiment import Experiment
from shared.protocol import Evaluation
from tests.command import twins
from tests.made_report import RESULTS, found_runs, made_material, material_of, with_device
from tests.report_page import COMMITTED, RUN_SECTIONS, SWAP, Page, nowhere, page_of_runs

FIVE_MEGABYTES = 5_000_000

# What the page says.


def test_the_page_of_the_committed_results_has_its_sections_in_order(tmp_path: Path):
    answer = twins("report", RESULTS, "--out", tmp_path / "out", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    path = tmp_path / "out" / "report.html"
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    page = Page(path.read_text())
    kinds = ["parity", "drift", "seeds", "defaults", "speed"]
    assert page.sections == ["verdict", *RUN_SECTIONS[:1], *kinds, *RUN_SECTIONS[1:], "environment"]
    links = {attributes["href"] for attributes in page.all("a")}
    assert {f"#{section}" for section in page.sections} <= links
    assert "no keras/test-probabilities.npy lies beside results/run.json" in page.text
    assert "no keras/weights.safetensors lies beside results/run.json" in page.text


@pytest.mark.parametrize("name", sorted(COMMITTED))
def test_only_what_was_given_has_a_section(name: str):
    material = read_material([RESULTS / name])
    runs = gather_runs(material.of(Results), nowhere(RESULTS))
    own = RUN_SECTIONS if runs else [name.partition("-")[0].removesuffix(".json")]
    assert Page(render_page(runs, material)).sections == ["verdict", *own, "environment"]


def test_exchanged_weights_have_a_section_but_no_environment():
    page = Page(render_page((), material_of(SWAP)))
    assert page.sections == ["verdict", "swap"]
    assert "exchanged weights give the same prediction for every test image" in page.text


def test_the_page_loads_nothing_and_is_small():
    text = page_of_runs(made_material(experiment=Experiment()))
    page = Page(text)
    assert len(text.encode()) < FIVE_MEGABYTES
    assert not page.all("link") or all(
        str(attributes["href"]).startswith("data:") for attributes in page.all("link")
    )
    sources = [attributes.get("src") for _, attributes in page.tags if "src" in attributes]
    assert sources
    assert all(str(source).startswith("data:image/png;base64,") for source in sources)
    assert not re.search(r"@import|url\((?!#)|fetch\(|XMLHttpRequest", text)
    addresses = set(re.findall(r"https?://[^\s\"'<]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}


def test_what_files_bring_is_text_and_never_markup():
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'"
    harmless = Page(page_of_runs(made_material()))
    material = with_device(made_material(("keras", hostile), command=("twins", hostile)), hostile)
    page = Page(page_of_runs(material))
    assert len(page.all("script")) == len(harmless.all("script")) == 1
    assert {str(each["src"])[:5] for each in page.all("img")} == {"data:"}
    assert hostile in page.text


def test_an_unfinished_folder_says_so_on_top(tmp_path: Path):
    shutil.copy(RESULTS / "speed.json", tmp_path / "speed.json")
    assert "Not finished" not in render_page((), read_material([tmp_path]))
    (tmp_path / "UNFINISHED.txt").write_text("`twins speed` was not finished: a reason\n")
    page = Page(render_page((), read_material([tmp_path]))).text
    assert page.index("`twins speed` was not finished: a reason") < page.index("Verdict")


def test_a_measurement_that_was_broken_off_says_so():
    speed = read_json(RESULTS / "speed.json", SpeedResults)
    assert "broken off" in render_page((), material_of(replace(speed, finished=False)))
    assert "broken off" not in render_page((), material_of(speed))


@pytest.mark.parametrize(("dataset", "banners"), [("stand-in", 1), ("fashion-mnist", 0)])
def test_stand_in_images_are_announced(dataset: str, banners: int):
    page = page_of_runs(made_material(dataset=dataset))
    assert page.count("Stand-in images, not Fashion-MNIST.") == banners


def test_two_runs_are_both_shown_in_their_order():
    page = Page(page_of_runs(made_material(("keras",)), made_material(("jax",))))
    assert page.sections == ["verdict", *RUN_SECTIONS, "environment"]
    identifiers = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(identifiers) == len(set(identifiers))
    assert page.text.count("made/0.json") == page.text.count("made/1.json") > len(RUN_SECTIONS)


def test_the_exact_command_is_shown():
    command = ("twins", "run", "--out", "a folder")
    assert "twins run --out &#39;a folder&#39;" in page_of_runs(made_material(command=command))


# The verdict.


def documented_run(test_accuracy: float) -> Results:
    run = read_json(RESULTS / "run.json", Results)
    jax = replace(run.runs["jax"], test=Evaluation(loss=0.336, accuracy=test_accuracy))
    runs = {**run.runs, "jax": jax}
    figures = compare_with_documented(runs, run.experiment, run.dataset.name)
    return replace(run, runs=runs, documented=figures)


def test_the_verdict_says_that_all_is_met():
    finding = run_finding(documented_run(0.8824))
    assert finding.outcome == "good"
    assert "Keras and JAX both meet all 7 documented figures." in finding.text


def test_the_verdict_names_what_was_missed_and_by_whom():
    finding = run_finding(documented_run(0.8))
    assert finding.outcome == "bad"
    assert "JAX misses 1 of 7 documented figures: test accuracy (0.8000)" in finding.text
    assert "Keras misses" not in finding.text


def test_the_verdict_of_another_experiment_says_why_it_cannot_compare():
    finding = run_finding(made_material().results)
    assert finding.outcome == "plain"
    assert finding.text.startswith("Not comparable: this run is not the documented one")


def test_a_short_run_is_judged_by_the_figures_it_reaches():
    run = documented_run(0.8824)
    short = replace(run.experiment, num_epochs=2)
    runs = {name: replace(each, history=each.history[:2]) for name, each in run.runs.items()}
    figures = compare_with_documented(runs, short, run.dataset.name)
    finding = run_finding(replace(run, experiment=short, runs=runs, documented=figures))
    assert "both meet the 2 that apply of 7 documented figures" in finding.text


@pytest.mark.parametrize(("value", "word"), [(0.8824, "inside"), (0.5, "outside")])
def test_with_a_drift_record_documented_values_are_held_against_their_bands(value: float, word):
    drift = read_json(RESULTS / "drift.json", Drift)
    bands = tuple(replace(band, documented=value, values=(0.88, 0.89)) for band in drift.bands)
    run = read_json(RESULTS / "run.json", Results)
    gone = Missing(reason="made")
    runs = found_runs(RunMaterial(results=run, predictions=gone, parameters=gone))
    text = render_page(runs, material_of(run, replace(drift, bands=bands)))
    verdict = text[text.index('id="verdict"') : text.index('id="curves"')]
    assert verdict.count(f"<td>{word}") == len(bands)
    assert "band of rounding" not in render_page(runs, material_of(run))


# The images.

PROBABILITIES = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 3), st.integers(1, 8), st.just(10)),
    elements=st.floats(0, 1, width=32),
)


@given(PROBABILITIES)
def test_differing_images_are_all_that_differ_furthest_apart_first(stacked: np.ndarray):
    rows = differing_rows({str(index): own for index, own in enumerate(stacked)})
    classes = stacked.argmax(axis=2)
    assert sorted(rows) == [
        row for row in range(stacked.shape[1]) if len(set(classes[:, row].tolist())) > 1
    ]
    distances = [float(np.ptp(stacked[:, row], axis=0).max()) for row in rows]
    assert distances == sorted(distances, reverse=True)


@given(PROBABILITIES, st.data())
def test_wrong_images_are_wrong_for_all_and_the_surest_come_first(stacked, data: st.DataObject):
    labels = data.draw(hnp.arrays(np.uint8, stacked.shape[1], elements=st.integers(0, 9)))
    rows = confidently_wrong_rows({str(i): own for i, own in enumerate(stacked)}, labels)
    classes = stacked.argmax(axis=2)
    assert sorted(rows) == [
        row for row in range(stacked.shape[1]) if all(classes[:, row] != labels[row])
    ]
    sureness = [float(stacked[:, row].max(axis=1).min()) for row in rows]
    assert sureness == sorted(sureness, reverse=True)


def test_images_are_counted_all_and_shown_up_to_a_number():
    material = made_material()
    predictions = material.predictions
    assert isinstance(predictions, TestPredictions)
    num_differing = len(differing_rows(predictions.probabilities))
    num_wrong = len(confidently_wrong_rows(predictions.probabilities, predictions.labels))
    assert 0 < num_differing < MAXIMUM_DIFFERING
    assert num_wrong > MAXIMUM_WRONG
    page = Page(page_of_runs(material))
    assert f"Keras and JAX classify {num_differing} of 300 test images differently." in page.text
    assert f"Keras and JAX get {num_wrong} test images wrong." in page.text
    pictures = [image for image in page.all("img") if str(image["alt"]).startswith("Test image")]
    assert len(pictures) == num_differing + MAXIMUM_WRONG


def test_a_run_of_one_implementation_has_nobody_to_differ_from():
    assert "there is nobody to differ from" in page_of_runs(made_material(("jax",)))
