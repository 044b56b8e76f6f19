"""Which layer of the port is which of the reference's: by structure, or by an explicit map."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from parity.twin import DType, Layer, ParityError

KIND_OF_STATE = {True: "trainable", False: "state"}


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
    """Pairs two twins' layers.

    First those in `given`. Then, where all others are of the same kinds and shapes in the same
    order, one after another; else equal paths, then what is alone in its kind and shapes, then
    the longest runs of kinds in common.

    Args:
        reference: the reference's layers, in the order in which inputs meet them.
        port: the port's.
        given: paths of the reference's layers with the port's; None for one that the port does
            without, which is then no difference.

    Raises:
        ParityError: `given` names a layer that there is not.
    """
    by_path = {layer.path: layer for layer in reference}
    of_port = {layer.path: layer for layer in port}
    for path, other in given.items():
        if path not in by_path or other not in {*of_port, None}:
            raise ParityError(
                f"the map of layers names {path!r} and {other!r}: the reference has "
                f"{', '.join(by_path)}, the port {', '.join(of_port)}"
            )
    found = {path: of_port[other] for path, other in given.items() if other is not None}

    def rest() -> tuple[list[Layer], list[Layer]]:
        taken = {layer.path for layer in found.values()}
        return (
            [layer for layer in reference if layer.path not in {*found, *given}],
            [layer for layer in port if layer.path not in taken],
        )

    left, right = rest()
    if list(map(_form, left)) != list(map(_form, right)):
        for key in (lambda layer: (layer.path, layer.kind), _form):
            left, right = rest()
            found |= _alone(left, right, key)
        left, right = rest()
    matcher = SequenceMatcher(
        None, [layer.kind for layer in left], [layer.kind for layer in right], autojunk=False
    )
    for block in matcher.get_matching_blocks():
        for place in range(block.size):
            found[left[block.a + place].path] = right[block.b + place]
    left, right = rest()
    pairs = tuple((layer, found[layer.path]) for layer in reference if layer.path in found)
    return Pairing(pairs, tuple(left), tuple(right))


def faults_of(pairing: Pairing, dtype: DType, titles: tuple[str, str]) -> list[str]:
    """What does not pair up, in sentences: layers, tensors, shapes, types, what is trained."""
    reference_title, port_title = titles
    faults = [f"only {reference_title} has {_named(each)}" for each in pairing.only_in_reference]
    faults += [f"only {port_title} has {_named(each)}" for each in pairing.only_in_port]
    for reference, port in pairing.pairs:
        own = {form.name: form for form in port.tensors}
        where = f"layer {reference.path} ({port_title}: {port.path})"
        for form in reference.tensors:
            other = own.pop(form.name, None)
            tensor = f"{where}: {form.name}"
            if other is None:
                faults.append(f"{tensor} is missing in {port_title}")
            elif other.shape != form.shape:
                faults.append(f"{tensor} has shape {form.shape}, in {port_title} {other.shape}")
            elif other.is_trainable != form.is_trainable:
                faults.append(
                    f"{tensor} is {KIND_OF_STATE[form.is_trainable]}, in {port_title} "
                    f"{KIND_OF_STATE[other.is_trainable]}"
                )
            elif other.dtype != dtype or form.dtype != dtype:
                faults.append(
                    f"{tensor} is {form.dtype}, in {port_title} {other.dtype}; this is a climb in "
                    f"{dtype}"
                )
        faults += [f"{where}: {name} is missing in {reference_title}" for name in own]
    return faults


def _alone(
    left: Sequence[Layer], right: Sequence[Layer], key: Callable[[Layer], Hashable]
) -> dict[str, Layer]:
    """Pairs of layers that alone on their side have this key."""
    keys, other_keys = [key(layer) for layer in left], [key(layer) for layer in right]
    return {
        layer.path: right[other_keys.index(own)]
        for layer, own in zip(left, keys, strict=True)
        if keys.count(own) == 1 == other_keys.count(own)
    }


def _form(layer: Layer) -> tuple[str, tuple[tuple[str, tuple[int, ...]], ...]]:
    """Its kind and its tensors' shapes."""
    return layer.kind, tuple(sorted((form.name, form.shape) for form in layer.tensors))


def _named(layer: Layer) -> str:
    shapes = ", ".join(f"{form.name} {form.shape}" for form in layer.tensors)
    return f"{layer.kind} {layer.path}" + (f" ({shapes})" if shapes else "")
