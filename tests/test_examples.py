"""The examples of `docs/examples`: the ports made equal pass, and as they come are told apart."""

import pytest

from parity import KerasTwin, climb
from parity.questions import INFERENCE, ONE_STEP, PARAMETERS, RANDOMNESS
from tests.mutants.climbs import PORTS, climb_with, climb_with_mutant, reference_of
from tests.mutants.registry import EXAMPLES, load_example

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
    ("transformer", "Optax' adam", "before the bias correction"),
]
"""Each default by itself, as a mutant, with a cause that the ladder names."""


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
    assert cause in climb_with_mutant(example, mutant).sentence


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
