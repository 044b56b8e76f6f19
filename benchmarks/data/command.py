"""`twins data`: where the images are, their files, their arrays and their classes."""

from dataclasses import dataclass, field

import tyro

from benchmarks.options import STATUS_DONE, Context, DataOptions


@dataclass(frozen=True, kw_only=True)
class DataCommand:
    """Find or fetch the images, verify them, and say what was found and where."""

    images: tyro.conf.OmitArgPrefixes[DataOptions] = field(default_factory=DataOptions)

    def execute(self, context: Context) -> int:
        """Prints what there is."""
        import numpy as np

        from shared.data.dataset import CLASS_NAMES, describe
        from shared.data.fashion_mnist import FILES, file_problem

        raw = context.load_images(self.images)
        if raw.directory is not None:  # images made by rule lie in no file
            context.say(f"folder: {raw.directory}")
            for file in FILES:
                path = raw.directory / file.name
                state = file_problem(path, file.sha256) or "SHA-256 as published"
                context.say(f"  {file.name:27} {path.stat().st_size:>10,} bytes  {state}")
        counts = []
        for part, images, labels in (
            ("training:", raw.train_images, raw.train_labels),
            ("test:", raw.test_images, raw.test_labels),
        ):
            shapes = f"images {images.shape} {images.dtype}, labels {labels.shape} {labels.dtype}"
            context.say(f"{part:10}{shapes}")
            counts.append(np.bincount(labels, minlength=len(CLASS_NAMES)))
        context.say(f"SHA-256 of the arrays: {describe(raw).sha256}")
        context.say(f"{'class':14}{'training':>9}{'test':>7}")
        for label, (name, training, test) in enumerate(zip(CLASS_NAMES, *counts, strict=True)):
            context.say(f"{label} {name:12}{training:>9,}{test:>7,}")
        return STATUS_DONE
