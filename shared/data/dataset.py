"""The data set that every implementation is given: loaded, split and scaled once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shared.data.fashion_mnist import DataPlaces, DataUnavailable, find_files, read_files
from shared.data.stand_in import make_stand_in
from shared.draws import sha256_of
from shared.protocol import Examples

DataChoice = Literal["auto", "fashion-mnist", "stand-in"]

CLASS_NAMES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
"""Names of the labels 0 to 9. Source: the data set's README."""
NUM_VALIDATION_ROWS = 5_000
"""The first rows of the training set, which the documented experiment validates on."""
BRIGHTEST_PIXEL = 255


@dataclass(frozen=True)
class RawDataset:
    """Images, uint8, (n, 28, 28), and labels, uint8, (n,), as published.

    origin: how the images were found; no path, since results name it.
    directory: where their files are; None for the stand-in.
    note: why the stand-in is used although it was not asked for, else empty.
    """

    name: Literal["fashion-mnist", "stand-in"]
    origin: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]
    directory: Path | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class DatasetDescription:
    """Which images were used; the sum is of the bytes of all four arrays, as in `RawDataset`."""

    name: str
    origin: str
    sha256: str
    num_training: int
    num_validation: int
    num_test: int


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """55,000 rows to train, 5,000 to validate, 10,000 to test."""

    training: Examples
    validation: Examples
    test: Examples


def load_dataset(choice: DataChoice, places: DataPlaces) -> RawDataset:
    """Loads Fashion-MNIST or, where it was asked for or nothing else can be had, the stand-in.

    Raises:
        DataUnavailable: Fashion-MNIST was asked for and cannot be had.
        InputError: the folder that the user named is not what it should be.
    """
    note = ""
    if choice != "stand-in":
        try:
            directory, origin = find_files(places)
            return RawDataset("fashion-mnist", origin, *read_files(directory), directory=directory)
        except DataUnavailable as error:
            if choice == "fashion-mnist":
                raise
            note = error.reason
    arrays = (*make_stand_in(6_000, stream=0), *make_stand_in(1_000, stream=1))
    return RawDataset("stand-in", "made by this program", *arrays, note=note)


def split_and_scale(raw: RawDataset, dtype: str) -> Dataset:
    """Splits off the first 5,000 training rows and divides pixels by 255."""
    first = slice(NUM_VALIDATION_ROWS)
    return Dataset(
        training=training_examples(raw, dtype),
        validation=_examples(raw.train_images[first], raw.train_labels[first], dtype),
        test=_examples(raw.test_images, raw.test_labels, dtype),
    )


def training_examples(raw: RawDataset, dtype: str) -> Examples:
    """The 55,000 rows to train on, scaled, alone."""
    others = slice(NUM_VALIDATION_ROWS, None)
    return _examples(raw.train_images[others], raw.train_labels[others], dtype)


def _examples(images: NDArray[np.uint8], labels: NDArray[np.uint8], dtype: str) -> Examples:
    scaled, classes = images.astype(dtype), labels.astype(np.int32)
    scaled /= BRIGHTEST_PIXEL
    scaled.flags.writeable = classes.flags.writeable = False
    return Examples(images=scaled, labels=classes)


def describe(raw: RawDataset) -> DatasetDescription:
    """What a results file says of the data."""
    return DatasetDescription(
        name=raw.name,
        origin=raw.origin,
        sha256=sha256_of(raw.train_images, raw.train_labels, raw.test_images, raw.test_labels),
        num_training=len(raw.train_labels) - NUM_VALIDATION_ROWS,
        num_validation=NUM_VALIDATION_ROWS,
        num_test=len(raw.test_labels),
    )
