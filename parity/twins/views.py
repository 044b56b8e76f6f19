"""How a framework keeps the tensors that Keras keeps: in which layout."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.twin import Array


@dataclass(frozen=True)
class View:
    """One tensor in Keras' layout, made of one or more of the framework's own.

    sources: the framework's own variables.
    forward: from their arrays to Keras' layout.
    backward: the way back, to as many arrays as there are sources, each but for its shape.
    """

    sources: tuple[Any, ...]
    forward: Callable[[Sequence[Array]], Array]
    backward: Callable[[Array], Sequence[Array]]

    def then(self, forward: Callable[[Array], Array], backward: Callable[[Array], Array]) -> "View":
        """The same tensor in yet another layout."""
        return View(
            self.sources,
            lambda arrays: forward(self.forward(arrays)),
            lambda array: self.backward(backward(array)),
        )

    def transposed(self, *axes: int) -> "View":
        """With its axes in another order: axis `i` in Keras' layout is the own axis `axes[i]`."""
        back = np.argsort(axes)
        return self.then(lambda array: array.transpose(axes), lambda array: array.transpose(back))

    def gates_swapped(self) -> "View":
        """Gates r, z, h along the last axis, where Keras has z, r, h."""
        return self.then(_swap_gates, _swap_gates)


def same(source: Any) -> View:
    """As it is."""
    return View((source,), lambda arrays: arrays[0], lambda array: [array])


def reshaped(source: Any, *shape: int) -> View:
    """In another shape."""
    return View((source,), lambda arrays: arrays[0].reshape(shape), lambda array: [array])


def joined(*sources: Any) -> View:
    """Arrays of one shape, one after another along the last axis."""
    return View(
        sources,
        lambda arrays: np.concatenate(arrays, axis=-1),
        lambda array: np.split(array, len(sources), axis=-1),
    )


def stacked(*sources: Any) -> View:
    """Arrays of one shape, along a new first axis."""
    return View(sources, np.stack, list)


def added(first: Any, second: Any) -> View:
    """Arrays of which only the sum counts; on the way back it is all in the first one."""
    return View(
        (first, second),
        lambda arrays: arrays[0] + arrays[1],
        lambda array: [array, np.zeros_like(array)],
    )


def _swap_gates(array: Array) -> Array:
    first, second, third = np.split(array, 3, axis=-1)
    return np.concatenate([second, first, third], axis=-1)
