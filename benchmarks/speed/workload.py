"""What every rung is given: weights and orders from the same draws, and what must come of them."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.implementations import ORACLE, build_implementation
from benchmarks.runner.processes import Report, run_side_by_side, usable_cores
from benchmarks.speed.measure import MeasurementJob
from shared.data.dataset import RawDataset, training_examples
from shared.draws import Draws, draw_shared
from shared.experiment import Experiment
from shared.parameters import Parameters
from shared.protocol import EpochMetrics, Examples
from shared.timing import Device, SpeedRung

OfSeed = TypeVar("OfSeed")

SEEDS_PER_CORE = 1
SEEDS_ON_GPU = 64
NUM_CHECKED_SEEDS = 2
"""Of many seeds trained at once the oracle trains so many, one of them not the first."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How rungs are measured.

    num_warm_ups: calls after the first, which compiles, that do not count.
    num_samples: epochs of a process that count, at least.
    variables: set in every measured process.
    """

    device: Device
    num_rounds: int
    num_warm_ups: int
    num_samples: int
    variables: Mapping[str, str]


def measurement_jobs(
    rungs: Sequence[SpeedRung], experiment: Experiment, raw: RawDataset, plan: Plan, log: Path
) -> list[MeasurementJob]:
    """A job for each rung; the oracle trains first, to know what each must come to.

    Raises:
        RunFailedError: the oracle failed.
    """
    most_seeds = max(num_seeds(rung, plan.device) for rung in rungs)
    most_epochs = max(rung.epochs_per_call for rung in rungs)
    longest = replace(experiment, num_epochs=most_epochs, randomness="shared")
    draws = tuple(
        draw_shared(replace(longest, seed=experiment.seed + number)) for number in range(most_seeds)
    )
    checked = draws[:NUM_CHECKED_SEEDS]
    trained = run_side_by_side(
        train_oracle,
        [(longest, raw, each) for each in checked],
        log=log,
        num_processes=len(checked),
    )
    expected = tuple(after for _, after in sorted(trained, key=itemgetter(0)))
    return [
        MeasurementJob(
            rung=rung,
            experiment=experiment,
            raw=raw,
            parameters=tuple(each.parameters for each in _own(draws, rung, plan)),
            orders=np.stack(
                [each.orders[: rung.epochs_per_call] for each in _own(draws, rung, plan)]
            ),
            expected=tuple(after[rung.epochs_per_call - 1] for after in _own(expected, rung, plan)),
            device=plan.device,
            num_warm_ups=plan.num_warm_ups,
            num_samples=math.ceil(plan.num_samples / rung.epochs_per_call),
            variables={**plan.variables, **dict(rung.variables)},
        )
        for rung in rungs
    ]


def _own(of_seeds: tuple[OfSeed, ...], rung: SpeedRung, plan: Plan) -> tuple[OfSeed, ...]:
    """Of what there is for each seed, what the rung needs."""
    return of_seeds[: num_seeds(rung, plan.device)]


def num_seeds(rung: SpeedRung, device: str) -> int:
    """How many trainings a rung does at a time."""
    if rung.measure == "latency":
        return 1
    if device == "gpu":
        return SEEDS_ON_GPU
    return SEEDS_PER_CORE * (len(usable_cores()) or os.cpu_count() or 1)


def train_oracle(
    _report: Report, experiment: Experiment, raw: RawDataset, draws: Draws
) -> tuple[Parameters, ...]:
    """The oracle's weights after each epoch."""
    training = training_examples(raw, experiment.dtype)
    oracle = build_implementation(ORACLE, replace(experiment, dtype="float64"))
    oracle.set_parameters(draws.parameters)
    after_each: list[Parameters] = []

    def on_epoch(_metrics: EpochMetrics) -> None:
        after_each.append(oracle.get_parameters())

    few = Examples(images=training.images[:1], labels=training.labels[:1])
    oracle.fit(training, validation=few, orders=draws.orders, on_epoch=on_epoch)
    return tuple(after_each)
