"""`twins data`: finds or fetches the images, checks them and says what they are."""

import numpy as np
from rich.console import Console

from shared.data.dataset import CLASS_NAMES, DataChoice, RawDataset, describe, load_dataset
from shared.data.fashion_mnist import FILES, DataPlaces, file_problem, find_files


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
    if raw.name == "stand-in":
        _print_banner(console, raw)
    else:
        _print_files(console, raw, places)
    _print_arrays(console, raw)
    _print_balance(console, raw)


def _print_banner(console: Console, raw: RawDataset) -> None:
    _print_line(
        console,
        "*** STAND-IN: drawn garments, not Fashion-MNIST; nothing learned on them compares ***",
        style="bold yellow",
    )
    if raw.note:
        _print_line(console, raw.note)


def _print_files(console: Console, raw: RawDataset, places: DataPlaces) -> None:
    directory = find_files(places).directory
    _print_line(console, f"Fashion-MNIST: {directory} ({raw.origin})", style="bold")
    for file in FILES:
        path = directory / file.name
        state = file_problem(path, file.sha256) or "SHA-256 as published"
        _print_line(console, f"  {file.name:27} {path.stat().st_size:>10,} bytes  {state}")


def _print_arrays(console: Console, raw: RawDataset) -> None:
    for part, images, labels in (
        ("training", raw.train_images, raw.train_labels),
        ("test", raw.test_images, raw.test_labels),
    ):
        shapes = f"images {images.shape} {images.dtype}, labels {labels.shape} {labels.dtype}"
        _print_line(console, f"{part + ':':10}{shapes}")
    _print_line(console, f"SHA-256 of the arrays: {describe(raw).sha256}")


def _print_balance(console: Console, raw: RawDataset) -> None:
    _print_line(console, f"{'class':14}{'training':>9}{'test':>7}", style="bold")
    training = np.bincount(raw.train_labels, minlength=len(CLASS_NAMES))
    test = np.bincount(raw.test_labels, minlength=len(CLASS_NAMES))
    for label, name in enumerate(CLASS_NAMES):
        _print_line(console, f"{label} {name:12}{training[label]:>9,}{test[label]:>7,}")


def _print_line(console: Console, text: str, style: str | None = None) -> None:
    # Never wrapped, and never read as markup: a path may be long and hold brackets.
    console.print(text, style=style, markup=False, soft_wrap=True)
