"""Results in which one value is of another size or kind: refused, or shown without a complaint."""

import json
import warnings
from collections.abc import Iterator
from copy import deepcopy
from io import StringIO
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmarks.display.parts import Chart
from benchmarks.display.tables import Table, to_terminal
from benchmarks.runner.conduct import show_of
from benchmarks.runner.records import Record, recognise

RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"
SIZES = (-1, 0, 0.5, 1e17, 10**17, 1e-29, -1e17, 2**31)
KINDS = (None, True, "", "x", [], {}, -0.5)
NAMES = ("drift.json", "speed.json", "speed-growth.json", "seeds.json", "defaults.json")

Place = tuple[str | int, ...]


def thinned(name: str) -> dict[str, Any]:
    """A committed file with few curves, rungs and seeds, which is drawn in no time."""
    raw = json.loads((RESULTS / name).read_bytes())
    if name == "drift.json":
        raw["curves"], raw["bands"] = [raw["curves"][0], raw["curves"][-1]], raw["bands"][:2]
        for curve in raw["curves"]:
            for column in ("steps", "max_difference", "rms_difference", "disagreeing"):
                curve[column] = curve[column][:: len(curve[column]) // 3]
    if name.startswith("speed"):
        raw["rungs"] = raw["rungs"][:2]
        kept = [rung["name"] for rung in raw["rungs"]]
        for key in ("by_width", "by_batch_size"):
            raw[key] = [point for point in raw[key] if point["rung"]["name"] in kept][:4]
    return raw


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Of every value in a decoded file and every list; of a list's values, of its first."""
    if place:
        yield place
    inside = value if isinstance(value, dict) else dict(enumerate(value[:1]))
    for key, inner in inside.items():
        if isinstance(inner, dict | list):
            yield from places(inner, (*place, key))
        else:
            yield (*place, key)


def at(raw: Any, place: Place) -> Any:
    """What stands there."""
    for key in place:
        raw = raw[key]
    return raw


def edited(raw: dict[str, Any], place: Place, value: object) -> bytes:
    """The file with one other value."""
    changed = deepcopy(raw)
    *parents, last = place
    at(changed, tuple(parents))[last] = value
    return json.dumps(changed).encode()


def show(record: Record) -> None:
    """Draws and prints all of it."""
    console = Console(file=StringIO(), width=80)
    for part in show_of(record).parts(record):
        if isinstance(part, Chart):
            part.figure.set_layout_engine("none")
            part.figure.draw_without_rendering()
        elif isinstance(part, Table):
            console.print(to_terminal(part))
    assert list(show_of(record).findings(record)) is not None


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_file_with_one_other_value_is_refused_or_shown(name: str):
    raw = thinned(name)
    sizes, kinds, num_shown = cycle(SIZES), cycle(KINDS), 0
    for place in places(raw):
        is_number = isinstance(at(raw, place), int | float)
        record = recognise(edited(raw, place, next(sizes if is_number else kinds)))
        if place == ("rungs",):  # a report leaves out what is without any
            continue
        if record is not None and place[0] not in ("environment", "experiment", "dataset"):
            num_shown += 1
            show(record)
    assert num_shown


GROWN = ("by_width", 0, "rung")


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        ("drift.json", ("curves", 0, "max_difference", 0), -1),
        ("drift.json", ("curves", 0, "disagreeing", 0), -1),
        ("drift.json", ("band_implementation",), None),
        ("drift.json", ("bands",), []),
        ("speed-growth.json", (*GROWN, "median"), 1e17),
        ("speed-growth.json", (*GROWN, "low"), 1e17),
        ("speed-growth.json", (*GROWN, "high"), 1e-29),
    ],
)
def test_what_cannot_have_been_measured_is_no_record(name: str, place: Place, value: object):
    raw = thinned(name)
    assert recognise(json.dumps(raw).encode()) is not None
    assert recognise(edited(raw, place, value)) is None


@pytest.mark.parametrize("steps", [(0, 0), (-2, -1), (5, 5), (9, 5)])
def test_steps_of_a_curve_rise_from_one(steps: tuple[int, ...]):
    raw = thinned("drift.json")
    for curve in raw["curves"]:
        curve["steps"][:2] = steps
    assert recognise(json.dumps(raw).encode()) is None


def test_a_floor_at_which_nothing_moves_is_drawn():
    raw = thinned("drift.json")
    raw["curves"] = raw["curves"][1:]
    for column in ("max_difference", "rms_difference", "disagreeing"):
        raw["curves"][0][column] = [0] * len(raw["curves"][0]["steps"])
    record = recognise(json.dumps(raw).encode())
    assert record is not None
    with warnings.catch_warnings(action="ignore"):  # of an axis that has nothing to show
        show(record)
