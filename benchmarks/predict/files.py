"""Which files the arguments of `twins predict` name, and what they hold, read with care."""

import stat
from collections.abc import Iterator
from pathlib import Path

from benchmarks.predict.formats import known_suffixes
from shared.errors import InputError

MAXIMUM_BYTES = 50_000_000
"""No photograph that people take is larger; a file that is, is not even read."""


def find_pictures(arguments: tuple[Path, ...]) -> tuple[list[Path], list[str]]:
    """The files that are named, and those of named folders; and what is wrong with the rest.

    A folder stands for the files in it whose suffix is that of a picture, sorted by
    name; hidden files and folders within it are left out. Files are not opened here.
    """
    paths: list[Path] = []
    problems: list[str] = []
    for argument in arguments:
        try:
            paths.extend(_files_of(argument))
        except InputError as error:
            problems.append(str(error))
    return paths, problems


def read_content(path: Path) -> bytes:
    """The bytes of a file, which may be anything.

    Raises:
        InputError: it is missing, empty, too large, or no ordinary file.
    """
    name = shown(path)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # to open a pipe would wait for its other end
            raise InputError(f"{name} is no ordinary file: name one that holds a picture")
        if status.st_size > MAXIMUM_BYTES:
            raise InputError(
                f"{name} is too large, {status.st_size:,} bytes: at most {MAXIMUM_BYTES:,} are "
                "read, so save it smaller"
            )
        with path.open("rb") as file:
            content = file.read(MAXIMUM_BYTES)
    except OSError as error:
        raise _unreadable(path, error) from error
    if not content:
        raise InputError(f"{name} is empty: name a file that holds a picture")
    return content


def shown(path: Path) -> str:
    """The path for people; what a terminal might take for more than a letter becomes `�`."""
    return "".join(letter if letter.isprintable() else "�" for letter in str(path))


def _files_of(argument: Path) -> Iterator[Path]:
    try:
        if not stat.S_ISDIR(argument.stat().st_mode):
            yield argument
            return
        inside = sorted(path for path in argument.iterdir() if _looks_like_a_picture(path))
    except OSError as error:
        raise _unreadable(argument, error) from error
    if not inside:
        raise InputError(
            f"the folder {shown(argument)} holds no picture: name one that does, or files; "
            "folders within it are not looked into"
        )
    yield from inside


def _looks_like_a_picture(path: Path) -> bool:
    is_hidden = path.name.startswith(".")
    return not is_hidden and path.suffix.lower() in known_suffixes() and not path.is_dir()


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(
        f"{shown(path)} cannot be read ({error.strerror or error}): name a picture, or a folder "
        "of pictures"
    )
