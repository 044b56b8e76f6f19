"""Known causes: what a difference may come from, where it looks like one that many ports have.

A cause is only named where the numbers fit it, with the files in which a reader can look it up.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from parity.compare import Evidence, RungComparison, Tensor
from parity.pairing import Pairing
from parity.twin import Array

SOURCES = {
    "epsilon": "Keras' normalisations have 1e-3, Flax' 1e-5 (BatchNorm) or 1e-6, PyTorch's 1e-5: "
    "keras/src/layers/normalization/, flax/nnx/nn/normalization.py",
    "momentum": "the share of the running statistics that is kept; PyTorch names the other share: "
    "keras/src/layers/normalization/batch_normalization.py",
    "padding": "Keras' convolutions have 'valid', Flax' 'SAME' (PyTorch pads both sides alike): "
    "keras/src/layers/convolutional/base_conv.py, flax/nnx/nn/linear.py",
}
"""Where the defaults of a setting are written."""
ROUNDED_TO_FLOAT32 = (1e-10, 2e-7)
"""Relative differences in which a number rounded to float32 shows in a float64 climb."""
CLIPPED_LOSS = float(-np.log(1e-7))
CLOSE = 1e-3
SPREAD_OFF = 0.15
"""How far the variance of some hundred drawn values may be from its rule."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A rung that failed, at one tensor.

    reference, port: all evidence up to that rung.
    values: the tensor on both sides; of other shapes, perhaps.
    """

    result: RungComparison
    pairing: Pairing
    reference: Sequence[Evidence]
    port: Sequence[Evidence]
    tensor: str
    titles: tuple[str, str]

    @property
    def values(self) -> tuple[Array, Array]:
        """The tensor as the reference and as the port has it, in float64 where it is numbers."""
        return self.look_up(self.tensor, self.result.name)

    def look_up(self, tensor: str, rung: str) -> tuple[Array, Array]:
        """A tensor of any rung, on both sides; nothing where it is not there."""
        sides = (self.reference, self.port)
        return tuple(_find(side, tensor, rung) for side in sides)  # type: ignore[return-value]

    @property
    def layer(self) -> str:
        """The reference's name of the layer, empty where the tensor belongs to none."""
        return self.tensor.rpartition("/")[0]


def find_causes(
    result: RungComparison,
    pairing: Pairing,
    reference: Sequence[Evidence],
    port: Sequence[Evidence],
    titles: tuple[str, str],
) -> tuple[str, ...]:
    """What may be the cause of a failed rung, the likeliest first; nothing is a cause too many."""
    if result.parting is None:  # a twin could not answer
        return tuple(settings_that_differ(pairing, titles))
    case = Case(
        result=result,
        pairing=pairing,
        reference=reference,
        port=port,
        tensor=result.parting.tensor,
        titles=titles,
    )
    return tuple(cause for look in LOOKS for cause in look(case))


def settings_that_differ(
    pairing: Pairing, titles: tuple[str, str], last_layer: str = ""
) -> Iterator[str]:
    """What two layers were given, where it differs; of layers up to the last one, or of all."""
    title, port_title = titles
    for reference, port in pairing.pairs:
        for name, value in reference.settings.items():
            other = port.settings.get(name, value)
            if other != value:
                source = f" ({SOURCES[name]})" if name in SOURCES else ""
                yield (
                    f"layer {reference.path}: {name} is {value} in {title}, {other} in "
                    f"{port_title}{source}"
                )
        if reference.path == last_layer:
            return


def _settings(case: Case) -> Iterator[str]:
    yield from settings_that_differ(case.pairing, case.titles, case.layer)


def _between_layers(case: Case) -> Iterator[str]:
    """What enters a layer differs: what stands before it, and not the layer, is another."""
    if not case.tensor.endswith("/input"):
        return
    left, right = case.values
    if left.size and left.shape == right.shape and _same_numbers(left, right):
        yield (
            "the same numbers in another order: flattened with channels and places in another "
            "order, or transposed"
        )
        return
    before = _output_before(case)
    if before is None or before.shape != left.shape == right.shape:
        yield "the layer itself is not reached: what stands before it, reshaped or pooled, differs"
        return
    names = [_activation_between(before, each) for each in (left, right)]
    yield (
        f"what stands before the layer differs: {case.titles[0]} has {names[0]}, "
        f"{case.titles[1]} {names[1]}"
    )


