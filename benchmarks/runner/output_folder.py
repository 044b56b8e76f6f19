"""The output folder of a command: fresh, and marked unfinished until it is whole.

The marker says who is at work, and is locked meanwhile. The lock ends with its process,
whatever ends that: so work that goes on is told from work that was broken off.
"""

import errno
import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import count
from pathlib import Path

from shared.errors import InputError, RunFailedError

UNFINISHED = "UNFINISHED.txt"
HOME = Path("runs")
AT_WORK, BROKEN_OFF = "is at work here", "was broken off"
LONGEST_MARKER = 4000
"""Bytes; so much fits into what a file system gives a file that holds anything."""
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""What the system says of storage, not of a name; of writes it names no file either."""


@contextmanager
def output_folder(out: Path | None, command: str) -> Iterator[Path]:
    """Gives a fresh folder, `out` or a new one under `runs/`, and marks it while in use.

    The marker stays when the work is broken off, whatever the reason: what lies
    beside it is finished as far as it goes, the whole is not. Where bad input ended
    it before anything was written, all is again as it was.

    Raises:
        InputError: `out` holds something already, or cannot be written.
        RunFailedError: there is no room, or the folder is lost meanwhile.
    """
    was_there, folder = (False, _fresh_folder(command)) if out is None else _given_folder(out)
    with resumed_folder(folder, command):
        try:
            yield folder
        except InputError:
            if [path.name for path in folder.iterdir()] == [UNFINISHED]:
                (folder / UNFINISHED).unlink()
                with suppress(OSError):  # they hold other outputs, or are not there
                    if not was_there:
                        folder.rmdir()
                    HOME.rmdir()
            raise


@contextmanager
def resumed_folder(folder: Path, command: str) -> Iterator[Path]:
    """Gives a folder that is there, one that the same command left behind, and marks it likewise.

    What lies in it is for the command to check beforehand.

    Raises:
        InputError: it cannot be written, or another process is at work there.
        RunFailedError: there is no room, or the folder is lost meanwhile.
    """
    who = f"process {os.getpid()} on {socket.gethostname()}"
    started = f"{datetime.now():%Y-%m-%d %H:%M:%S}"
    with _marker(folder, f"`twins {command}` {AT_WORK}: {who}, started {started}") as mark:
        try:
            with _still_writable(folder):
                yield folder
                (folder / UNFINISHED).unlink()
        except BaseException as error:
            reason = str(error).partition("\n")[0] or type(error).__name__
            with suppress(OSError):  # then it says as before who was at work
                mark(f"`twins {command}` was not finished: {reason}")
            raise


def why_unfinished(folder: Path) -> str:
    """What the marker of a folder says: who is at work, or why it ended; empty without a marker."""
    try:
        with (folder / UNFINISHED).open("rb") as file:
            text = file.read(LONGEST_MARKER).decode(errors="replace").strip()
            is_free = _lock(file.fileno(), fcntl.LOCK_SH)
    except FileNotFoundError:
        return ""
    except OSError:
        return "its marker cannot be read"
    return (text.replace(AT_WORK, BROKEN_OFF) or BROKEN_OFF) if is_free else text


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Gives a place beside `path` to write to; what is there when the block ends moves to `path`.

    Where the block or the system fails, nothing of it stays, and `path` is as it was.
    The place's name ends in `.partial`: tell a writer that goes by suffixes its format.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise


def _given_folder(out: Path) -> tuple[bool, Path]:
    """Whether it was there, and the folder, which is empty."""
    with _writable(out):
        was_there = out.exists()
        out.mkdir(parents=True, exist_ok=True)
        if not any(out.iterdir()):
            return was_there, out
    unfinished = f" ({why})" if (why := why_unfinished(out)) else ""
    raise InputError(
        f"the output folder {out} is not empty{unfinished}: give --out a new folder; "
        "nothing there was touched"
    )


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
def _marker(folder: Path, text: str) -> Iterator[Callable[[str], None]]:
    """Locks the folder's marker and writes the text into it; gives what writes another."""
    with _writable(folder):
        descriptor = os.open(folder / UNFINISHED, os.O_RDWR | os.O_CREAT, 0o666)

    def mark(text: str) -> None:
        line = f"{text}\n".encode(errors="replace")[:LONGEST_MARKER]
        # In the place of what is there: on a full disk there is no other.
        os.ftruncate(descriptor, os.pwrite(descriptor, line, 0))

    try:
        # Without a link it was removed since it was opened, by somebody whose work ended.
        if not (_lock(descriptor, fcntl.LOCK_EX) and os.fstat(descriptor).st_nlink):
            raise InputError(
                f"{folder} is in use ({why_unfinished(folder)}): wait for the end, or take another "
                "folder; nothing there was touched"
            )
        with _writable(folder):
            mark(text)
        yield mark
    finally:
        os.close(descriptor)  # children never had it, and the lock ends


def _lock(descriptor: int, kind: int) -> bool:
    """Whether nobody else has locked it; where there are no locks, nobody is known to."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        return not isinstance(error, BlockingIOError)
    return True


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    """Names the folder and the remedy where the system refuses to write."""
    try:
        yield
    except OSError as error:
        what = f"the output folder {folder} cannot be written ({error.strerror}):"
        if error.errno in NO_ROOM:
            raise RunFailedError(f"{what} make room, or give --out another folder") from error
        raise InputError(f"{what} give --out a folder that can be") from error


@contextmanager
def _still_writable(folder: Path) -> Iterator[None]:
    """Names the folder where the system refuses to write any more; passes on all other errors."""
    try:
        yield
    except OSError as error:
        is_inside = error.errno in NO_ROOM
        if error.filename is not None:
            is_inside = Path(str(error.filename)).absolute().is_relative_to(folder.absolute())
        if not is_inside:
            raise
        raise RunFailedError(
            f"the output folder {folder} cannot be written any more ({error.strerror}); "
            "what is finished was kept"
        ) from error
