"""Records as files: written whole or not at all, checked when they are read."""

from pathlib import Path
from typing import TypeVar

import msgspec

from shared.errors import InputError

Record = TypeVar("Record")


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
