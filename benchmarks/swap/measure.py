"""Evaluates the weights that each implementation trained in every implementation.

Weights travel as the safetensors files of a run. Where two implementations are
the same function, foreign weights give the same predictions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.implementations import build_implementation
from benchmarks.options import Context
from benchmarks.run.results import WEIGHTS_FILE, Results
from benchmarks.runner.processes import Report, run_in_process
from benchmarks.runner.records import read_json
from benchmarks.swap.command import SwapCommand
from benchmarks.swap.results import SwapReport, SwapResult
from shared.data.dataset import RawDataset, describe, split_and_scale
from shared.errors import InputError
from shared.experiment import DType, Experiment
from shared.parameters import Parameters, load_parameters

LOSS_TOLERANCE: dict[DType, float] = {"float32": 2e-6, "float64": 1e-13}
"""Rounding of a mean of 10,000 losses; after 30 epochs in float32, 1.2e-7 was measured."""


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """Test loss and predicted classes, (10000,), of one set of weights."""

    loss: float
    classes: NDArray[np.uint8]


def exchange(command: SwapCommand, context: Context, folder: Path) -> SwapReport:
    """Evaluates all weights of a run in all its implementations; logs go into `folder`.

    Raises InputError where there is no finished run of two implementations and of these images.
    """
    run = command.run
    results = read_json(run / "results.json", Results)
    experiment = results.experiment
    if len(results.runs) < 2:
        raise InputError(f"{run} holds one implementation: swap needs a run of two")
    weights = {
        name: load_parameters(run / name / WEIGHTS_FILE, experiment) for name in results.runs
    }
    raw = context.load_images(command.images)
    if describe(raw).sha256 != results.dataset.sha256:
        raise InputError(
            f"{run} was trained on {results.dataset.name}, other data than {raw.name} here: "
            "give the --data that it was trained on"
        )
    evaluated = {
        name: run_in_process(
            evaluate_all, name, experiment, raw, weights, log=folder / f"{name}.log"
        )
        for name in weights
    }
    swaps = tuple(
        compare(*names, evaluated, experiment.dtype) for names in permutations(evaluated, 2)
    )
    return SwapReport(
        dataset=results.dataset,
        experiment=experiment,
        environment=context.describe_environment(),
        dtype=experiment.dtype,
        passed=all(swap.passed for swap in swaps),
        swaps=swaps,
    )


def evaluate_all(
    _report: Report,
    name: str,
    experiment: Experiment,
    raw: RawDataset,
    weights: Mapping[str, Parameters],
) -> dict[str, Evaluated]:
    """What runs in each child process: everyone's weights in one implementation."""
    implementation = build_implementation(name, experiment)
    test = split_and_scale(raw, experiment.dtype).test
    evaluated = {}
    for trained_in, parameters in weights.items():
        implementation.set_parameters(parameters)
        classes = implementation.predict(test.images).classes.astype(np.uint8)
        evaluated[trained_in] = Evaluated(loss=implementation.evaluate(test).loss, classes=classes)
    return evaluated


def compare(
    trained_in: str,
    evaluated_in: str,
    evaluated: Mapping[str, Mapping[str, Evaluated]],
    dtype: DType,
) -> SwapResult:
    """Lays one exchange beside the same weights at home; `evaluated` by place, then by trainer."""
    home, abroad = evaluated[trained_in][trained_in], evaluated[evaluated_in][trained_in]
    num_differing = int(np.count_nonzero(home.classes != abroad.classes))
    return SwapResult(
        trained_in=trained_in,
        evaluated_in=evaluated_in,
        home_loss=home.loss,
        loss=abroad.loss,
        num_differing_predictions=num_differing,
        passed=num_differing == 0 and abs(home.loss - abroad.loss) <= LOSS_TOLERANCE[dtype],
    )
