"""`twins data`: finds or fetches the images, checks them and says what they are."""

from collections.abc import Iterator

import numpy as np
from rich.console import Console

from shared.data.dataset import CLASS_NAMES, DataChoice, RawDataset, describe, load_dataset
from shared.data.fashion_mnist import FILES, DataPlaces, file_problem

BANNER = "*** STAND-IN: made garments, not Fashion-MNIST; nothing learned on them compares ***"


def run_data_command(choice: DataChoice, places: DataPlaces) -> None:
    """Finds or fetches the data set and prints where it is, its files and its classes.

    Args:
        choice: what the user wants: Fashion-MNIST, the stand-in, or what can be had.
        places: where to look and download.

    Raises:
        DataUnavailable: Fashion-MNIST was asked for and cannot be had.
        InputError: the folder that the user named is not what it should be.
    """
    console = Console(highlight=False)
    raw = load_dataset(choice, places)
    headline, *lines = [*_origin(raw), *_arrays(raw)]
    # Never wrapped, and never read as markup: a path may be long and hold brackets.
    style = "bold yellow" if raw.directory is None else "bold"
    console.print(headline, style=style, markup=False, soft_wrap=True)
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def _origin(raw: RawDataset) -> Iterator[str]:
    if raw.directory is None:
        yield BANNER
        if raw.note:
            yield raw.note
        return
    yield f"Fashion-MNIST: {raw.directory} ({raw.origin})"
    for file in FILES:
        path = raw.directory / file.name
        state = file_problem(path, file.sha256) or "SHA-256 as published"
        yield f"  {file.name:27} {path.stat().st_size:>10,} bytes  {state}"


def _arrays(raw: RawDataset) -> Iterator[str]:
    for part, images, labels in (
        ("training:", raw.train_images, raw.train_labels),
        ("test:", raw.test_images, raw.test_labels),
    ):
        yield (
            f"{part:10}images {images.shape} {images.dtype}, labels {labels.shape} {labels.dtype}"
        )
    yield f"SHA-256 of the arrays: {describe(raw).sha256}"
    yield f"{'class':14}{'training':>9}{'test':>7}"
    training = np.bincount(raw.train_labels, minlength=len(CLASS_NAMES))
    test = np.bincount(raw.test_labels, minlength=len(CLASS_NAMES))
    for label, name in enumerate(CLASS_NAMES):
        yield f"{label} {name:12}{training[label]:>9,}{test[label]:>7,}"
