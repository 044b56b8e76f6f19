"""In which order measurements are taken."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def interleaved(items: Sequence[Item], num_rounds: int) -> Iterator[tuple[int, Item]]:
    """Yields each item once a round, A B C, C B A, A B C, …, with the round's number from 0.

    A machine that slows down or speeds up meanwhile does so for all alike: over two
    rounds every item's mean place in time is the same.
    """
    for number in range(num_rounds):
        for item in items if number % 2 == 0 else reversed(items):
            yield number, item
