"""What the Keras side promises and only Keras can show, in a process of its own."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.implementations import BuilderName, build_implementation
from benchmarks.runner.processes import Report, run_in_process
from shared.draws import sha256_of
from shared.experiment import Experiment
from shared.parameters import Parameters, glorot_parameters
from shared.protocol import Examples

EXPERIMENT = Experiment(hidden_sizes=(20, 10))
NUM_ROWS = 300 * 32 + 24
"""More steps than one bulk holds, and the last batch of 24."""


def made_examples() -> Examples:
    generator = np.random.default_rng(0)
    images = generator.random((NUM_ROWS, 28, 28), np.float32)
    labels = generator.integers(0, 10, NUM_ROWS).astype(np.int32)
    return Examples(images=images, labels=labels)


def fit_two_ways(_report: Report) -> list[tuple[str, int]]:
    """Digest of the weights, and number of step losses, after an epoch in bulk and by steps."""
    examples = made_examples()
    generator = np.random.default_rng(1)
    parameters = glorot_parameters(EXPERIMENT, generator)
    order = generator.permutation(NUM_ROWS)[np.newaxis]
    outcomes = []
    purposes: tuple[BuilderName, ...] = ("build", "build_in_bulk", "build_recording")
    for purpose in purposes:
        keras = build_implementation("keras", EXPERIMENT, purpose)
        keras.set_parameters(parameters)
        report = keras.fit(examples, validation=examples, orders=order, on_epoch=lambda _: None)
        outcomes.append((digest(keras.get_parameters()), len(report.step_losses)))
    return outcomes


def digest(parameters: Parameters) -> str:
    return sha256_of(*(array for _, array in parameters.named_arrays()))


@pytest.mark.slow
def test_steps_in_bulk_and_recorded_steps_are_the_same_steps_bit_for_bit(tmp_path: Path):
    plain, in_bulk, recorded = run_in_process(fit_two_ways, log=tmp_path / "log")
    assert plain[0] == in_bulk[0] == recorded[0]
    assert (plain[1], in_bulk[1], recorded[1]) == (0, 0, 301)
