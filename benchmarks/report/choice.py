"""Which test images are worth a look.

Symbols in shapes: I = implementations, n = images; there are 10 classes.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


def differing_rows(probabilities: Mapping[str, NDArray[np.floating]]) -> NDArray[np.intp]:
    """The images that not all implementations take for the same class.

    Args:
        probabilities: (n, 10) of each implementation, by its name; at least one.

    Returns:
        Row numbers; first the image on which two implementations are furthest apart in
        the probability of some class. Ties in the order of the test set.
    """
    stacked = np.stack(list(probabilities.values()))
    classes = stacked.argmax(axis=2)
    rows = np.flatnonzero((classes != classes[0]).any(axis=0))
    apart = np.ptp(stacked[:, rows], axis=0).max(axis=1)
    return rows[np.argsort(-apart, kind="stable")]


def confidently_wrong_rows(
    probabilities: Mapping[str, NDArray[np.floating]], labels: NDArray[np.integer]
) -> NDArray[np.intp]:
    """The images that all implementations get wrong.

    Args:
        probabilities: (n, 10) of each implementation, by its name; at least one.
        labels: true classes, (n,).

    Returns:
        Row numbers; first the image for whose wrong answers the least sure implementation
        is surest. Ties in the order of the test set.
    """
    stacked = np.stack(list(probabilities.values()))
    rows = np.flatnonzero((stacked.argmax(axis=2) != labels).all(axis=0))
    least_sure = stacked[:, rows].max(axis=2).min(axis=0)
    return rows[np.argsort(-least_sure, kind="stable")]
