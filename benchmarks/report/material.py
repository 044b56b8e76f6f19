"""What a report is made of: every record in the files and folders that were named.

A file is known by what it holds, not by its name, so that a folder of collected
results is read like the folder of a single command.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from benchmarks.defaults.results import DEFAULTS_SCHEMA_VERSION, DefaultsResults
from benchmarks.drift.results import SCHEMA_VERSION as DRIFT_SCHEMA_VERSION
from benchmarks.drift.results import Drift
from benchmarks.parity.results import SCHEMA_VERSION as PARITY_SCHEMA_VERSION
from benchmarks.parity.results import ParityReport
from benchmarks.run.results import SCHEMA_VERSION, Results
from benchmarks.runner.output_folder import UNFINISHED
from benchmarks.runner.records import has_usable_numbers
from benchmarks.seeds.results import SEEDS_SCHEMA_VERSION, SweepResults
from benchmarks.speed.results import SPEED_SCHEMA_VERSION, SpeedResults
from benchmarks.swap.results import SCHEMA_VERSION as SWAP_SCHEMA_VERSION
from benchmarks.swap.results import SwapReport
from shared.errors import InputError

Record = TypeVar("Record")

KINDS: tuple[tuple[type[Any], int], ...] = (
    (Results, SCHEMA_VERSION),
    (ParityReport, PARITY_SCHEMA_VERSION),
    (SwapReport, SWAP_SCHEMA_VERSION),
    (Drift, DRIFT_SCHEMA_VERSION),
    (SweepResults, SEEDS_SCHEMA_VERSION),
    (DefaultsResults, DEFAULTS_SCHEMA_VERSION),
    (SpeedResults, SPEED_SCHEMA_VERSION),
)
"""Every type of record that a report shows, and the version of it that this program reads."""
REMEDY = (
    "name output folders of `twins run`, `parity`, `swap`, `drift`, `seeds`, `defaults` or "
    "`speed`, or the .json files in them"
)


@dataclass(frozen=True, kw_only=True)
class Found(Generic[Record]):
    """A record and where it was.

    source: its folder's and its own name, for people; no full path, since pages are shared.
    folder: what belongs to the record, weights for instance, lies there.
    """

    record: Record
    source: str
    folder: Path


@dataclass(frozen=True, kw_only=True)
class Material:
    """All that was found.

    unfinished: what the marker of each unfinished folder says, with the folder's name.
    left_out: names of .json files in folders that hold nothing a report shows.
    """

    found: tuple[Found[Any], ...]
    unfinished: tuple[str, ...]
    left_out: tuple[str, ...]

    def of(self, record_type: type[Record]) -> tuple[Found[Record], ...]:
        """The records of one type, in the order in which they were named."""
        return tuple(each for each in self.found if isinstance(each.record, record_type))


def read_material(paths: Iterable[Path]) -> Material:
    """Reads everything that a report can show from files and from folders, not below them.

    Raises:
        InputError: a path is not there, cannot be read, or holds nothing that a report shows.
    """
    found: list[Found[Any]] = []
    unfinished: list[str] = []
    left_out: list[str] = []
    for path in dict.fromkeys(path.resolve() for path in paths):
        files = _files_of(path)
        here = {file: recognise(_content(file)) for file in files}
        marker = _marker(path if path.is_dir() else path.parent)
        if not any(here.values()):
            raise InputError(_nothing_in(path, marker))
        found += [
            Found(record=record, source=_source(file), folder=file.parent)
            for file, record in here.items()
            if record is not None
        ]
        left_out += [_source(file) for file, record in here.items() if record is None]
        unfinished += [marker] if marker else []
    distinct = {(each.folder, each.source): each for each in found}
    return Material(
        found=tuple(distinct.values()),
        unfinished=tuple(dict.fromkeys(unfinished)),
        left_out=tuple(dict.fromkeys(left_out)),
    )


def recognise(content: bytes) -> object | None:
    """The record that a file's content is; None where it is none that a report shows."""
    try:
        raw = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    if not isinstance(raw, dict) or not has_usable_numbers(raw):
        return None
    for record_type, version in KINDS:
        record = _converted(raw, record_type)
        if record is not None and raw.get("schema_version") == version and _can_be_shown(record):
            return record
    return None


def _can_be_shown(record: object) -> bool:
    """A measurement of speed that was broken off before its first rung holds nothing yet."""
    return not isinstance(record, SpeedResults) or bool(record.rungs)


def _converted(raw: dict[str, Any], record_type: type[Record]) -> Record | None:
    try:
        if record_type is ParityReport:
            raw = _with_infinity(raw)
        return msgspec.convert(raw, record_type)
    except (msgspec.ValidationError, TypeError, AttributeError):
        return None


def _with_infinity(raw: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinity, which is the difference of two tensors of unequal shape: null is it."""
    rungs = [
        rung | {"difference": float("inf")} if rung.get("difference", 0) is None else rung
        for rung in raw.get("rungs", [])
    ]
    return raw | {"rungs": rungs}


def _files_of(path: Path) -> tuple[Path, ...]:
    try:
        if path.is_dir():
            return tuple(sorted(file for file in path.glob("*.json") if file.is_file()))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): {REMEDY}") from error
    return (path,)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}): {REMEDY}") from error


def _marker(folder: Path) -> str:
    """What the marker of an unfinished folder says; empty where there is none."""
    try:
        text = (folder / UNFINISHED).read_text(errors="replace").strip()
    except FileNotFoundError:
        return ""
    except OSError:
        text = "its marker cannot be read"
    return f"{folder.name}: {text}"


def _nothing_in(path: Path, marker: str) -> str:
    what = "no record that a report shows"
    reason = f"; it is unfinished ({marker})" if marker else ""
    return f"{path} holds {what}{reason}: {REMEDY}"


def _source(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"
