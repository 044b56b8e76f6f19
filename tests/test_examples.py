"""The examples of `docs/examples`: the ports made equal pass, and as they come are told apart.

Some of the mutants climb here too, in the process that remembers what the references answered;
all of them are in `benchmarks/results/mutants.json`, by `python -m tests.mutants`.
"""

from functools import cache

import pytest

from parity import KerasTwin, climb
from parity.questions import INFERENCE, ONE_STEP, PARAMETERS, RANDOMNESS
from tests.mutants.climbs import (
    PORTS,
    climb_with,
    climb_with_mutant,
    climb_with_variant,
    reference_of,
)
from tests.mutants.registry import EXAMPLES, Mutant, load_example

AS_THEY_COME = [
    (
        "documented_network",
        RANDOMNESS,
        "dense/kernel as drawn: standard deviation",
        "in Flax the spread is 0.0358, LeCun's",
    ),
    ("cnn", PARAMETERS, "", "moving_mean is float64, in Flax float32"),
    ("transformer", INFERENCE, "multi_head_attention/output", "number rounded to float32"),
]
DEFAULTS = [
    ("cnn", "epsilon 1e-5", "epsilon is 0.001 in Keras, 1e-05 in Flax"),
    ("cnn", "momentum not rounded", "float(np.float32(0.9))"),
    ("transformer", "epsilon 1e-6", "epsilon is 0.001 in Keras, 1e-06 in Flax"),
    ("transformer", "gelu by tanh", "what stands before this layer differs"),
    ("transformer", "Optax's adam", "before the bias correction"),
]
"""Each default by itself, as a mutant, with a cause that the ladder names."""

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
"""Of every rung's mistakes, some."""
LEFT_OUT = {("cnn", "LeCun's kernels"), ("transformer", "gradients divided by rows again")}
VARIANTS = [(example, each) for example, ports in PORTS.items() for each in ports.VARIANTS]
record_of = cache(climb_with_mutant)


@pytest.mark.parametrize("example", PORTS)
def test_a_port_made_equal_passes(example: str):
    report = climb_with(example)
    assert report.passed, report.first_difference


@pytest.mark.parametrize(("example", "rung", "tensor", "cause"), AS_THEY_COME)
def test_a_port_as_it_comes_is_told_apart(example: str, rung: str, tensor: str, cause: str):
    module = load_example(example)
    port = module.make_port(as_it_comes=True)
    report = climb(reference_of(example), port, module.make_batches())
    last = report.rungs[-1]
    assert (last.name, last.parting.tensor if last.parting else "") == (rung, tensor), str(report)
    assert cause in str(report.first_difference)


@pytest.mark.parametrize(("example", "name", "cause"), DEFAULTS)
def test_each_default_is_named(example: str, name: str, cause: str):
    (mutant,) = (each for each in PORTS[example].MUTANTS if each.name == name)
    assert cause in record_of(example, mutant).sentence


@pytest.mark.parametrize(
    ("example", "mutant"),
    [
        (example, each)
        for example, ports in PORTS.items()
        for each in ports.MUTANTS
        if each.name in SPREAD and (example, each.name) not in LEFT_OUT
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_mutant_is_found_where_it_was_expected(example: str, mutant: Mutant):
    record = record_of(example, mutant)
    assert record.is_in_place, record.sentence


@pytest.mark.parametrize(
    "name", ["layers made in another order", "padded by hand", "dropout before relu"]
)
def test_a_variant_passes(name: str):
    ((example, variant),) = (pair for pair in VARIANTS if pair[1].name == name)
    record = climb_with_variant(example, variant)
    assert record.has_passed, record.sentence


def test_keras_own_embedding_squares_gradients_apart():
    """Both optimizers do the same with the same gradient, and yet a step differs."""
    example = load_example("transformer", ("seen = Embedding(", "seen = make.Embedding("))
    report = climb(KerasTwin(example.build_keras), example.make_port(), example.make_batches())
    last = report.rungs[-1]
    assert last.parting is not None
    assert (last.name, last.parting.tensor) == (ONE_STEP, "embedding/embeddings")


@pytest.mark.parametrize("example", PORTS)
def test_an_example_can_be_read(example: str):
    lines = (EXAMPLES / f"{example}.py").read_text().splitlines()
    assert max(map(len, lines)) <= 88
