"""Records as files: written whole or not at all, known and checked when they are read."""

from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import Literal, TypeVar

import msgspec

from benchmarks.registry import STUDIES
from benchmarks.runner.environment import Environment
from benchmarks.runner.output_folder import whole_file
from shared.data.dataset import DatasetDescription
from shared.errors import InputError
from shared.experiment import Experiment
from shared.files import read_file

AnyRecord = TypeVar("AnyRecord")

MAXIMUM_BYTES = 100_000_000
"""Of a file; a sweep's takes some 8,000 for each training."""
SMALLEST_NUMBER, LARGEST_NUMBER = 1e-30, 1e18
"""Beyond anything that is measured here; an axis that reached so far would show nothing else."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """What the file of every study says, whatever was measured.

    study: whose record it is, a name in `benchmarks.registry.STUDIES`.
    schema_version: version 1 did not name its study, and a swap said nothing of its making.
    """

    study: str
    schema_version: Literal[2] = 2
    dataset: DatasetDescription
    experiment: Experiment
    environment: Environment

    def ran_on(self) -> dict[str, str]:
        """What each implementation's arithmetic ran on, by its name, where that is known."""
        return {}


def check(is_sound: bool, what: str) -> None:
    """For the checks that a record makes of itself, beyond what types can say.

    Raises:
        ValueError: the record is not sound; where a file is read, msgspec says where.
    """
    if not is_sound:
        raise ValueError(what)


def write_json(record: object, path: Path) -> None:
    """Writes a record whole or not at all."""
    with whole_file(path) as partial:
        partial.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")


def read_json(path: Path, record_type: type[AnyRecord]) -> AnyRecord:
    """Reads and checks a record.

    Raises:
        InputError: the file is missing or is not such a record.
    """
    try:
        return msgspec.json.decode(read_file(path, MAXIMUM_BYTES), type=record_type)
    except (OSError, msgspec.DecodeError, InputError) as error:
        raise InputError(
            f"{path} cannot be read as {record_type.__name__} ({error}): "
            "name a file that this program wrote"
        ) from error


def recognise(content: bytes) -> Record | None:
    """The record that a file's content is; None where it is none of a study, or not sound."""
    try:
        raw = msgspec.json.decode(content)
        if not isinstance(raw, dict) or not _has_usable_numbers(raw):
            return None
        return msgspec.convert(raw, resolve_name(STUDIES[raw["study"]]))
    except (msgspec.MsgspecError, InputError, KeyError, TypeError, RecursionError, UnicodeError):
        return None


def _has_usable_numbers(raw: object) -> bool:
    """Whether each number in a decoded file, at any depth, is 0 or of a size that is measured."""
    waiting = [raw]
    while waiting:
        value = waiting.pop()
        match value:
            case dict():
                waiting += value.values()
            case list():
                waiting += value
            case int() | float() if value and not SMALLEST_NUMBER < abs(value) < LARGEST_NUMBER:
                return False
    return True
