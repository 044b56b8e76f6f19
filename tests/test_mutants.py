"""The mutants: some of them climb here, and all of them in what is committed."""

import pytest

from benchmarks.docs_tables import RESULTS
from benchmarks.mutants.results import MutantResults
from benchmarks.mutants.show import out_of_place
from benchmarks.runner.records import read_json
from parity.questions import RUNGS
from tests.mutants.climbs import (
    NUM_SEEDS,
    PORTS,
    climb_with_mutant,
    climb_with_variant,
)
from tests.mutants.registry import load_example

COMMITTED = read_json(RESULTS / "mutants.json", MutantResults)
ALL = [(example, each) for example, ports in PORTS.items() for each in ports.MUTANTS]
VARIANTS = [(example, each) for example, ports in PORTS.items() for each in ports.VARIANTS]
SPREAD = {
    "weights rounded to bfloat16 once",
    "last bias added twice",
    "gradients divided by rows again",
    "last batch divided by 32",
    "LeCun's kernels",
    "running statistics in float32",
    "flattened channels first",
    "last class weighs double",
    "momentum not rounded",
    "Bessel's correction",
    "heads exchanged",
    "gradient stopped at the first norm",
    "epsilon 1e-8",
}
"""Of every rung's mistakes, some; the others climb by `python -m tests.mutants`."""
LEFT_OUT = {("cnn", "LeCun's kernels"), ("transformer", "gradients divided by rows again")}


@pytest.mark.parametrize(
    ("example", "mutant"),
    [
        (example, each)
        for example, each in ALL
        if each.name in SPREAD and (example, each.name) not in LEFT_OUT
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_mutant_is_found_where_it_was_expected(example, mutant):
    record = climb_with_mutant(example, mutant)
    assert record.is_in_place, record.sentence


@pytest.mark.parametrize(
    "name", ["layers made in another order", "padded by hand", "dropout before relu"]
)
def test_a_variant_passes(name: str):
    ((example, variant),) = (pair for pair in VARIANTS if pair[1].name == name)
    record = climb_with_variant(example, variant)
    assert record.has_passed, record.sentence


def test_every_change_still_fits_its_example():
    for example, each in (*ALL, *VARIANTS):
        load_example(example, each.change, *each.others)


def test_what_is_committed_is_what_is_here():
    assert [
        (each.example, each.mutant, each.expected_rung, each.expected_layer, each.remark)
        for each in COMMITTED.mutants
    ] == [(example, each.name, each.rung, each.layer, each.remark) for example, each in ALL]
    assert [(each.example, each.variant) for each in COMMITTED.variants] == [
        (example, each.name) for example, each in VARIANTS
    ]


def test_mutants_are_rejected_in_their_place():
    num_rejected = sum(each.is_rejected for each in COMMITTED.mutants)
    num_in_place = sum(each.is_in_place for each in COMMITTED.mutants)
    assert len(COMMITTED.mutants) >= 100
    assert num_rejected >= 0.98 * len(COMMITTED.mutants)
    assert num_in_place >= 0.95 * len(COMMITTED.mutants)
    assert {each.expected_rung for each in COMMITTED.mutants} == set(RUNGS)
    assert all(each.remark for each in out_of_place(COMMITTED))


def test_nothing_right_is_rejected():
    assert len(COMMITTED.variants) >= 15
    assert all(each.has_passed for each in COMMITTED.variants)
    for example in PORTS:
        for dtype in ("float64", "float32"):
            seeds = [
                each for each in COMMITTED.seeds if (each.example, each.dtype) == (example, dtype)
            ]
            assert {each.seed for each in seeds} == set(range(1, NUM_SEEDS + 1))
            assert all(each.has_passed for each in seeds if dtype == "float64")
