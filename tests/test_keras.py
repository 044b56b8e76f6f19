"""What the Keras side promises and only Keras can show, in a process of its own."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from benchmarks.implementations import BuilderName, build_implementation
from benchmarks.runner.processes import Report, run_in_process
from shared.draws import sha256_of
from shared.experiment import Experiment
from shared.parameters import glorot_parameters
from tests.conftest import COUNTS_OF_THREADS
from tests.made_examples import made_examples

EXPERIMENT = Experiment(hidden_sizes=(20, 10))
NUM_ROWS = 300 * 32 + 24
"""More steps than one bulk holds, and the last batch of 24."""


@pytest.fixture(autouse=True)
def _threads_as_users_have_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in COUNTS_OF_THREADS:
        monkeypatch.delenv(name)


def fit_each_way(_report: Report) -> dict[str, tuple[str, int]]:
    """Digest of the weights and number of step losses after an epoch, by builder."""
    examples = made_examples(NUM_ROWS)
    generator = np.random.default_rng(1)
    parameters = glorot_parameters(EXPERIMENT, generator)
    order = generator.permutation(NUM_ROWS)[np.newaxis]
    outcomes = {}
    for builder in get_args(BuilderName):
        keras = build_implementation("keras", EXPERIMENT, builder)
        keras.set_parameters(parameters)
        report = keras.fit(examples, validation=examples, orders=order, on_epoch=lambda _: None)
        trained = sha256_of(*(array for _, array in keras.get_parameters().named_arrays()))
        outcomes[builder] = (trained, len(report.step_losses))
    return outcomes


@pytest.mark.slow
def test_steps_in_bulk_and_recorded_steps_are_the_same_steps_bit_for_bit(tmp_path: Path):
    outcomes = run_in_process(fit_each_way, log=tmp_path / "log")
    assert len({trained for trained, _ in outcomes.values()}) == 1
    num_losses = {builder: number for builder, (_, number) in outcomes.items()}
    assert num_losses == {"build": 0, "build_recording": 301, "build_in_bulk": 0}


def train_beside_another(_report: Report) -> tuple[str, str]:
    """Digests of a twin's weights after two fits, alone, and with another built between them."""
    examples = made_examples(56)
    digests = []
    for is_alone in (True, False):
        keras = build_implementation("keras", EXPERIMENT)
        keras.set_parameters(glorot_parameters(EXPERIMENT, np.random.default_rng(1)))
        for _ in range(2):
            order = np.arange(56)[np.newaxis]
            keras.fit(examples, validation=examples, orders=order, on_epoch=lambda _: None)
            if not is_alone:
                build_implementation("keras", EXPERIMENT, "build_in_bulk")
        digests.append(sha256_of(*(array for _, array in keras.get_parameters().named_arrays())))
    alone, beside = digests
    return alone, beside


@pytest.mark.slow
def test_building_another_model_leaves_the_earlier_ones_as_they_are(tmp_path: Path):
    alone, beside = run_in_process(train_beside_another, log=tmp_path / "log")
    assert alone == beside
