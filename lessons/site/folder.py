"""The site's folder: replaced as a whole once all of it is built, or left as it was."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.errors import InputError

MARK = "BUILT-BY-MAKE-LESSONS.txt"
NOTE = "This folder is made by `make lessons`, and replaced when it runs again.\n"


@contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """Gives an empty folder that takes the place of `folder` when the block ends well.

    Raises:
        InputError: `folder` holds something that is not an earlier site.
    """
    _check_replaceable(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside its goal, so that moving it there is one step.
    with TemporaryDirectory(prefix=f"{folder.name}-", dir=folder.parent) as workshop:
        unfinished = Path(workshop) / folder.name
        unfinished.mkdir()
        yield unfinished
        (unfinished / MARK).write_text(NOTE)
        if folder.exists():
            shutil.rmtree(folder)
        unfinished.rename(folder)


def _check_replaceable(folder: Path) -> None:
    is_file = folder.exists() and not folder.is_dir()
    is_foreign = folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).exists()
    if is_file or is_foreign:
        raise InputError(
            f"{folder} holds something that is no lessons site: name a new folder; "
            "nothing there was touched"
        )
