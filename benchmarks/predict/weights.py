"""Which weights predict: those of the latest run, of a run that is named, or of one file."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from benchmarks.display.words import network, plural
from benchmarks.implementations import check_names
from benchmarks.options import Context
from benchmarks.predict.picture import shown
from benchmarks.run.results import WEIGHTS_FILE, Results
from benchmarks.runner.output_folder import HOME, UNFINISHED
from benchmarks.runner.records import read_json
from shared.errors import InputError
from shared.experiment import MAXIMUM_HIDDEN_LAYERS, MAXIMUM_HIDDEN_SIZE, DType, Experiment
from shared.network import NUM_CLASSES, NUM_PIXELS
from shared.parameters import Parameters, load_parameters

FRESH_RUN = re.compile(r"\d{4}-\d\d-\d\d-\d{6}-run(-\d+)?")
"""The name that `twins run` gives a folder of its own: first the date and time it began."""
DTYPES: dict[str, DType] = {"F32": "float32", "F64": "float64"}
"""How safetensors names the types that an experiment can have."""
REMEDY = "name one that `twins run` wrote"


@dataclass(frozen=True)
class TrainedWeights:
    """The weights that each implementation is to predict with.

    experiment: of it, only the network and the type are meant.
    dataset_name: what they were trained on; empty where that is not known.
    parameters: by implementation, the reference first.
    """

    source: str
    experiment: Experiment
    dataset_name: str
    parameters: dict[str, Parameters]

    def announce(self, context: Context) -> None:
        """Says whose weights predict; those trained on the stand-in never pass unnoticed."""
        if self.dataset_name == "stand-in":
            notice = "[bold red]weights trained on stand-in images, not Fashion-MNIST"
            context.console.rule(notice, characters="=")
        trained = f", trained on {self.dataset_name}" if self.dataset_name else ""
        form = f"{network(self.experiment)}, {self.experiment.dtype}"
        context.say(f"weights: {self.source} ({form}{trained})")


def find_weights(run: Path | None, file: Path | None, names: tuple[str, ...]) -> TrainedWeights:
    """The weights of the file or of the run; of the latest one under runs/ if neither is named.

    Where no implementations are named, a file is for all there are, a run for its own.
    Raises InputError where there are no such weights, or they cannot be used.
    """
    if file is None:
        return _weights_of_run(run or latest_run(HOME), names)
    return _weights_of_file(file, check_names(names))


def latest_run(home: Path) -> Path:
    """The latest finished `twins run` under `home`, by its name; InputError if there is none."""
    runs = [run for run in home.glob("*") if FRESH_RUN.fullmatch(run.name) and _is_finished(run)]
    if not runs:
        remedy = "name a run's folder with --run or a file of weights with --weights"
        raise InputError(f"{home} holds no finished run: train with `twins run`, or {remedy}")
    return max(runs, key=lambda run: run.name)


def _is_finished(run: Path) -> bool:
    return (run / "results.json").is_file() and not (run / UNFINISHED).exists()


def _weights_of_run(run: Path, names: tuple[str, ...]) -> TrainedWeights:
    if not _is_finished(run):
        remedy = "give --run a folder that `twins run` wrote to its end"
        raise InputError(f"{run} holds no finished run: {remedy}")
    results = read_json(run / "results.json", Results)
    for name in names:
        if name not in results.runs:
            remedy = f"--impl takes {', '.join(results.runs)} there, or --weights one file for all"
            raise InputError(f"{run} holds no weights of {name!r}: {remedy}")
    experiment = results.experiment
    parameters = {}
    for name in check_names(names or tuple(results.runs)):
        file = run / name / WEIGHTS_FILE
        parameters[name] = _checked(load_parameters(file, experiment), file)
    trained = plural(experiment.num_epochs, "epoch")
    source = f"{shown(run)}, each implementation its own, after {trained}"
    return TrainedWeights(source, experiment, results.dataset.name, parameters)


def _weights_of_file(file: Path, names: tuple[str, ...]) -> TrainedWeights:
    if not file.is_file():
        remedy = "--weights takes a safetensors file, --run a whole run"
        raise InputError(f"{file} is no file: {remedy}")
    hidden_sizes, dtype = _network_in(file)
    try:
        experiment = Experiment(hidden_sizes=hidden_sizes, dtype=dtype)
        parameters = load_parameters(file, experiment)
    except InputError as error:
        raise InputError(
            f"{file} holds another network than one of dense layers from {NUM_PIXELS} pixels to "
            f"{NUM_CLASSES} classes, 1 to {MAXIMUM_HIDDEN_LAYERS} of them hidden, with at most "
            f"{MAXIMUM_HIDDEN_SIZE:,} units: {REMEDY}"
        ) from error
    source = f"{shown(file)}, the same in each implementation"
    of_each = dict.fromkeys(names, _checked(parameters, file))
    return TrainedWeights(source, experiment, _dataset_beside(file), of_each)


def _network_in(file: Path) -> tuple[tuple[int, ...], DType]:
    """The hidden sizes and the type that a file's header tells of, if all is as in a run's."""
    try:
        with safe_open(file, framework="numpy") as tensors:
            slices = {name: tensors.get_slice(name) for name in tensors.keys()}  # noqa: SIM118
            shapes = {name: each.get_shape() for name, each in slices.items()}
            dtypes = {each.get_dtype() for each in slices.values()}
    except (OSError, SafetensorError) as error:
        raise InputError(f"{file} is no readable safetensors file ({error}): {REMEDY}") from error
    if len(dtypes) != 1 or not dtypes <= set(DTYPES):
        found = ", ".join(sorted(dtypes)) or "nothing"
        raise InputError(f"{file} holds {found}, not tensors of F32 or of F64 alone: {REMEDY}")
    biases = [shapes.get(f"hidden_{index}/bias", ()) for index in range(1, len(shapes) // 2)]
    return tuple(size for bias in biases for size in bias), DTYPES[dtypes.pop()]


def _dataset_beside(file: Path) -> str:
    """What the run trained on that the file is part of, `RUN/NAME/weights.safetensors`, if any."""
    try:
        return read_json(file.resolve().parent.parent / "results.json", Results).dataset.name
    except InputError:  # a file on its own
        return ""


def _checked(parameters: Parameters, file: Path) -> Parameters:
    for name, array in parameters.named_arrays():
        if not np.isfinite(array).all():
            raise InputError(f"{file} holds values in {name} that are no numbers: {REMEDY}")
    return parameters
