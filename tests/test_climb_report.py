"""What a climb says: on a terminal, as JSON, as a page."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from parity import ParityError, Report
from parity.compare import Parting, RungComparison, TensorComparison
from parity.report import Curve

PASSED = RungComparison(
    name="loss",
    pair=("Keras", "<Flax>"),
    difference=2e-16,
    tolerance=3.6e-15,
    passed=True,
    parting=None,
    notes=(),
    tensors=(TensorComparison(name="loss", difference=2e-16, tolerance=3.6e-15),),
)
FAILED = replace(
    PASSED,
    name="one step",
    difference=None,
    passed=False,
    parting=Parting(
        step=1, layer="dense", tensor="dense/kernel", index=(0, 2), left="0.5", right="nan"
    ),
    notes=("its update is 2 times the reference's",),
    tensors=(TensorComparison(name="dense/kernel", difference=None, tolerance=0.0),),
)
REPORT = Report(
    titles=("Keras", "<Flax>"),
    dtype="float64",
    rungs=(PASSED, FAILED),
    not_reached=("randomness",),
    pairs=(("dense", "layers/0"),),
    notes=("the last batch was cut from 32 to 24 rows",),
    curve=Curve(np.array([0.0, np.inf]), np.array([1e-16, np.nan])),
)


def no_constant(name: str) -> None:
    raise AssertionError(f"JSON has no {name}")


def test_a_terminal_shows_the_table_then_where_they_part_and_the_verdict_last():
    lines = str(REPORT).splitlines()
    assert lines[0].split() == ["rung", "difference", "tolerance"]
    assert lines[1].split() == ["loss", "2.0e-16", "3.6e-15", "✓"]
    assert lines[2].split() == ["one", "step", "∞", "3.6e-15", "✗"]
    assert lines[3].split() == ["randomness", "not", "reached"]
    assert lines[4] == (
        "Keras and <Flax> first differ at rung “one step”: step 1, layer dense, tensor "
        "dense/kernel, index [0, 2]: Keras 0.5, <Flax> nan; its update is 2 times the reference's"
    )
    assert lines[4] == REPORT.first_difference
    assert lines[-1].startswith("FAIL: rung “one step”, number 2 of 3.")
    assert not REPORT.passed


def test_a_climb_that_ended_early_has_not_passed():
    assert not replace(REPORT, rungs=(PASSED,)).passed
    assert replace(REPORT, rungs=(PASSED,), not_reached=()).passed
    assert not Report(titles=("a", "b"), dtype="float64").passed


def test_json_has_every_number_and_null_for_what_is_none():
    found = json.loads(REPORT.to_json(), parse_constant=no_constant)
    assert found["first_difference"] == REPORT.first_difference
    assert found["rungs"][1]["difference"] is None
    assert found["curve"] == {"differences": [0.0, None], "noise": [1e-16, None]}


def test_a_page_is_one_file_without_an_address_and_escapes_names(tmp_path: Path):
    REPORT.save(tmp_path / "parity.html")
    page = (tmp_path / "parity.html").read_text(encoding="utf-8")
    for said in ("&lt;Flax&gt;", "not reached", "<svg", "layers/0", "the last batch was cut"):
        assert said in page
    assert "<Flax>" not in page
    assert "src=" not in page
    assert "href=" not in page.replace('xlink:href="#', "")


def test_what_was_saved_is_saved_again_and_nothing_else_is_overwritten(tmp_path: Path):
    for name in ("parity.html", "parity.json"):
        REPORT.save(tmp_path / name)
        REPORT.save(tmp_path / name)
        (tmp_path / f"own-{name}").write_text("mine")
        with pytest.raises(ParityError, match=f"own-{name} is no report of a climb"):
            REPORT.save(tmp_path / f"own-{name}")
        assert (tmp_path / f"own-{name}").read_text() == "mine"
