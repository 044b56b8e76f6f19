"""Which weights predict: those of the latest run, of a run that is named, or of one file."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from benchmarks.implementations import check_names
from benchmarks.predict.files import shown
from benchmarks.run.results import Results
from benchmarks.runner.output_folder import HOME, UNFINISHED
from benchmarks.runner.records import read_json
from shared.errors import InputError
from shared.experiment import DType, Experiment
from shared.network import NUM_CLASSES, NUM_PIXELS
from shared.parameters import Parameters, load_parameters

FRESH_RUN = re.compile(r"\d{4}-\d\d-\d\d-\d{6}-run(-\d+)?")
"""The name that `twins run` gives a folder of its own: first the date and time it began."""
DTYPES: dict[str, DType] = {"F32": "float32", "F64": "float64"}
"""How safetensors names the types that an experiment can have."""
REMEDY = "name one that `twins run` wrote"


@dataclass(frozen=True, kw_only=True)
class TrainedWeights:
    """The weights that each implementation is to predict with.

    source: where they come from, for people.
    experiment: of it, only the network and the type are meant.
    dataset_name: what they were trained on; empty where that is not known.
    parameters: by implementation, the reference first.
    """

    source: str
    experiment: Experiment
    dataset_name: str
    parameters: dict[str, Parameters]


def find_weights(run: Path | None, file: Path | None, names: tuple[str, ...]) -> TrainedWeights:
    """Finds and reads the weights of the file or of the run; of the latest one if neither is named.

    Args:
        run: the output folder of a finished `twins run`.
        file: a safetensors file; every implementation takes its weights.
        names: the implementations asked for; none for all there are, or all of the run.

    Raises:
        InputError: there are no such weights, or they cannot be used.
    """
    if file is not None:
        return _weights_of_file(file, check_names(names))
    return _weights_of_run(latest_run(HOME) if run is None else run, names)


def latest_run(home: Path) -> Path:
    """The folder of the latest finished `twins run` among those under `home`, by their names.

    Raises:
        InputError: there is none.
    """
    folders = home.iterdir() if home.is_dir() else ()
    runs = [each for each in folders if FRESH_RUN.fullmatch(each.name) and _is_finished(each)]
    if not runs:
        raise InputError(
            f"there is no finished run under {home} to take weights from: train with `twins run`, "
            "or name a run's folder with --run or a file of weights with --weights"
        )
    return max(runs, key=lambda run: run.name)


def _is_finished(run: Path) -> bool:
    return (run / "results.json").is_file() and not (run / UNFINISHED).exists()


def _weights_of_run(run: Path, names: tuple[str, ...]) -> TrainedWeights:
    if not _is_finished(run):
        raise InputError(
            f"{run} holds no finished run: give --run a folder that `twins run` wrote to its end"
        )
    results = read_json(run / "results.json", Results)
    for name in names:
        if name not in results.runs:
            raise InputError(
                f"{run} holds no weights of {name!r}: --impl takes {', '.join(results.runs)} "
                "there, or --weights one file for all"
            )
    chosen = check_names(names or tuple(results.runs))
    files = {name: run / name / "weights.safetensors" for name in chosen}
    num_epochs = results.experiment.num_epochs
    trained = "1 epoch" if num_epochs == 1 else f"{num_epochs} epochs"
    return TrainedWeights(
        source=f"{shown(run)}, each implementation its own, after {trained}",
        experiment=results.experiment,
        dataset_name=results.dataset.name,
        parameters={name: _load(file, results.experiment) for name, file in files.items()},
    )


def _weights_of_file(file: Path, names: tuple[str, ...]) -> TrainedWeights:
    if not file.is_file():
        wrong = "is a folder" if file.is_dir() else "is no file"
        raise InputError(
            f"{file} {wrong}: --weights takes a safetensors file, --run the folder of a run"
        )
    experiment = _experiment_of(file)
    parameters = _load(file, experiment)
    return TrainedWeights(
        source=f"{shown(file)}, the same in each implementation",
        experiment=experiment,
        dataset_name=_dataset_beside(file),
        parameters=dict.fromkeys(names, parameters),
    )


def _dataset_beside(file: Path) -> str:
    """What the run trained on that the file is part of, `RUN/NAME/weights.safetensors`, if any."""
    try:
        results = read_json(file.resolve().parent.parent / "results.json", Results)
    except InputError:  # a file on its own
        return ""
    return results.dataset.name


def _load(file: Path, experiment: Experiment) -> Parameters:
    parameters = load_parameters(file, experiment)
    for name, array in parameters.named_arrays():
        if not np.isfinite(array).all():
            raise InputError(f"{file} holds values in {name} that are no numbers: {REMEDY}")
    return parameters


def _experiment_of(file: Path) -> Experiment:
    """The experiment whose network has the shapes and the type of the file's tensors.

    Raises:
        InputError: they are no layers from 784 pixels to 10 classes.
    """
    try:
        with safe_open(file, framework="numpy") as tensors:
            slices = {name: tensors.get_slice(name) for name in tensors.keys()}  # noqa: SIM118
            shapes = {name: tuple(each.get_shape()) for name, each in slices.items()}
            dtypes = {each.get_dtype() for each in slices.values()}
    except (OSError, SafetensorError) as error:
        raise InputError(f"{file} is no readable safetensors file ({error}): {REMEDY}") from error
    if len(dtypes) != 1 or not dtypes <= set(DTYPES):
        found = ", ".join(sorted(dtypes)) or "nothing"
        raise InputError(f"{file} holds {found}, not tensors of F32 or of F64 alone: {REMEDY}")
    return _experiment(file, _hidden_sizes(file, shapes), DTYPES[dtypes.pop()])


def _hidden_sizes(file: Path, shapes: dict[str, tuple[int, ...]]) -> tuple[int, ...]:
    num_hidden = sum(re.fullmatch(r"hidden_\d+/kernel", name) is not None for name in shapes)
    names = [*(f"hidden_{index}" for index in range(1, num_hidden + 1)), "output"]
    biases = [shapes.get(f"{name}/bias", ()) for name in names]
    widths = (NUM_PIXELS, *(bias[0] if len(bias) == 1 else 0 for bias in biases))
    expected: dict[str, tuple[int, ...]] = {}
    for name, fan_in, fan_out in zip(names, widths[:-1], widths[1:], strict=True):
        expected |= {f"{name}/kernel": (fan_in, fan_out), f"{name}/bias": (fan_out,)}
    if shapes != expected or widths[-1] != NUM_CLASSES:
        raise InputError(
            f"{file} holds another network than one of dense layers from {NUM_PIXELS} pixels to "
            f"{NUM_CLASSES} classes: {REMEDY}"
        )
    return widths[1:-1]


def _experiment(file: Path, hidden_sizes: tuple[int, ...], dtype: DType) -> Experiment:
    try:
        return Experiment(hidden_sizes=hidden_sizes, dtype=dtype)
    except InputError as error:
        sizes = "→".join(map(str, (NUM_PIXELS, *hidden_sizes, NUM_CLASSES)))
        raise InputError(
            f"{file} holds a network {sizes}, which is out of range: {REMEDY}"
        ) from error
