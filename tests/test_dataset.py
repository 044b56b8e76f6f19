import hashlib
from pathlib import Path

import numpy as np
import pytest

from benchmarks.data_command import run_data_command
from shared.data.dataset import (
    CLASS_NAMES,
    RawDataset,
    describe,
    load_dataset,
    split_and_scale,
)
from shared.data.fashion_mnist import FILES, DataPlaces, DataUnavailable
from shared.errors import InputError


def places(folder: Path, named: Path | None = None) -> DataPlaces:
    """Nothing to be found but what is named."""
    return DataPlaces(
        named_directory=named,
        named_by="FASHION_MNIST_DIR",
        cache=folder / "[own] cache",
        keras_cache=folder / "keras",
        mirrors=(),
    )


@pytest.fixture(scope="module")
def small() -> RawDataset:
    """Random images, 5,300 to train and validate, every brightness among the last 300."""
    generator = np.random.default_rng(1)
    images = generator.integers(0, 256, (5_300, 28, 28), dtype=np.uint8)
    images[5_000].reshape(-1)[:256] = np.arange(256)
    labels = generator.integers(0, 10, 5_300, dtype=np.uint8)
    return RawDataset(
        name="stand-in",
        origin="random",
        note="",
        train_images=images,
        train_labels=labels,
        test_images=images[:200],
        test_labels=labels[:200],
    )


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory) -> RawDataset:
    return load_dataset("auto", places(tmp_path_factory.mktemp("nothing")))


def test_first_rows_validate_and_the_others_train(small):
    dataset = split_and_scale(small, "float64")
    for part, images, labels in (
        (dataset.validation, small.train_images[:5_000], small.train_labels[:5_000]),
        (dataset.training, small.train_images[5_000:], small.train_labels[5_000:]),
        (dataset.test, small.test_images, small.test_labels),
    ):
        np.testing.assert_array_equal(part.images, images / 255)
        np.testing.assert_array_equal(part.labels, labels)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_types_are_as_asked_and_nobody_can_write(small, dtype):
    dataset = split_and_scale(small, dtype)
    for part in (dataset.training, dataset.validation, dataset.test):
        assert part.images.dtype == dtype
        assert part.labels.dtype == np.int32
        assert not part.images.flags.writeable
        assert not part.labels.flags.writeable


def test_float32_is_the_rounded_float64_for_every_brightness(small):
    # The documented experiment divides in float64 and rounds; here float32 is divided.
    single = split_and_scale(small, "float32").training.images
    double = split_and_scale(small, "float64").training.images
    assert len(np.unique(single[0].reshape(-1)[:256])) == 256
    np.testing.assert_array_equal(single, double.astype(np.float32))


def test_description_hashes_the_four_arrays_in_order(small):
    description = describe(small)
    expected = hashlib.sha256()
    for array in (small.train_images, small.train_labels, small.test_images, small.test_labels):
        expected.update(array.tobytes())
    assert description.sha256 == expected.hexdigest()
    assert (description.num_training, description.num_validation) == (300, 5_000)
    assert description.num_test == 200
    assert (description.name, description.origin) == ("stand-in", "random")


def test_auto_falls_to_the_stand_in_and_says_why(stand_in):
    assert stand_in.name == "stand-in"
    assert "neither found" in stand_in.note
    assert stand_in.train_images.shape == (60_000, 28, 28)
    assert stand_in.test_images.shape == (10_000, 28, 28)
    assert np.bincount(stand_in.train_labels).tolist() == [6_000] * 10
    assert np.bincount(stand_in.test_labels).tolist() == [1_000] * 10


def test_fashion_mnist_asked_for_is_never_replaced(tmp_path):
    with pytest.raises(DataUnavailable):
        load_dataset("fashion-mnist", places(tmp_path))


@pytest.mark.parametrize("choice", ["auto", "fashion-mnist"])
def test_bad_named_directory_is_an_error_and_never_replaced(tmp_path, choice):
    with pytest.raises(InputError, match="FASHION_MNIST_DIR") as caught:
        load_dataset(choice, places(tmp_path, named=tmp_path / "missing"))
    assert not isinstance(caught.value, DataUnavailable)


@pytest.mark.real_data
def test_real_data_is_the_documented_data(raw_dataset):
    assert raw_dataset.name == "fashion-mnist"
    assert raw_dataset.note == ""
    dataset = split_and_scale(raw_dataset, "float32")
    assert dataset.training.images.shape == (55_000, 28, 28)
    assert dataset.validation.images.shape == (5_000, 28, 28)
    assert dataset.test.images.shape == (10_000, 28, 28)
    # The book shows the first training image: a coat.
    assert CLASS_NAMES[dataset.training.labels[0]] == "Coat"
    shown = [CLASS_NAMES[label] for label in dataset.test.labels[:3]]
    assert shown == ["Ankle boot", "Pullover", "Trouser"]


@pytest.mark.real_data
def test_data_command_shows_files_checksums_and_balance(tmp_path, fashion_mnist_directory, capsys):
    run_data_command("auto", places(tmp_path, named=fashion_mnist_directory))
    printed = capsys.readouterr().out
    assert str(fashion_mnist_directory) in printed
    for file in FILES:
        size = (fashion_mnist_directory / file.name).stat().st_size
        (line,) = (line for line in printed.splitlines() if file.name in line)
        assert f"{size:,} bytes" in line
        assert "SHA-256 as published" in line
    assert "(60000, 28, 28) uint8" in printed
    assert printed.count("6,000") == 10
    assert "STAND-IN" not in printed


def test_data_command_says_clearly_that_it_is_the_stand_in(tmp_path, capsys):
    run_data_command("auto", places(tmp_path))
    printed = capsys.readouterr().out
    assert "STAND-IN" in printed.splitlines()[0]
    assert f"{tmp_path}/[own] cache: no such folder" in printed
    assert printed.count("6,000") == 10