def _transposed_kernel(case: Case) -> Iterator[str]:
    if not case.tensor.endswith("/output"):
        return
    inputs, _ = case.look_up(f"{case.layer}/input", case.result.name)
    kernel, _ = case.look_up(f"{case.layer}/kernel", "parameters")
    bias, _ = case.look_up(f"{case.layer}/bias", "parameters")
    _, port = case.values
    is_square = kernel.ndim == 2 and kernel.shape[0] == kernel.shape[1] == inputs.shape[-1]
    if is_square and bias.size and _is_close(inputs @ kernel.T + bias, port):
        yield f"{case.titles[1]} applies the kernel transposed, which fits since it is square"


def _logits(case: Case) -> Iterator[str]:
    left, right = case.values
    if case.tensor != "what users get" or left.shape != right.shape:
        return
    for one, other, title in ((left, right, case.titles[1]), (right, left, case.titles[0])):
        if _is_close(_softmax(other), one):
            yield f"{title} returns logits: apply softmax in what its users get (`predict=`)"


def _loss(case: Case) -> Iterator[str]:
    left, right = case.values
    if "loss" not in case.result.name or left.size != 1 or right.size != 1 or not left:
        return
    for one, other, title in ((left, right, case.titles[1]), (right, left, case.titles[0])):
        if case.result.name != "loss" and 0 < other < one and other <= CLIPPED_LOSS * 1.01:
            yield (
                f"{title} may take its loss from probabilities clipped at 1e-7, at most 16.1, "
                "not from logits (keras/src/backend/jax/nn.py)"
            )
    ratio = float(right / left)
    if ratio > 1.5 and abs(ratio - round(ratio)) < CLOSE:
        yield f"{round(ratio)} times the reference's: a sum over the batch where a mean belongs?"


def _adam(case: Case) -> Iterator[str]:
    """At equal gradients, updates differ most where these are smallest: epsilon's place."""
    if "optimizer" not in case.result.name or case.layer == "":
        return
    gradients, _ = case.look_up(case.tensor, "gradients")
    updates = _updates(case)
    if not gradients.size or updates is None:
        return
    is_moved = gradients != 0
    size, left = np.abs(gradients[is_moved]), updates[0][is_moved]
    steps = np.abs(left[size >= np.quantile(size, 0.9)])
    is_adam = steps.min() > 0.9 * steps.max()  # whose first steps are all of one size
    relative = np.abs(updates[1][is_moved] / left - 1)
    is_small = size < np.median(size)
    if is_adam and is_small.any() and relative[is_small].max() > 2 * relative[~is_small].max():
        yield (
            "Adam's epsilon: Keras adds it to the root of v before the bias correction "
            "(keras/src/optimizers/adam.py), Optax and PyTorch after it "
            "(optax/_src/transform.py); the defaults are 1e-7 and 1e-8. Equal is an Optax "
            "rule with epsilon / sqrt(1 - b2**t)"
        )


def _update_sizes(case: Case) -> Iterator[str]:
    """Ratios of updates: one for all, or a tensor that stands still."""
    ratios = {t.name: t.update_ratio for t in case.result.tensors if t.update_ratio is not None}
    if not ratios:
        return
    values = np.array(list(ratios.values()))
    if np.ptp(values) < CLOSE < abs(values.mean() - 1):
        yield (
            f"every update is {values.mean():.4g} times the reference's: another learning rate, "
            "a sum for a mean, or a step that was skipped"
        )
    elif abs(ratios.get(case.tensor, 1.0) - 1) > CLOSE:
        text = f"its update is {ratios[case.tensor]:.4g} times the reference's"
        yield text + (": it stands still" if abs(ratios[case.tensor]) < CLOSE else "")


def _running_variance(case: Case) -> Iterator[str]:
    """Bessel's correction, n / (n − 1), in what a batch adds to the running variance."""
    if not case.tensor.endswith("/moving_variance") or _updates(case) is None:
        return
    (reference,) = (each for each, _ in case.pairing.pairs if each.path == case.layer)
    start, _ = case.look_up(case.tensor, "parameters")
    added, other = (each - reference.settings["momentum"] * start for each in case.values)
    ratio = float(np.median(other / added))
    if case.result.name == "one step" and ratio > 1 and np.ptp(other / added) < CLOSE * (ratio - 1):
        yield (
            f"the batch's variance is {ratio:.6g} times the reference's: Bessel's correction, "
            f"n / (n - 1) with n = {round(ratio / (ratio - 1))}, which Keras leaves out"
        )


