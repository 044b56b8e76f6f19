"""`twins swap`: evaluates the weights that each implementation trained in every implementation.

Weights travel as the safetensors files of a run. Where two implementations are
the same function, foreign weights give the same predictions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.display.tables import to_terminal
from benchmarks.implementations import build_implementation
from benchmarks.options import Context
from benchmarks.run.results import Results
from benchmarks.runner.output_folder import output_folder
from benchmarks.runner.processes import Report, run_in_process
from benchmarks.runner.records import read_json, write_json
from benchmarks.swap.command import SwapCommand
from benchmarks.swap.results import SCHEMA_VERSION, SwapReport, SwapResult
from benchmarks.swap.table import swap_table
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


def run_swap(command: SwapCommand, context: Context) -> SwapReport:
    """Exchanges the weights of a run between its implementations.

    Raises:
        InputError: the run's folder does not hold a finished run of the same data.
        RunFailedError: an implementation failed.
    """
    results = read_json(command.run / "results.json", Results)
    names = tuple(results.runs)
    if len(names) < 2:
        raise InputError(f"{command.run} holds one implementation: swap needs a run of two")
    weights = {
        name: load_parameters(command.run / name / "weights.safetensors", results.experiment)
        for name in names
    }
    with output_folder(command.out, "swap") as folder:
        raw = context.load_images(command.images)
        if describe(raw).sha256 != results.dataset.sha256:
            raise InputError(
                f"{command.run} was trained on {results.dataset.name}, other data than "
                f"{raw.name} here: give the --data that it was trained on"
            )
        evaluated = {
            name: run_in_process(
                _evaluate_all, name, results.experiment, raw, weights, log=folder / f"{name}.log"
            )
            for name in names
        }
        report = _report(names, evaluated, results.experiment.dtype)
        write_json(report, folder / "swap.json")
    context.console.print(to_terminal(swap_table(report)))
    context.say(f"outputs: {folder}")
    return report


def _evaluate_all(
    _report: Report,
    name: str,
    experiment: Experiment,
    raw: RawDataset,
    weights: dict[str, Parameters],
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


def _report(
    names: tuple[str, ...], evaluated: dict[str, dict[str, Evaluated]], dtype: DType
) -> SwapReport:
    swaps = tuple(
        _compare(trained_in, evaluated_in, evaluated, dtype)
        for trained_in in names
        for evaluated_in in names
        if evaluated_in != trained_in
    )
    return SwapReport(
        schema_version=SCHEMA_VERSION,
        dtype=dtype,
        passed=all(swap.passed for swap in swaps),
        swaps=swaps,
    )


def _compare(
    trained_in: str, evaluated_in: str, evaluated: dict[str, dict[str, Evaluated]], dtype: DType
) -> SwapResult:
    home, abroad = evaluated[trained_in][trained_in], evaluated[evaluated_in][trained_in]
    num_differing = int(np.count_nonzero(home.classes != abroad.classes))
    is_close = abs(home.loss - abroad.loss) <= LOSS_TOLERANCE[dtype]
    return SwapResult(
        trained_in=trained_in,
        evaluated_in=evaluated_in,
        home_loss=home.loss,
        loss=abroad.loss,
        num_differing_predictions=num_differing,
        passed=num_differing == 0 and is_close,
    )
