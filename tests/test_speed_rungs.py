"""Each rung trains the same model: a few steps of the real thing against the oracle."""

import os
from collections import defaultdict
from dataclasses import replace
from pkgutil import resolve_name

import numpy as np
import pytest

from benchmarks.implementations import ORACLE, build_implementation
from benchmarks.runner.processes import Report, run_in_process
from benchmarks.speed.plan import all_rungs, why_not
from shared.draws import Draws, draw_shared
from shared.experiment import Experiment
from shared.parameters import Parameters, largest_difference
from shared.timing import EpochClock, SpeedRung, Workload
from tests.made_examples import made_examples

EXPERIMENT = Experiment(num_epochs=2, randomness="shared")
NUM_ROWS = EXPERIMENT.batch_size + 24
NUM_SEEDS = 2
"""Of the rung that trains many at once."""
ROUNDING = 3e-8
"""What two steps in float32 leave of it in weights below 0.25."""


def few_rows(num_seeds: int) -> tuple[Draws, ...]:
    """Two steps an epoch, the second smaller; each seed has weights and orders of its own."""
    draws = [draw_shared(replace(EXPERIMENT, seed=seed)) for seed in range(num_seeds)]
    return tuple(
        replace(each, orders=np.stack([order[order < NUM_ROWS] for order in each.orders]))
        for each in draws
    )


def train_oracle(draws: Draws, num_epochs: int) -> Parameters:
    oracle, rows = build_implementation(ORACLE, EXPERIMENT), made_examples(NUM_ROWS)
    oracle.set_parameters(draws.parameters)
    oracle.fit(rows, validation=rows, orders=draws.orders[:num_epochs], on_epoch=lambda _: None)
    return oracle.get_parameters()


def train_rungs(_report: Report, rungs: list[SpeedRung]) -> dict[str, tuple[EpochClock, float]]:
    """Trains each rung for one call; its clock, and the largest difference from the oracle."""
    os.environ.update(rungs[0].variables)
    outcomes = {}
    # The one that needs several devices comes first: JAX counts them once.
    for rung in sorted(rungs, key=lambda rung: rung.measure == "latency"):
        draws = few_rows(NUM_SEEDS if rung.measure == "throughput" else 1)
        workload = Workload(
            rung=rung,
            experiment=EXPERIMENT,
            training=made_examples(NUM_ROWS),
            parameters=tuple(each.parameters for each in draws),
        )
        trainer = resolve_name(rung.trainer)(workload)
        clock = EpochClock()
        num_epochs = min(rung.epochs_per_call, EXPERIMENT.num_epochs)
        trainer.train(np.stack([each.orders[:num_epochs] for each in draws]), clock)
        expected = [train_oracle(each, num_epochs) for each in draws]
        difference = np.max(list(map(largest_difference, trainer.get_parameters(), expected)))
        outcomes[rung.name] = (clock, difference)
    return outcomes


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[EpochClock, float]]:
    """One process for rungs that share a folder and an environment."""
    folder = tmp_path_factory.mktemp("rungs")
    groups: dict[tuple, list[SpeedRung]] = defaultdict(list)
    for rung in all_rungs():
        if why_not(rung, "cpu") is None:
            groups[rung.trainer.partition(".")[0], rung.variables].append(rung)
    together = {}
    for number, group in enumerate(groups.values()):
        together |= run_in_process(train_rungs, group, log=folder / f"{number}.log")
    return together


@pytest.mark.slow
@pytest.mark.parametrize("rung", all_rungs(), ids=lambda rung: rung.name)
def test_a_few_steps_are_those_of_the_oracle(rung: SpeedRung, outcomes):
    reason = why_not(rung, "cpu")
    if reason:
        pytest.skip(reason)
    clock, difference = outcomes[rung.name]
    assert difference <= ROUNDING * min(rung.epochs_per_call, EXPERIMENT.num_epochs)
    assert min(clock.epoch_seconds) > 0
