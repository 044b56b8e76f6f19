"""Random images and labels, where it matters little what they show."""

import numpy as np

from shared.protocol import Examples


def made_examples(num_rows: int, dtype: str = "float32") -> Examples:
    generator = np.random.default_rng(num_rows)
    return Examples(
        images=generator.random((num_rows, 28, 28)).astype(dtype),
        labels=generator.integers(0, 10, num_rows).astype(np.int32),
    )
