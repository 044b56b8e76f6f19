"""`twins data`: where the images are, their files, their arrays and their classes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import tyro

from benchmarks.options import STATUS_DONE, Context, DataOptions

if TYPE_CHECKING:
    from shared.data.dataset import RawDataset


@dataclass(frozen=True, kw_only=True)
class DataCommand:
    """Find or fetch the images, verify them, and say what was found and where."""

    images: tyro.conf.OmitArgPrefixes[DataOptions] = field(default_factory=DataOptions)

    def execute(self, context: Context) -> int:
        """Prints what there is."""
        raw = context.load_images(self.images)
        for line in (*_file_lines(raw), *_array_lines(raw)):
            context.say(line)
        return STATUS_DONE


def _file_lines(raw: "RawDataset") -> Iterator[str]:
    from shared.data.fashion_mnist import FILES, file_problem

    if raw.directory is None:  # images made by rule lie in no file
        return
    yield f"folder: {raw.directory}"
    for file in FILES:
        path = raw.directory / file.name
        state = file_problem(path, file.sha256) or "SHA-256 as published"
        yield f"  {file.name:27} {path.stat().st_size:>10,} bytes  {state}"


def _array_lines(raw: "RawDataset") -> Iterator[str]:
    import numpy as np

    from shared.data.dataset import CLASS_NAMES, describe

    for part, images, labels in (
        ("training", raw.train_images, raw.train_labels),
        ("test", raw.test_images, raw.test_labels),
    ):
        shapes = f"images {images.shape} {images.dtype}, labels {labels.shape} {labels.dtype}"
        yield f"{part + ':':10}{shapes}"
    yield f"SHA-256 of the arrays: {describe(raw).sha256}"
    yield f"{'class':14}{'training':>9}{'test':>7}"
    training = np.bincount(raw.train_labels, minlength=len(CLASS_NAMES))
    test = np.bincount(raw.test_labels, minlength=len(CLASS_NAMES))
    for label, name in enumerate(CLASS_NAMES):
        yield f"{label} {name:12}{training[label]:>9,}{test[label]:>7,}"
