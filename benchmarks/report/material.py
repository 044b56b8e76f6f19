"""What a report is made of: every record in the files and folders that were named.

A file is known by what it holds, not by its name, so that a folder of collected
results is read like the folder of a single command.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from benchmarks.runner.output_folder import why_unfinished
from benchmarks.runner.plan import PLANS
from benchmarks.runner.records import MAXIMUM_BYTES, Record, recognise
from benchmarks.speed.results import SpeedResults
from shared.errors import InputError
from shared.files import read_file

AnyRecord_co = TypeVar("AnyRecord_co", bound=Record, covariant=True)

REMEDY = (
    "name output folders of `twins run`, `parity`, `swap`, `drift`, `seeds`, `defaults` or "
    "`speed`, or the .json files in them"
)


@dataclass(frozen=True, kw_only=True)
class Found(Generic[AnyRecord_co]):
    """A record and where it was.

    source: its folder's and its own name, for people; no full path, since pages are shared.
    folder: what belongs to the record, weights for instance, lies there.
    """

    record: AnyRecord_co
    source: str
    folder: Path


@dataclass(frozen=True, kw_only=True)
class Material:
    """All that was found.

    unfinished: what the marker of each unfinished folder says, with the folder's name.
    left_out: names of .json files in folders that hold nothing a report shows.
    """

    found: tuple[Found[Record], ...]
    unfinished: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def read_material(paths: Sequence[Path]) -> Material:
    """Reads everything that a report can show from files and from folders, not below them.

    Raises:
        InputError: a path is not there, cannot be read, or holds nothing that a report shows.
    """
    if not paths:
        raise InputError(f"nothing to report on: {REMEDY}; benchmarks/results for instance")
    files: dict[Path, Record | None] = {}
    markers: dict[str, None] = {}
    for path in map(Path.resolve, paths):
        try:
            own = {file: _shown_record(file) for file in _files_of(path)}
        except OSError as error:
            place = error.filename or path
            raise InputError(f"{place} cannot be read ({error.strerror}): {REMEDY}") from error
        folder = path if path.is_dir() else path.parent
        unfinished = why_unfinished(folder)
        if not any(own.values()):
            reason = f"; it is unfinished ({unfinished})" if unfinished else ""
            raise InputError(f"{path} holds no record that a report shows{reason}: {REMEDY}")
        files |= own
        markers |= {f"{folder.name}: {unfinished}": None} if unfinished else {}
    found, left_out = [], []
    for file, record in files.items():
        source = f"{file.parent.name}/{file.name}"
        if record is None:
            left_out.append(source)
        else:
            found.append(Found(record=record, source=source, folder=file.parent))
    return Material(found=tuple(found), unfinished=tuple(markers), left_out=tuple(left_out))


def _files_of(path: Path) -> list[Path]:
    """The .json files of a folder but plans, `speed.json` before `speed-growth.json`; or a file."""
    if not path.is_dir():
        return [path]
    files = (file for file in path.glob("*.json") if file.is_file() and file.name not in PLANS)
    return sorted(files, key=lambda file: file.stem)


def _shown_record(file: Path) -> Record | None:
    record = recognise(read_file(file, MAXIMUM_BYTES))
    # A measurement of speed that was broken off before its first rung holds nothing yet.
    return None if isinstance(record, SpeedResults) and not record.rungs else record
