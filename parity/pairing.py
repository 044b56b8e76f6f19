"""Which layer of the port is which of the reference's: by structure, or by an explicit map."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from parity.twin import DType, Layer, ParityError


@dataclass(frozen=True)
class Pairing:
    """Layers that belong together, reference first; and those that have no counterpart."""

    pairs: tuple[tuple[Layer, Layer], ...]
    only_in_reference: tuple[Layer, ...] = ()
    only_in_port: tuple[Layer, ...] = ()

    def names(self) -> dict[str, str]:
        """The reference's path of each of the port's layers."""
        return {port.path: reference.path for reference, port in self.pairs}


def pair_layers(
    reference: Sequence[Layer], port: Sequence[Layer], given: Mapping[str, str | None]
) -> Pairing:
    """Pairs two twins' layers, each in the order in which inputs meet them.

    First those in `given`. Then, where all others are of the same kinds and shapes in the same
    order, one after another; else equal paths, then what is alone in its kind and shapes, then
    the longest runs of kinds in common.

    Args:
        reference: the reference's layers.
        port: the port's.
        given: paths of the reference's layers with the port's; None for one that the port does
            without, which is then no difference.

    Raises:
        ParityError: `given` names a layer that there is not, or one twice.
    """
    own, other = ({layer.path: layer for layer in layers} for layers in (reference, port))
    named = [name for name in given.values() if name is not None]
    if not own.keys() >= given.keys() or sorted(named) != sorted({*named} & other.keys()):
        raise ParityError(
            f"the map of layers is {dict(given)}; the reference has {', '.join(own)}, the port "
            f"{', '.join(other)}, and each can be named once"
        )
    found = {path: other[name] for path, name in given.items() if name is not None}
    left = [layer for layer in reference if layer.path not in given]
    right = [layer for layer in port if layer.path not in named]

    def take(pairs: Sequence[tuple[Layer, Layer]]) -> None:
        for one, its in pairs:
            found[one.path] = its
            left.remove(one)
            right.remove(its)

    if [*map(_form, left)] != [*map(_form, right)]:
        take(_alone(left, right, lambda layer: (layer.path, layer.kind)))
        take(_alone(left, right, _form))
    take(_in_order(left, right))
    pairs = tuple((layer, found[layer.path]) for layer in reference if layer.path in found)
    return Pairing(pairs, tuple(left), tuple(right))


def faults_of(pairing: Pairing, dtype: DType, titles: tuple[str, str]) -> list[str]:
    """What does not pair up, in sentences: layers, tensors, shapes, types, what is trained."""
    sides = (pairing.only_in_reference, pairing.only_in_port)
    return [
        *(f"only {titles[side]} has {_named(each)}" for side in (0, 1) for each in sides[side]),
        *(fault for pair in pairing.pairs for fault in _faults_of_pair(*pair, dtype, titles)),
    ]


def _faults_of_pair(
    reference: Layer, port: Layer, dtype: DType, titles: tuple[str, str]
) -> Iterator[str]:
    own, other = ({form.name: form for form in layer.tensors} for layer in (reference, port))
    for name in {**own, **other}:
        tensor = f"layer {reference.path} ({titles[1]}: {port.path}): {name}"
        if name not in own or name not in other:
            yield f"{tensor} is missing in {titles[name in own]}"
        elif own[name].shape != other[name].shape:
            yield f"{tensor} has shape {own[name].shape}, in {titles[1]} {other[name].shape}"
        elif own[name].is_trainable != other[name].is_trainable:
            trained = ["trainable" if side[name].is_trainable else "state" for side in (own, other)]
            yield f"{tensor} is {trained[0]}, in {titles[1]} {trained[1]}"
        elif {own[name].dtype, other[name].dtype} != {dtype}:
            types = f"is {own[name].dtype}, in {titles[1]} {other[name].dtype}"
            yield f"{tensor} {types}; this is a climb in {dtype}"


def _alone(
    left: Sequence[Layer], right: Sequence[Layer], key: Callable[[Layer], Hashable]
) -> list[tuple[Layer, Layer]]:
    """Layers that alone on their side have this key."""
    keys, other_keys = [*map(key, left)], [*map(key, right)]
    return [
        (layer, right[other_keys.index(own)])
        for layer, own in zip(left, keys, strict=True)
        if keys.count(own) == 1 == other_keys.count(own)
    ]


def _in_order(left: Sequence[Layer], right: Sequence[Layer]) -> list[tuple[Layer, Layer]]:
    """The longest runs of kinds in common."""
    kinds = ([layer.kind for layer in side] for side in (left, right))
    blocks = SequenceMatcher(None, *kinds, autojunk=False).get_matching_blocks()
    return [(left[a + place], right[b + place]) for a, b, size in blocks for place in range(size)]


def _form(layer: Layer) -> tuple[str, tuple[tuple[str, tuple[int, ...]], ...]]:
    """Its kind and its tensors' shapes."""
    return layer.kind, tuple(sorted((form.name, form.shape) for form in layer.tensors))


def _named(layer: Layer) -> str:
    shapes = ", ".join(f"{form.name} {form.shape}" for form in layer.tensors)
    return f"{layer.kind} {layer.path}" + (f" ({shapes})" if shapes else "")
