"""Where the four files of Fashion-MNIST are, and whether they are the published ones.

Fashion-MNIST: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a Novel Image
Dataset for Benchmarking Machine Learning Algorithms", arXiv:1708.07747, 2017;
copyright Zalando SE, MIT license.
"""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.data.download import DownloadFailedError, Patience, RemoteFile, download_files
from shared.data.idx import read_idx_images, read_idx_labels
from shared.errors import InputError

MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
)
"""The copy that Keras downloads from, and the authors' own repository."""

# Taken with sha256sum from files whose MD5 sums are those that the authors publish:
# https://github.com/zalandoresearch/fashion-mnist, README, "Get the Data".
TRAINING_IMAGES = RemoteFile(
    name="train-images-idx3-ubyte.gz",
    sha256="3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
)
TRAINING_LABELS = RemoteFile(
    name="train-labels-idx1-ubyte.gz",
    sha256="a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
)
TEST_IMAGES = RemoteFile(
    name="t10k-images-idx3-ubyte.gz",
    sha256="346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
)
TEST_LABELS = RemoteFile(
    name="t10k-labels-idx1-ubyte.gz",
    sha256="67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
)
FILES = (TRAINING_IMAGES, TRAINING_LABELS, TEST_IMAGES, TEST_LABELS)

NUM_TRAINING_IMAGES = 60_000
NUM_TEST_IMAGES = 10_000
NUM_ROWS = (NUM_TRAINING_IMAGES, NUM_TRAINING_IMAGES, NUM_TEST_IMAGES, NUM_TEST_IMAGES)
"""Of each of the four files."""

SMALLEST_FILE = TEST_LABELS
"""About 5 kB: what a mirror is asked for to see whether it answers."""

REMEDY = (
    "name a folder that holds the four .gz files with --data-dir, or take --data stand-in, "
    "images drawn by this program"
)


class DataUnavailable(InputError):  # noqa: N818 - a state of the machine, not a mistake
    """Fashion-MNIST is neither on this machine nor to be downloaded.

    reason: what was tried and what came of it, without the remedy, on one line.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason}: {REMEDY}")
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class DataPlaces:
    """Where Fashion-MNIST may be, in the order in which it is looked for."""

    named_directory: Path | None
    """The folder that the user named, if so; then no other is looked into."""
    named_by: str
    """How it was named, for messages: "--data-dir" or "FASHION_MNIST_DIR"."""
    cache: Path
    """This program's own folder, which downloads go to."""
    keras_cache: Path
    """Keras' folder of the same files, which is only read."""
    mirrors: tuple[str, ...] = MIRRORS
    """Addresses to download from, the preferred one first; none forbids downloading."""
    patience: Patience = field(default_factory=Patience)
    """How long to wait for the mirrors."""


@dataclass(frozen=True, kw_only=True)
class FoundFiles:
    """A folder with all four files, each with its published checksum."""

    directory: Path
    origin: str


@dataclass(frozen=True, kw_only=True)
class RawArrays:
    """Images, uint8, (n, 28, 28), labels, uint8, (n,), as published and read-only."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]


def find_files(places: DataPlaces) -> FoundFiles:
    """Finds the four files, or downloads those that this program's own folder lacks.

    Raises:
        InputError: the folder that the user named lacks a file or holds another one.
        DataUnavailable: no place has them.
    """
    if places.named_directory is not None:
        return _from_named_directory(places.named_directory, places.named_by)
    cache_problem = _directory_problem(places.cache)
    if not cache_problem:
        return FoundFiles(directory=places.cache, origin="own cache")
    keras_problem = _directory_problem(places.keras_cache)
    if not keras_problem:
        return FoundFiles(directory=places.keras_cache, origin="Keras' cache")
    try:
        _download(places)
    except DownloadFailedError as error:
        raise DataUnavailable(
            f"Fashion-MNIST was neither found ({places.cache}: {cache_problem}; "
            f"{places.keras_cache}: {keras_problem}) nor downloaded ({error})"
        ) from error
    return FoundFiles(directory=places.cache, origin="downloaded")


def read_files(found: FoundFiles) -> RawArrays:
    """Reads the four files.

    Raises:
        InputError: a file cannot be read, or holds another number of rows than published.
    """
    with ThreadPoolExecutor() as threads:  # Python lets go of a thread that decompresses
        arrays = threads.map(partial(_counted, found), FILES, NUM_ROWS)
        train_images, train_labels, test_images, test_labels = arrays
    return RawArrays(
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
    )


def file_problem(path: Path, sha256: str) -> str:
    """What is wrong with a file that should have this SHA-256 sum; "" if it has."""
    try:
        with path.open("rb") as stream:
            actual = hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return f"{path.name} is missing"
    except OSError as error:
        return f"{path.name} cannot be read ({error.strerror})"
    if actual != sha256:
        return f"{path.name} is not the published file (SHA-256 {actual[:12]}…, not {sha256[:12]}…)"
    return ""


def _directory_problem(directory: Path) -> str:
    try:
        if not directory.exists():
            return "no such folder"
        if not directory.is_dir():
            return "not a folder"
    except OSError as error:
        return f"the folder cannot be read ({error.strerror})"
    paths = [directory / file.name for file in FILES]
    with ThreadPoolExecutor() as threads:
        problems = threads.map(file_problem, paths, [file.sha256 for file in FILES])
        return next(filter(None, problems), "")


def _from_named_directory(directory: Path, named_by: str) -> FoundFiles:
    problem = _directory_problem(directory)
    if problem:
        raise InputError(
            f"{named_by} {directory} cannot be used, {problem}: {named_by} takes a folder with "
            f"the four published files {', '.join(file.name for file in FILES)}"
        )
    return FoundFiles(directory=directory, origin=named_by)


def _download(places: DataPlaces) -> None:
    download_files(
        FILES,
        probe=SMALLEST_FILE.name,
        folder=places.cache,
        mirrors=places.mirrors,
        patience=places.patience,
    )


def _counted(found: FoundFiles, file: RemoteFile, expected: int) -> NDArray[np.uint8]:
    path = found.directory / file.name
    read = read_idx_images if file in (TRAINING_IMAGES, TEST_IMAGES) else read_idx_labels
    array = read(path)
    if len(array) != expected:
        raise InputError(
            f"{path} holds {len(array)} rows, not {expected}: put the published file in its place"
        )
    return array
