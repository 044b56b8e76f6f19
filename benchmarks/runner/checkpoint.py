"""Checkpoints: a training as it is after an epoch, for another process to go on with."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from safetensors import SafetensorError, safe_open

from benchmarks.runner.output_folder import whole_file
from benchmarks.runner.records import check
from shared.draws import sha256_of
from shared.errors import InputError
from shared.experiment import Experiment
from shared.parameters import Parameters, load_parameters, save_parameters
from shared.protocol import EpochMetrics

FOLDER = "checkpoints"
"""In each implementation's folder."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A training after the last epoch of its history, in whichever processes; before any, empty.

    Nothing else decides the next epoch: plain SGD remembers only the weights, and every
    generator's state follows from the seed and the number of epochs that it has drawn for.

    epoch_seconds: each with its validation; where the process was killed, as seen from outside
        the framework, so that its first one holds the compilation too.
    """

    parameters: Parameters | None = None
    device: str = ""
    history: tuple[EpochMetrics, ...] = ()
    compile_seconds: float = 0.0
    epoch_seconds: tuple[float, ...] = ()


def store_checkpoint(
    checkpoint: Checkpoint, parameters: Parameters, folder: Path, num_kept: int
) -> None:
    """Writes it, whole or not at all, with these weights; keeps so many, with those before it."""
    folder.mkdir(parents=True, exist_ok=True)
    number = len(checkpoint.history)
    text = msgspec.json.encode(replace(checkpoint, parameters=None)).decode()
    with whole_file(_path(folder, number)) as partial:
        save_parameters(parameters, partial, {"past": text, "sha256": _digest(parameters, text)})
    for other in set(stored_epochs(folder)) - set(range(number, number - num_kept, -1)):
        _path(folder, other).unlink()


def latest_checkpoint(
    folder: Path, experiment: Experiment, say: Callable[[str], None]
) -> Checkpoint:
    """The last one that is whole, or an empty one; says which are not, and are left aside."""
    for number in reversed(stored_epochs(folder)):
        try:
            return _read(_path(folder, number), experiment)
        except (InputError, ValueError, SafetensorError) as error:
            say(f"a damaged checkpoint is left aside: {error}")
    return Checkpoint()


def stored_epochs(folder: Path) -> list[int]:
    """After how many epochs there are checkpoints, rising."""
    numbers = (path.stem.removeprefix("epoch-") for path in folder.glob("epoch-*.safetensors"))
    return sorted(int(number) for number in numbers if number.isdecimal())


def _read(path: Path, experiment: Experiment) -> Checkpoint:
    parameters = load_parameters(path, experiment)
    with safe_open(path, "numpy") as file:
        metadata = file.metadata() or {}
    text = metadata.get("past", "")
    is_whole = metadata.get("sha256") == _digest(parameters, text)
    check(is_whole, f"the digest of {path} is not that of its content")
    return replace(msgspec.json.decode(text, type=Checkpoint), parameters=parameters)


def _digest(parameters: Parameters, text: str) -> str:
    arrays = (array for _, array in parameters.named_arrays())
    return sha256_of(*arrays, np.frombuffer(text.encode(), np.uint8))


def _path(folder: Path, number: int) -> Path:
    return folder / f"epoch-{number}.safetensors"
