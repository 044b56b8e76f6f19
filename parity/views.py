"""How a framework keeps the tensors that Keras keeps: under which names, in which layout."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from parity.twin import Array, Arrays


@dataclass(frozen=True)
class View:
    """One tensor in Keras' layout, made of one or more of the framework's own.

    sources: the own names.
    forward: from the own arrays to Keras' layout.
    backward: the way back, to as many arrays as there are sources.
    """

    sources: tuple[str, ...]
    forward: Callable[[Sequence[Array]], Array] = lambda arrays: arrays[0]
    backward: Callable[[Array], Sequence[Array]] = lambda array: [array]


Views = Mapping[str, View]
"""By the tensors' names as the ladder has them, `LAYER/TENSOR` with Keras' name of the tensor."""


def same(source: str) -> View:
    """As it is."""
    return View((source,))


def transposed(source: str, axes: tuple[int, ...]) -> View:
    """With its axes in another order: axis `i` in Keras' layout is the own axis `axes[i]`."""
    back = tuple(np.argsort(axes))
    return View(
        (source,), lambda arrays: arrays[0].transpose(axes), lambda array: [array.transpose(back)]
    )


def joined(*sources: str) -> View:
    """Arrays of one shape, one after another along the last axis."""
    return View(
        sources,
        lambda arrays: np.concatenate(arrays, axis=-1),
        lambda array: np.split(array, len(sources), axis=-1),
    )


def depthwise(source: str, num_inputs: int) -> View:
    """(…, 1, inputs × multiplier), where Keras has (…, inputs, multiplier)."""
    return View(
        (source,),
        lambda arrays: arrays[0].reshape(*arrays[0].shape[:-2], num_inputs, -1),
        lambda array: [array.reshape(*array.shape[:-2], 1, -1)],
    )


def gates_swapped(view: View) -> View:
    """Gates r, z, h along the last axis, where Keras has z, r, h."""

    def swap(array: Array) -> Array:
        first, second, third = np.split(array, 3, axis=-1)
        return np.concatenate([second, first, third], axis=-1)

    return View(
        view.sources,
        lambda arrays: swap(view.forward(arrays)),
        lambda array: view.backward(swap(array)),
    )


def to_keras(views: Views, own: Arrays) -> dict[str, Array]:
    """The tensors in Keras' layout; left out where the own arrays are not all there."""
    return {
        name: np.array(view.forward([own[source] for source in view.sources]))
        for name, view in views.items()
        if all(source in own for source in view.sources)
    }


def from_keras(views: Views, arrays: Arrays) -> dict[str, Array]:
    """The way back, to arrays by the framework's own names."""
    own: dict[str, Array] = {}
    for name, array in arrays.items():
        own |= zip(views[name].sources, views[name].backward(array), strict=True)
    return own
