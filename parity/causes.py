"""Known causes: where a difference looks like one that many ports have, what it may be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from parity.compare import Evidence, RungComparison
from parity.pairing import Pairing


@dataclass(frozen=True)
class Side:
    """What is known of one twin."""

    pairing: Pairing
    evidence: Sequence[Evidence]


def find_causes(
    result: RungComparison, reference: Side, port: Side, *, titles: tuple[str, str]
) -> Iterator[str]:
    yield from ()
