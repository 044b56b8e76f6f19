import hashlib
from dataclasses import astuple

import numpy as np
import pytest
from rich.console import Console

from benchmarks.data.command import DataCommand
from benchmarks.options import DataOptions
from shared.data.dataset import CLASS_NAMES, RawDataset, describe, load_dataset, split_and_scale
from shared.data.fashion_mnist import FILES, DataUnavailable
from shared.errors import InputError
from tests.command import made_context
from tests.test_fashion_mnist import places


@pytest.fixture(scope="module")
def small() -> RawDataset:
    """Random images, 5,300 to train and validate, every brightness among the last 300."""
    generator = np.random.default_rng(1)
    images = generator.integers(0, 256, (5_300, 28, 28), dtype=np.uint8)
    images[5_000].reshape(-1)[:256] = np.arange(256)
    labels = generator.integers(0, 10, 5_300, dtype=np.uint8)
    return RawDataset("stand-in", "random", images, labels, images[:200], labels[:200])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_first_rows_validate_the_others_train_and_nobody_can_write(small, dtype):
    dataset = split_and_scale(small, dtype)
    for part, images, labels in (
        (dataset.validation, small.train_images[:5_000], small.train_labels[:5_000]),
        (dataset.training, small.train_images[5_000:], small.train_labels[5_000:]),
        (dataset.test, small.test_images, small.test_labels),
    ):
        assert part.images.dtype == dtype
        assert part.labels.dtype == np.int32
        # The documented experiment divides in float64 and rounds; here float32 is divided.
        np.testing.assert_array_equal(part.images, (images / 255).astype(dtype))
        np.testing.assert_array_equal(part.labels, labels)
        assert not part.images.flags.writeable
        assert not part.labels.flags.writeable
    assert len(np.unique(dataset.training.images[0].reshape(-1)[:256])) == 256


def test_description_hashes_the_four_arrays_in_order(small):
    description = describe(small)
    arrays = (small.train_images, small.train_labels, small.test_images, small.test_labels)
    expected = hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()
    assert astuple(description) == ("stand-in", "random", expected, 300, 5_000, 200)


def test_auto_falls_to_the_stand_in_and_says_why(tmp_path):
    raw = load_dataset("auto", places(tmp_path))
    assert raw.name == "stand-in"
    assert "neither found" in raw.note
    assert raw.train_images.shape == (60_000, 28, 28)
    assert np.bincount(raw.train_labels).tolist() == [6_000] * 10
    assert np.bincount(raw.test_labels).tolist() == [1_000] * 10


def test_neither_fashion_mnist_asked_for_nor_a_bad_named_directory_is_replaced(tmp_path):
    with pytest.raises(DataUnavailable):
        load_dataset("fashion-mnist", places(tmp_path))
    with pytest.raises(InputError, match="the named folder") as caught:
        load_dataset("auto", places(tmp_path, named=tmp_path / "missing"))
    assert not isinstance(caught.value, DataUnavailable)


@pytest.mark.real_data
def test_real_data_is_the_documented_data(raw_dataset):
    assert (raw_dataset.name, raw_dataset.note) == ("fashion-mnist", "")
    dataset = split_and_scale(raw_dataset, "float32")
    parts = (dataset.training, dataset.validation, dataset.test)
    assert [len(part.images) for part in parts] == [55_000, 5_000, 10_000]
    # The book shows the first training image: a coat.
    assert CLASS_NAMES[dataset.training.labels[0]] == "Coat"
    shown = [CLASS_NAMES[label] for label in dataset.test.labels[:3]]
    assert shown == ["Ankle boot", "Pullover", "Trouser"]


@pytest.mark.real_data
def test_data_command_shows_files_checksums_and_balance(tmp_path, fashion_mnist_directory, capsys):
    images = DataOptions(data_dir=fashion_mnist_directory)
    assert DataCommand(images=images).execute(made_context(tmp_path, Console(width=120))) == 0
    printed = capsys.readouterr().out
    assert str(fashion_mnist_directory) in printed
    for file in FILES:
        size = (fashion_mnist_directory / file.name).stat().st_size
        (line,) = (line for line in printed.splitlines() if file.name in line)
        assert f"{size:,} bytes" in line
        assert "SHA-256 as published" in line
    assert "(60000, 28, 28) uint8" in printed
    assert printed.count("6,000") == 10
    assert "stand-in" not in printed


def test_data_command_says_clearly_that_it_is_the_stand_in(tmp_path, capsys):
    DataCommand(images=DataOptions(data="stand-in")).execute(made_context(tmp_path, Console()))
    printed = capsys.readouterr().out
    assert "stand-in images, not Fashion-MNIST" in printed.splitlines()[0]
    assert printed.count("6,000") == 10
