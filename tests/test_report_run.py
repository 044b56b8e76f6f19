"""What the page shows beside a run's record: images, weights, or why it does not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from benchmarks.report.material import Found, Material
from benchmarks.report.page import render_page
from benchmarks.report.runs import (
    MAXIMUM_DIFFERING,
    MAXIMUM_WRONG,
    confidently_wrong_rows,
    differing_rows,
    read_predictions,
)
from benchmarks.run.measure import compare_with_documented
from benchmarks.run.results import PREDICTIONS_FILE, WEIGHTS_FILE, Results
from benchmarks.runner.records import read_json
from shared.data.dataset import RawDataset
from shared.errors import InputError
from tests.command import twins
from tests.made_report import Page, made_images, made_probabilities, made_run, page_of

# Which images.

PROBABILITIES = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 3), st.integers(1, 8), st.just(10)),
    elements=st.floats(0, 1, width=32),
)


@given(PROBABILITIES)
def test_differing_images_are_all_that_differ_furthest_apart_first(stacked: np.ndarray):
    rows = differing_rows(stacked)
    classes = stacked.argmax(axis=2)
    assert sorted(rows) == [
        row for row in range(stacked.shape[1]) if len(set(classes[:, row].tolist())) > 1
    ]
    distances = [float(np.ptp(stacked[:, row], axis=0).max()) for row in rows]
    assert distances == sorted(distances, reverse=True)


@given(PROBABILITIES, st.data())
def test_wrong_images_are_wrong_for_all_and_the_surest_come_first(stacked, data: st.DataObject):
    labels = data.draw(hnp.arrays(np.uint8, stacked.shape[1], elements=st.integers(0, 9)))
    rows = confidently_wrong_rows(stacked, labels)
    classes = stacked.argmax(axis=2)
    assert sorted(rows) == [
        row for row in range(stacked.shape[1]) if all(classes[:, row] != labels[row])
    ]
    sureness = [float(stacked[:, row].max(axis=1).min()) for row in rows]
    assert sureness == sorted(sureness, reverse=True)


def test_images_are_counted_all_and_shown_up_to_a_number(tmp_path: Path):
    probabilities = np.stack(list(made_probabilities().values()))
    num_differing = len(differing_rows(probabilities))
    num_wrong = len(confidently_wrong_rows(probabilities, made_images().test_labels))
    assert 0 < num_differing < MAXIMUM_DIFFERING
    assert num_wrong > MAXIMUM_WRONG
    page = Page(page_of(made_run(tmp_path)))
    assert f"Keras and JAX classify {num_differing} of 300 test images differently." in page.text
    assert f"Keras and JAX get {num_wrong} test images wrong." in page.text
    pictures = [image for image in page.all("img") if str(image["alt"]).startswith("Test image")]
    assert len(pictures) == num_differing + MAXIMUM_WRONG


def test_a_run_of_one_implementation_has_nobody_to_differ_from(tmp_path: Path):
    assert "there is nobody to differ from" in page_of(made_run(tmp_path, ("jax",)))


def test_a_named_folder_without_the_images_is_an_error(tmp_path: Path):
    def not_there(_name: str) -> RawDataset:
        raise InputError("--data-dir: a remedy")

    with pytest.raises(InputError, match="--data-dir"):
        render_page(Material(found=(made_run(tmp_path),)), not_there)


# What cannot be trusted is not shown.


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (
            lambda path: path.write_bytes(path.read_bytes()[:-1]),
            "jax/test-probabilities.npy beside made/results.json is damaged",
        ),
        (lambda path: np.save(path, np.load(path)[:-1]), "is damaged"),
        (lambda path: np.save(path, np.full_like(np.load(path), np.nan)), "is damaged"),
        (lambda path: np.save(path, np.array([print], dtype=object)), "is damaged"),
        (
            lambda path: np.save(path, np.load(path)[::-1]),
            "jax/test-probabilities.npy is of another run than its record",
        ),
        (Path.unlink, "no jax/test-probabilities.npy lies beside made/results.json"),
    ],
    ids=["cut", "shape", "not a number", "objects", "another run", "gone"],
)
def test_predictions_that_cannot_be_trusted_are_not_shown(tmp_path: Path, spoil, reason: str):
    found = made_run(tmp_path / "made")
    spoil(found.folder / "jax" / PREDICTIONS_FILE)
    page = Page(page_of(found)).text
    assert "Test images are not shown: " in page
    assert reason in page
    assert "Weights of the first hidden layer" in page


def changed(found: Found[Results], **changes: object) -> Found[Results]:
    return replace(found, record=replace(found.record, **changes))


def test_predictions_of_other_images_are_not_shown(tmp_path: Path):
    found = made_run(tmp_path)
    other = replace(found.record.dataset, sha256="0" * 64)
    assert "images here are not those of the run" in page_of(changed(found, dataset=other))
    unknown = replace(found.record.dataset, name="a set")
    assert "a set, are unknown here" in page_of(changed(found, dataset=unknown))
    for name in found.record.runs:
        np.save(tmp_path / name / PREDICTIONS_FILE, np.eye(1, 10))
    fewer = replace(found.record.dataset, num_test=1)
    assert "is of another run than its record" in page_of(changed(found, dataset=fewer))


def test_weights_that_cannot_be_read_are_not_shown(tmp_path: Path):
    found = made_run(tmp_path / "made")
    (found.folder / "jax" / WEIGHTS_FILE).write_bytes(b"no weights")
    page = Page(page_of(found)).text
    assert "jax/weights.safetensors beside made/results.json is damaged or of another" in page
    assert str(tmp_path) not in page
    assert "Confidently wrong" in page


@pytest.mark.parametrize("name", ["../outside", "/", "a\0b", "a" * 300])
def test_names_in_a_file_do_not_lead_out_of_its_folder(tmp_path: Path, name: str):
    made_run(tmp_path, ("outside",))
    found = made_run(tmp_path / "here")
    runs = {"keras": found.record.runs["keras"], name: found.record.runs["jax"]}
    figures = compare_with_documented(runs, found.record.experiment, "fashion-mnist")
    page = page_of(changed(found, runs=runs, documented=figures))
    assert f"Test images are not shown: no {name}/{PREDICTIONS_FILE} lies" in page
    assert f"Weights are not shown: no {name}/{WEIGHTS_FILE} lies" in page


# A real run.


@pytest.mark.slow
@pytest.mark.real_data
def test_a_run_writes_the_page_that_report_makes_of_its_folder(
    fashion_mnist_directory: Path, raw_dataset: RawDataset, tmp_path: Path
):
    folder = tmp_path / "run"
    answer = twins(
        *("run", "--num-epochs", 1, "--hidden-sizes", 8, "--batch-size", 5_000),
        *("--randomness", "shared", "--data-dir", fashion_mnist_directory, "--out", folder),
        cwd=tmp_path,
    )
    assert answer.returncode == 0, answer.stderr
    answer = twins("report", folder, "--data-dir", fashion_mnist_directory, cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    (page,) = tmp_path.glob("runs/*-report/report.html")
    assert page.read_text() == (folder / "report.html").read_text()
    assert "twins run --num-epochs 1 --hidden-sizes 8" in page.read_text()
    # And what is stored beside the record is what the record was made of.
    results = read_json(folder / "results.json", Results)
    predictions = read_predictions(Found(record=results, source="", folder=folder))
    assert (predictions.shape, predictions.dtype) == ((2, 10_000, 10), np.float32)
    for run, own in zip(results.runs.values(), predictions, strict=True):
        assert tuple(own[:3].argmax(axis=1)) == run.first_predictions
        right = float((own.argmax(axis=1) == raw_dataset.test_labels).mean())
        assert right == pytest.approx(run.test.accuracy, abs=1e-6)
