"""Records as files: written whole or not at all, checked when they are read."""

from pathlib import Path
from typing import TypeVar

import msgspec

from shared.errors import InputError

Record = TypeVar("Record")

LARGEST_NUMBER = 1e18
"""Beyond anything that is measured here; an axis that reached so far would show nothing else."""


def check(is_sound: bool, what: str) -> None:
    """For the checks that a record makes of itself, beyond what types can say.

    Raises:
        ValueError: the record is not sound; where a file is read, msgspec says where.
    """
    if not is_sound:
        raise ValueError(what)


def has_usable_numbers(raw: object) -> bool:
    """Whether no number in a decoded file, at any depth, is larger than any measurement."""
    waiting = [raw]
    while waiting:
        value = waiting.pop()
        match value:
            case dict():
                waiting += value.values()
            case list():
                waiting += value
            case int() | float() if abs(value) > LARGEST_NUMBER:
                return False
    return True


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
