"""Results: what a run measured, as typed records, and their one file, `results.json`.

Raw values are stored; whatever can be computed from them is computed on reading.

Format history: version 1, the first.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from shared.data.dataset import DatasetDescription
from shared.documented import Verdict
from shared.errors import InputError
from shared.experiment import Experiment
from shared.protocol import EpochMetrics, Evaluation

SCHEMA_VERSION = 1

Record = TypeVar("Record")


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What the run stood on.

    flags: `NAME=value` of variables that steer frameworks.
    command: the words of the command that was typed.
    """

    python: str
    platform: str
    processor: str
    num_cores: int
    packages: dict[str, str]
    git_commit: str
    flags: tuple[str, ...]
    command: tuple[str, ...]


class Seconds(msgspec.Struct, frozen=True, kw_only=True, rename={"import_": "import"}):
    """Wall-clock seconds: importing the framework, compiling, each epoch with validation.

    A msgspec struct, not a dataclass, because the file's key `import` is no Python name.
    """

    import_: float
    compile: float
    epochs: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class ImplementationRun:
    """What one implementation did.

    confusion: (10, 10) counts of test images, rows true classes, columns predicted.
    first_probabilities: (3, 10), of the first three test images.
    data_sha256: of the arrays that arrived in the implementation's process.
    """

    device: str
    history: tuple[EpochMetrics, ...]
    test: Evaluation
    first_predictions: tuple[int, ...]
    first_probabilities: tuple[tuple[float, ...], ...]
    confusion: tuple[tuple[int, ...], ...]
    seconds: Seconds
    data_sha256: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A documented figure beside what each implementation reached."""

    name: str
    documented: float | tuple[int, ...]
    tolerance: float | None
    measured: dict[str, float | tuple[int, ...] | None]
    verdicts: dict[str, Verdict]


@dataclass(frozen=True, kw_only=True)
class Results:
    """A whole run, as `results.json` holds it.

    in_bulk: whether frameworks ran many steps at a time where they can, so that
        seconds are not those of the documented way to train.
    """

    schema_version: int
    dataset: DatasetDescription
    experiment: Experiment
    environment: Environment
    runs: dict[str, ImplementationRun]
    documented: tuple[Comparison, ...]
    why_not_applicable: str | None
    in_bulk: bool = False


def write_json(record: object, path: Path) -> None:
    """Writes a record whole or not at all: to a file beside it, then moved into place."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
    partial.replace(path)


def read_json(path: Path, record_type: type[Record]) -> Record:
    """Reads and checks a record.

    Raises:
        InputError: the file is missing or is not such a record.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=record_type)
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(
            f"{path} cannot be read as {record_type.__name__} ({error}): "
            "name a file that this program wrote"
        ) from error
