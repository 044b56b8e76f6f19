"""`twins report`: what it recognises, what it refuses, which sections it has, what they say."""

import json
import re
import shutil
from dataclasses import replace
from functools import reduce
from operator import getitem
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.report.material import Found, Material, read_material
from benchmarks.report.page import render_page
from benchmarks.run.measure import compare_with_documented
from benchmarks.run.results import Results
from benchmarks.run.show import documented_table, findings
from benchmarks.runner.records import recognise
from benchmarks.swap.results import SwapReport, SwapResult
from shared.errors import InputError
from shared.experiment import Experiment
from shared.protocol import Evaluation
from tests.command import twins
from tests.made_report import RESULTS, RUN, Page, made_run, no_images, page_of

COMMITTED = {
    "run": "run.json",
    "parity": "parity-float64.json",
    "drift": "drift.json",
    "seeds": "seeds.json",
    "defaults": "defaults.json",
    "speed": "speed.json",
}
"""The studies in the order of the page, and the committed file of each."""
FIVE_MEGABYTES = 5_000_000
SWAP = SwapReport(
    dataset=RUN.dataset,
    experiment=RUN.experiment,
    environment=RUN.environment,
    dtype="float32",
    passed=True,
    swaps=(
        SwapResult(
            trained_in="keras",
            evaluated_in="jax",
            home_loss=0.34,
            loss=0.34,
            num_differing_predictions=0,
            passed=True,
        ),
    ),
)


# What is recognised.


def test_a_folder_is_read_whole_whatever_its_files_are_called(tmp_path: Path):
    for number, name in enumerate(COMMITTED.values()):
        shutil.copy(RESULTS / name, tmp_path / f"{number}.json")
    (tmp_path / "other.json").write_text("{}")
    (tmp_path / "below").mkdir()
    shutil.copy(RESULTS / "run.json", tmp_path / "below" / "run.json")
    material = read_material([tmp_path])
    assert [each.record.study for each in material.found] == list(COMMITTED)
    assert material.left_out == (f"{tmp_path.name}/other.json",)
    assert read_material([tmp_path, tmp_path / "0.json"]) == material
    assert recognise(msgspec.json.encode(SWAP)) == SWAP


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"study": [], "schema_version": 2}',
        b'{"study": "os", "schema_version": 2}',
        (RESULTS / "run.json").read_bytes()[:-100],
        (RESULTS / "run.json").read_bytes().replace(b'"schema_version": 2', b'"schema_version": 3'),
        (RESULTS / "run.json").read_bytes().replace(b'"study": "run"', b'"study": "parity"'),
    ],
    ids=range(11),
)
def test_what_is_no_record_is_not_recognised(content: bytes):
    assert recognise(content) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
LIKE = {
    int: st.integers(-(2**40), 2**40),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: st.text(max_size=5) | st.sampled_from(["keras", "oracle", "a:b", "../x", "across"]),
    list: st.just([]),
    dict: st.just({}),
}
"""Values of the same type of JSON, so that some edited files are still records."""


def replaced(value: Any, data: st.DataObject) -> Any:
    """A value of JSON in which one place, at any depth, holds something else."""
    is_here = not isinstance(value, dict | list) or not value or data.draw(st.integers(0, 3)) == 0
    if is_here:
        return data.draw(LIKE.get(type(value), st.nothing()) | JSON)
    if isinstance(value, dict):
        key = data.draw(st.sampled_from(sorted(value)))
        return value | {key: replaced(value[key], data)}
    place = data.draw(st.integers(0, len(value) - 1))
    return [*value[:place], replaced(value[place], data), *value[place + 1 :]]


@given(st.sampled_from(sorted(COMMITTED.values())), st.data())
def test_whatever_is_edited_in_a_file_it_is_shown_or_left_out(name: str, data: st.DataObject):
    edited = replaced(json.loads((RESULTS / name).read_bytes()), data)
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_text(json.dumps(edited))
        try:
            material = read_material([path])
        except InputError:
            return
    assert "</html>" in render_page(material, no_images)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("runs",), {}),
        (("documented",), []),
        (("runs", "keras", "history"), []),
        (("runs", "keras", "confusion"), [[1]]),
        (("documented", 0, "measured"), {"keras": 0.5}),
        (("experiment", "batch_size"), 0),
    ],
    ids=["no run", "no figure", "no epoch", "no square", "figures of others", "no batch"],
)
def test_a_run_without_what_the_page_needs_is_no_record(path: tuple[str | int, ...], value: object):
    run = json.loads((RESULTS / "run.json").read_bytes())
    assert recognise(json.dumps(run).encode()) is not None
    *parents, last = path
    reduce(getitem, parents, run)[last] = value
    assert recognise(json.dumps(run).encode()) is None


# What is refused.


def test_a_report_of_nothing_is_refused(tmp_path: Path):
    answer = twins("report", cwd=tmp_path)
    assert answer.returncode == 2
    assert re.fullmatch(r"twins: nothing to report on: name output folders.*\n", answer.stderr)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["missing", "empty", "stranger", "unfinished"])
def test_a_path_that_holds_nothing_to_show_is_refused(tmp_path: Path, kind: str):
    folder = tmp_path / "folder"
    if kind != "missing":
        folder.mkdir()
    if kind == "stranger":
        (folder / "sweep.json").write_text("{}")
    if kind == "unfinished":
        (folder / "UNFINISHED.txt").write_text("`twins run` is at work here: process 1")
    with pytest.raises(InputError, match=r"folder.*name output folders of `twins run`") as refusal:
        read_material([RESULTS, folder])
    assert ("broken off" in str(refusal.value)) == (kind == "unfinished")


