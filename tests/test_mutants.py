"""The mutants, all of them, in what is committed; some climb in test_examples.py."""

from benchmarks.docs_tables import RESULTS
from benchmarks.mutants.results import MutantResults
from benchmarks.mutants.show import out_of_place
from benchmarks.runner.records import read_json
from parity.questions import RUNGS
from tests.mutants.climbs import NUM_SEEDS, PORTS
from tests.mutants.registry import load_example

COMMITTED = read_json(RESULTS / "mutants.json", MutantResults)
ALL = [(example, each) for example, ports in PORTS.items() for each in ports.MUTANTS]
VARIANTS = [(example, each) for example, ports in PORTS.items() for each in ports.VARIANTS]


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
