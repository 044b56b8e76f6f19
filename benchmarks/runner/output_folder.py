"""The output folder of a command: fresh, and marked unfinished until it is whole."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import count
from pathlib import Path

from shared.errors import InputError

UNFINISHED = "UNFINISHED.txt"
HOME = Path("runs")


@contextmanager
def output_folder(out: Path | None, command: str) -> Iterator[Path]:
    """Gives a fresh folder, `out` or a new one under `runs/`, and marks it while in use.

    The marker stays when the work is broken off, whatever the reason: what lies
    beside it is finished as far as it goes, the whole is not. Where bad input ended
    it before anything was written, all is again as it was.

    Raises:
        InputError: `out` holds something already, or cannot be written.
    """
    was_there = out is not None and out.exists()
    folder = _fresh_folder(command) if out is None else _given_folder(out)
    try:
        with resumed_folder(folder, command):
            yield folder
    except InputError:
        if [path.name for path in folder.iterdir()] == [UNFINISHED]:
            (folder / UNFINISHED).unlink()
            if not was_there:
                folder.rmdir()
            with suppress(OSError):  # it holds other outputs, or is not there
                HOME.rmdir()
        raise


@contextmanager
def resumed_folder(folder: Path, command: str) -> Iterator[Path]:
    """Gives a folder that is there, one that the same command left behind, and marks it likewise.

    What lies in it is for the command to check beforehand.

    Raises:
        InputError: it cannot be written.
    """
    marker = folder / UNFINISHED
    with _writable(folder):
        marker.write_text(f"`twins {command}` is at work here, or was broken off.\n")
    try:
        yield folder
    except BaseException as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        with _writable(folder):
            marker.write_text(f"`twins {command}` was not finished: {reason}\n")
        raise
    marker.unlink()


def _given_folder(out: Path) -> Path:
    with _writable(out):
        out.mkdir(parents=True, exist_ok=True)
        occupied = any(out.iterdir())
    if occupied:
        raise InputError(
            f"the output folder {out} is not empty: give --out a new folder; "
            "nothing there was touched"
        )
    return out


def _fresh_folder(command: str) -> Path:
    started = f"{datetime.now():%Y-%m-%d-%H%M%S}-{command}"
    for attempt in count(1):
        folder = HOME / (started if attempt == 1 else f"{started}-{attempt}")
        # What is there belongs to another run of the same second.
        with _writable(folder), suppress(FileExistsError):
            folder.mkdir(parents=True)
            return folder
    raise AssertionError("count() does not end")


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    """Names the folder and the remedy where the system refuses to write."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"the output folder {folder} cannot be written ({error.strerror}): "
            "give --out a folder that can be"
        ) from error
