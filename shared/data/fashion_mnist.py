"""Where the four files of Fashion-MNIST are, and whether they are the published ones.

Fashion-MNIST: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a Novel Image
Dataset for Benchmarking Machine Learning Algorithms", arXiv:1708.07747, 2017;
copyright Zalando SE, MIT license.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.data.download import DownloadFailedError, Patience, RemoteFile, download_files
from shared.data.idx import MAXIMUM_BYTES, read_idx
from shared.errors import InputError
from shared.files import read_file

MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
)
"""The copy that Keras downloads from, and the authors' own repository."""

# Taken with sha256sum from files whose MD5 sums are those that the authors publish:
# https://github.com/zalandoresearch/fashion-mnist, README, "Get the Data".
_SHA256 = {
    "train-images-idx3": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "train-labels-idx1": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "t10k-images-idx3": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "t10k-labels-idx1": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}
FILES = tuple(RemoteFile(f"{name}-ubyte.gz", sha256) for name, sha256 in _SHA256.items())


class DataUnavailable(InputError):  # noqa: N818 - a state of the machine, not a mistake
    """Fashion-MNIST is neither on this machine nor to be downloaded.

    reason: what was tried and what came of it, without the remedy, on one line.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}: {remedy}")
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class DataPlaces:
    """Where Fashion-MNIST may be, in the order in which it is looked for.

    named_directory: the folder that the user named; then no other is looked into.
    named_by: how it was named, by an option or a variable: what messages call it.
    cache: this program's own folder, which downloads go to.
    keras_cache: Keras' folder of the same files, which is only read.
    mirrors: addresses to download from, the preferred one first; none forbids it.
    remedy: what to do where no place has them, for messages.
    """

    named_directory: Path | None
    named_by: str
    cache: Path
    keras_cache: Path
    mirrors: tuple[str, ...] = MIRRORS
    patience: Patience = field(default_factory=Patience)
    remedy: str = "name a folder that holds the four .gz files, or take the stand-in"


def find_files(places: DataPlaces) -> tuple[Path, str]:
    """A folder with the four published files, downloaded where need be, and how it was found.

    Raises:
        InputError: the folder that the user named lacks a file or holds another one.
        DataUnavailable: no place has them.
    """
    if places.named_directory is not None:
        named, by = places.named_directory, places.named_by
        if problem := _directory_problem(named):
            raise InputError(
                f"{by} {named} cannot be used, {problem}: {by} takes a folder with "
                f"the four published files {', '.join(file.name for file in FILES)}"
            )
        return named, by
    problems = []
    for directory, origin in ((places.cache, "own cache"), (places.keras_cache, "Keras' cache")):
        problem = _directory_problem(directory)
        if not problem:
            return directory, origin
        problems.append(f"{directory}: {problem}")
    try:
        smallest, patience = FILES[-1].name, places.patience  # about 5 kB
        download_files(FILES, places.cache, places.mirrors, probe=smallest, patience=patience)
    except DownloadFailedError as error:
        reason = f"Fashion-MNIST was neither found ({'; '.join(problems)}) nor downloaded ({error})"
        raise DataUnavailable(reason, places.remedy) from error
    return places.cache, "downloaded"


def read_files(directory: Path) -> tuple[NDArray[np.uint8], ...]:
    """Reads the four files: images, (n, 28, 28), labels, (n,), to train and to test; read-only.

    Raises:
        InputError: a file cannot be read, or holds another number of rows than published.
    """
    paths = [directory / file.name for file in FILES]
    shapes = ((60_000, 28, 28), (60_000,), (10_000, 28, 28), (10_000,))
    highest = (255, 9, 255, 9)  # white, and the last of ten classes
    return tuple(map(read_idx, paths, shapes, highest))


def file_problem(path: Path, sha256: str) -> str:
    """What is wrong with a file that should have this SHA-256 sum; "" if it has."""
    try:
        actual = hashlib.sha256(read_file(path, MAXIMUM_BYTES)).hexdigest()
    except FileNotFoundError:
        return f"{path.name} is missing"
    except OSError as error:
        return f"{path.name} cannot be read ({error.strerror})"
    if actual != sha256:
        return f"{path.name} is not the published file (SHA-256 {actual[:12]}…, not {sha256[:12]}…)"
    return ""


def _directory_problem(directory: Path) -> str:
    try:
        if not directory.is_dir():
            return "not a folder" if directory.exists() else "no such folder"
    except OSError as error:
        return f"the folder cannot be read ({error.strerror})"
    problems = (file_problem(directory / file.name, file.sha256) for file in FILES)
    return next(filter(None, problems), "")