def _fast_variance(case: Case) -> Iterator[str]:
    for reference, port in case.pairing.pairs:
        if reference.path == case.layer and port.settings.get("use_fast_variance"):
            yield (
                "Flax takes the variance as E[x²] − E[x]², which cancels; "
                "use_fast_variance=False is Keras' formula (flax/nnx/nn/normalization.py)"
            )


def _float32_within(case: Case) -> Iterator[str]:
    left, right = case.values
    if left.dtype != np.float64 or left.shape != right.shape or not left.size:
        return
    updates = _updates(case)
    left, right = (left, right) if updates is None else updates
    scale = float(np.abs(left).max())
    relative = float(np.abs(left - right).max()) / scale if scale else 0.0
    if ROUNDED_TO_FLOAT32[0] < relative < ROUNDED_TO_FLOAT32[1]:
        yield (
            "as small as a number rounded to float32 makes it: look for a constant in float32. "
            "Keras on TensorFlow rounds an optimizer's Python numbers so (`ops.cast`, "
            "keras/src/backend/tensorflow/core.py): a port equals it with float(np.float32(0.9))"
        )


def _initialisers(case: Case) -> Iterator[str]:
    """Names the rule that a kernel's spread fits, on both sides."""
    name, _, _ = case.tensor.partition(" as drawn")
    kernel, _ = case.look_up(name, "parameters")
    spreads = case.look_up(f"{name} as drawn: standard deviation", case.result.name)
    if kernel.ndim < 2 or not spreads[0].size or not spreads[1].size:
        return
    field = int(np.prod(kernel.shape[:-2]))
    fan_in, fan_out = kernel.shape[-2] * field, kernel.shape[-1] * field
    rules = {
        "Glorot's, Keras' default (keras/src/layers/core/dense.py)": 2 / (fan_in + fan_out),
        "LeCun's, Flax' default (flax/nnx/nn/linear.py)": 1 / fan_in,
        "He's": 2 / fan_in,
    }
    for spread, title in zip(spreads, case.titles, strict=True):
        fits = [rule for rule, of in rules.items() if abs(spread**2 / of - 1) < SPREAD_OFF]
        yield f"{title}'s spread of {float(spread):.3g} is {fits[0] if fits else 'no known rule'}"


LOOKS: tuple[Callable[[Case], Iterator[str]], ...] = (
    *(_settings, _between_layers, _transposed_kernel, _logits, _loss, _adam),
    *(_running_variance, _fast_variance, _update_sizes, _float32_within, _initialisers),
)

ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "nothing": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "leaky relu (0.01)": lambda x: np.where(x > 0, x, 0.01 * x),
    "leaky relu (0.2)": lambda x: np.where(x > 0, x, 0.2 * x),
    "leaky relu (0.3)": lambda x: np.where(x > 0, x, 0.3 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "gelu by tanh": lambda x: x / (1 + np.exp(-np.sqrt(8 / np.pi) * (x + 0.044715 * x**3))),
}


def _activation_between(before: Array, after: Array) -> str:
    names = (name for name, apply in ACTIVATIONS.items() if _is_close(apply(before), after))
    return next(names, "something else")


def _output_before(case: Case) -> Array | None:
    """What the reference's layer before put out, before its activation."""
    evidence = next(each for each in case.reference if each.rung == case.result.name)
    names = [tensor.name for tensor in evidence.tensors]
    place = names.index(case.tensor)
    return evidence.tensors[place - 1].values if place else None


def _updates(case: Case) -> tuple[Array, Array] | None:
    found = []
    for side in (case.reference, case.port):
        tensor = _find_tensor(side, case.tensor, case.result.name)
        if tensor is None or tensor.before is None:
            return None
        found.append(tensor.values.astype(np.float64) - tensor.before)
    return found[0], found[1]


def _find_tensor(side: Sequence[Evidence], name: str, rung: str) -> Tensor | None:
    tensors = (tensor for each in side if each.rung == rung for tensor in each.tensors)
    return next((tensor for tensor in tensors if tensor.name == name), None)


def _find(side: Sequence[Evidence], name: str, rung: str) -> Array:
    tensor = _find_tensor(side, name, rung)
    return np.zeros(0) if tensor is None else tensor.values


def _same_numbers(left: Array, right: Array) -> bool:
    rows = (np.sort(each.reshape(len(each), -1), axis=1) for each in (left, right))
    return _is_close(*rows)


def _is_close(left: Array, right: Array) -> bool:
    return left.shape == right.shape and bool(np.allclose(left, right, rtol=1e-5, atol=1e-7))


def _softmax(logits: Array) -> Array:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
