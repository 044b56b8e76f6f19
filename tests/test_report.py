"""`twins report`: what it recognises, and what it refuses."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.parity.results import ParityReport
from benchmarks.report.material import read_material, recognise
from benchmarks.report.page import render_page
from benchmarks.report.run_material import Missing, RunMaterial
from benchmarks.report.sections.parity import parity_finding
from benchmarks.run.results import Results
from benchmarks.runner.records import read_json, write_json
from benchmarks.seeds.results import SweepResults
from shared.errors import InputError
from tests.command import twins
from tests.made_report import RESULTS, found_runs, material_of
from tests.report_page import COMMITTED, SWAP

# What is recognised.


@pytest.mark.parametrize(("name", "record_type"), COMMITTED.items())
def test_a_record_is_known_by_what_it_holds(name: str, record_type: type):
    assert type(recognise((RESULTS / name).read_bytes())) is record_type


def test_a_swap_is_recognised():
    assert recognise(msgspec.json.encode(SWAP)) == SWAP


def test_a_folder_is_read_whole_whatever_its_files_are_called(tmp_path: Path):
    for number, name in enumerate(COMMITTED):
        shutil.copy(RESULTS / name, tmp_path / f"{number}.json")
    (tmp_path / "other.json").write_text("{}")
    (tmp_path / "below").mkdir()
    shutil.copy(RESULTS / "run.json", tmp_path / "below" / "run.json")
    material = read_material([tmp_path])
    assert [type(each.record) for each in material.found] == list(COMMITTED.values())
    assert material.left_out == (f"{tmp_path.name}/other.json",)
    assert read_material([tmp_path, tmp_path / "0.json"]) == material


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"rungs": [1], "schema_version": 1}',
        (RESULTS / "run.json").read_bytes()[:-100],
        (RESULTS / "run.json").read_bytes().replace(b'"schema_version": 1', b'"schema_version": 2'),
    ],
    ids=range(9),
)
def test_what_is_no_record_is_not_recognised(content: bytes):
    assert recognise(content) is None


def test_a_training_of_a_sweep_is_another_record():
    sweep = read_json(RESULTS / "seeds.json", SweepResults)
    assert recognise(msgspec.json.encode(sweep.trainings[0])) is None


@given(st.binary(max_size=200))
def test_no_bytes_break_the_recognition(content: bytes):
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


@given(st.sampled_from(sorted(COMMITTED)), st.data())
def test_whatever_is_edited_in_a_file_it_is_shown_or_left_out(name: str, data: st.DataObject):
    record = recognise(
        json.dumps(replaced(json.loads((RESULTS / name).read_bytes()), data)).encode()
    )
    if record is not None:
        runs = ()
        if isinstance(record, Results):
            gone = Missing(reason="made")
            runs = found_runs(RunMaterial(results=record, predictions=gone, parameters=gone))
        assert "</html>" in render_page(runs, material_of(record))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("runs",), {}),
        (("documented",), []),
        (("runs", "keras", "history"), []),
        (("runs", "keras", "confusion"), [[1]]),
        (("documented", 0, "measured"), {"keras": 0.5}),
    ],
    ids=["no run", "no figure", "no epoch", "no square", "figures of others"],
)
def test_a_run_without_what_the_page_needs_is_no_record(path: tuple[str | int, ...], value: object):
    run = json.loads((RESULTS / "run.json").read_bytes())
    assert recognise(json.dumps(run).encode()) is not None
    *parents, last = path
    inner = run
    for parent in parents:
        inner = inner[parent]
    inner[last] = value
    assert recognise(json.dumps(run).encode()) is None


def test_an_infinite_difference_comes_back_from_its_file(tmp_path: Path):
    report = read_json(RESULTS / "parity-float64.json", ParityReport)
    broken = replace(report.rungs[0], difference=float("inf"), passed=False)
    write_json(replace(report, rungs=(broken,), passed=False), tmp_path / "parity.json")
    (found,) = read_material([tmp_path]).of(ParityReport)
    assert found.record.rungs == (broken,)
    assert parity_finding(found.record).outcome == "bad"
    assert "✗" in render_page((), read_material([tmp_path]))


# What is refused.


def assert_refused(answer, *parts: str) -> None:
    assert answer.returncode == 2, answer.stderr
    assert answer.stderr.startswith("twins: ")
    assert answer.stderr.count("\n") == 1
    for part in parts:
        assert part in answer.stderr


def test_a_report_of_nothing_is_refused(tmp_path: Path):
    assert_refused(twins("report", cwd=tmp_path), "name output folders")
    assert list(tmp_path.iterdir()) == []


def test_an_output_folder_that_holds_something_is_left_as_it_is(tmp_path: Path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    answer = twins("report", RESULTS / "run.json", "--out", out, cwd=tmp_path)
    assert_refused(answer, "not empty")
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("kind", ["missing", "empty", "stranger", "unfinished"])
def test_a_path_that_holds_nothing_to_show_is_refused(tmp_path: Path, kind: str):
    folder = tmp_path / "folder"
    if kind != "missing":
        folder.mkdir()
    if kind == "stranger":
        (folder / "sweep.json").write_text("{}")
    if kind == "unfinished":
        (folder / "UNFINISHED.txt").write_text("`twins run` is at work here, or was broken off.\n")
    with pytest.raises(InputError, match=r"folder.*name output folders of `twins run`") as refusal:
        read_material([RESULTS, folder])
    assert ("broken off" in str(refusal.value)) == (kind == "unfinished")
