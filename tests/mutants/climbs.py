"""Climbs with mutants, variants and seeds, each as a record."""

from functools import cache
from typing import Any

from benchmarks.mutants.results import MutantRecord, SeedRecord, VariantRecord
from parity import KerasTwin, Report, climb
from parity.twin import DType, Twin
from tests.mutants import of_cnn, of_documented_network, of_transformer
from tests.mutants.registry import Change, Mutant, Variant, load_example
from tests.mutants.remembered import Remembered

PORTS = {
    "documented_network": of_documented_network,
    "cnn": of_cnn,
    "transformer": of_transformer,
}
"""The examples, with what is made of their ports."""
NUM_SEEDS = 20
LARGEST = 1e17


@cache
def reference_of(example: str) -> Twin:
    """The example's Keras model."""
    remembered: Any = Remembered(KerasTwin(load_example(example).build_keras))
    return remembered


def climb_with(example: str, *changes: Change) -> Report:
    """Climbs with an example's port, its source changed."""
    port = load_example(example, *changes).make_port()
    return climb(reference_of(example), port, load_example(example).make_batches())


def climb_with_mutant(example: str, mutant: Mutant) -> MutantRecord:
    """Where a mistake is found."""
    report = climb_with(example, mutant.change, *mutant.others)
    last, sentence = report.rungs[-1], report.first_difference or ""
    parting = last.parting
    is_layer = parting.layer == mutant.layer if parting else mutant.layer in sentence
    return MutantRecord(
        example=example,
        mutant=mutant.name,
        expected_rung=mutant.rung,
        expected_layer=mutant.layer,
        found_rung=last.name,
        found_layer=parting.layer if parting else "",
        found_tensor=parting.tensor if parting else "",
        is_rejected=not report.passed,
        is_in_place=not report.passed and last.name == mutant.rung and is_layer,
        sentence=sentence,
        remark=mutant.remark,
    )


def climb_with_variant(example: str, variant: Variant) -> VariantRecord:
    """Whether what is no mistake passes."""
    report = climb_with(example, variant.change, *variant.others)
    return VariantRecord(
        example=example,
        variant=variant.name,
        has_passed=report.passed,
        sentence=report.first_difference or "",
    )


def climb_with_seed(example: str, dtype: DType, seed: int) -> SeedRecord:
    """Whether the right port passes from other weights, with other batches and last bits."""
    module = load_example(example, ("SEED = 0", f"SEED = {seed}"))
    report = climb(
        KerasTwin(module.build_keras),
        module.make_port(),
        module.make_batches(),
        dtype=dtype,
        seed=seed,
    )
    excess = max((tensor.excess for rung in report.rungs for tensor in rung.tensors), default=0.0)
    return SeedRecord(
        example=example,
        dtype=dtype,
        seed=seed,
        has_passed=report.passed,
        excess=excess if excess < LARGEST else None,
        sentence=report.first_difference or "",
    )