# What the page says.


def test_the_page_of_the_committed_results_has_its_sections_in_order(tmp_path: Path):
    answer = twins("report", RESULTS, "--out", tmp_path / "out", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    path = tmp_path / "out" / "report.html"
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    page = Page(path.read_text())
    assert page.sections == ["verdict", *COMMITTED, "environment"]
    assert page.text.index("results/speed.json") < page.text.index("results/speed-growth.json")
    links = {attributes["href"] for attributes in page.all("a")}
    assert {f"#{section}" for section in page.sections} <= links
    assert "no keras/test-probabilities.npy lies beside results/run.json" in page.text
    assert "no keras/weights.safetensors lies beside results/run.json" in page.text


def test_only_what_was_given_has_a_section():
    found = Found(record=SWAP, source="made/swap.json", folder=Path("nowhere"))
    page = Page(render_page(Material(found=(found,)), no_images))
    assert page.sections == ["verdict", "swap", "environment"]
    assert "exchanged weights give the same prediction for every test image" in page.text


def test_the_page_loads_nothing_and_is_small(tmp_path: Path):
    text = page_of(made_run(tmp_path, experiment=Experiment()))
    page = Page(text)
    assert len(text.encode()) < FIVE_MEGABYTES
    assert all(str(attributes["href"]).startswith("data:") for attributes in page.all("link"))
    sources = [attributes.get("src") for _, attributes in page.tags if "src" in attributes]
    assert sources
    assert all(str(source).startswith("data:image/png;base64,") for source in sources)
    assert not re.search(r"@import|url\((?!#)|fetch\(|XMLHttpRequest", text)
    assert set(re.findall(r"https?://[^\s\"'<]+", text)) <= {"http://www.w3.org/2000/svg"}


def test_what_files_bring_is_text_and_never_markup(tmp_path: Path):
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'"
    harmless = Page(page_of(made_run(tmp_path / "harmless", command=("twins", "a folder"))))
    assert "twins 'a folder'" in harmless.text
    folder, names, command = tmp_path / "hostile", ("keras", hostile), ("twins", hostile)
    page = Page(page_of(made_run(folder, names, command=command, device=hostile)))
    assert len(page.all("script")) == len(harmless.all("script"))
    assert {str(each["src"])[:5] for each in page.all("img")} == {"data:"}
    assert hostile in page.text


def test_an_unfinished_folder_says_so_on_top(tmp_path: Path):
    shutil.copy(RESULTS / "speed.json", tmp_path / "speed.json")
    assert "Not finished" not in render_page(read_material([tmp_path]), no_images)
    (tmp_path / "UNFINISHED.txt").write_text("`twins speed` was not finished: a reason\n")
    page = Page(render_page(read_material([tmp_path]), no_images)).text
    assert page.index("`twins speed` was not finished: a reason") < page.index("Verdict")


def test_stand_in_images_are_announced_and_no_others(tmp_path: Path):
    banner = "Stand-in images, not Fashion-MNIST."
    assert page_of(made_run(tmp_path / "made", dataset="stand-in")).count(banner) == 1
    assert banner not in page_of(made_run(tmp_path / "real"))


def test_two_runs_are_both_shown_in_their_order(tmp_path: Path):
    runs = (made_run(tmp_path / "first", ("keras",)), made_run(tmp_path / "second", ("jax",)))
    page = Page(page_of(*runs))
    assert page.sections == ["verdict", "run", "environment"]
    identifiers = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(identifiers) == len(set(identifiers))
    assert page.text.count("first/results.json") == page.text.count("second/results.json") == 3
    assert page.text.rindex("Keras: test images") < page.text.index("JAX: test images")


# What a run says.


def documented_run(test_accuracy: float, num_epochs: int = 30) -> Results:
    """The committed run, with another accuracy of JAX, or as far as some epoch."""
    jax = replace(RUN.runs["jax"], test=Evaluation(loss=0.336, accuracy=test_accuracy))
    runs = {
        name: replace(run, history=run.history[:num_epochs])
        for name, run in {**RUN.runs, "jax": jax}.items()
    }
    experiment = replace(RUN.experiment, num_epochs=num_epochs)
    figures = compare_with_documented(runs, experiment, RUN.dataset.name)
    return replace(RUN, experiment=experiment, runs=runs, documented=figures)


@pytest.mark.parametrize(
    ("results", "outcome", "text"),
    [
        (documented_run(0.8824), "good", "Keras and JAX both meet all 7 documented figures"),
        (
            documented_run(0.8),
            "bad",
            "JAX misses 1 of 7 documented figures: test accuracy (0.8000)",
        ),
        (documented_run(0.88, 2), "good", "Keras and JAX both meet the 2 of 7 documented figures"),
        (replace(RUN, why_not_applicable="a reason"), "plain", "Not comparable: a reason"),
    ],
    ids=["met", "missed", "short", "another"],
)
def test_the_verdict_says_what_was_met_and_names_what_was_missed(
    results: Results, outcome: str, text: str
):
    (finding,) = findings(results)
    assert finding.outcome == outcome
    assert finding.text.startswith(text)
    assert ". Test accuracy: Keras 88.28% and JAX " in finding.text


def test_the_documented_table_says_when_seconds_are_not_those_of_the_documented_way():
    names = [documented_table(run).rows[-1][0] for run in (RUN, replace(RUN, in_bulk=True))]
    assert names == ["training time, all epochs", "training time, all epochs, in bulk"]
