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
    "epsilon": "Keras' normalisations have 1e-3, Flax's 1e-5 (BatchNorm) or 1e-6, PyTorch's 1e-5: "
    "keras/src/layers/normalization/, flax/nnx/nn/normalization.py",
    "momentum": "the share of the running statistics that is kept; PyTorch names the other share: "
    "keras/src/layers/normalization/batch_normalization.py",
    "padding": "Keras' convolutions have 'valid', Flax's 'SAME' (PyTorch pads both sides alike): "
    "keras/src/layers/convolutional/base_conv.py, flax/nnx/nn/linear.py",
}
"""Where the defaults of a setting are written."""
ROUNDED_TO_FLOAT32 = (1e-10, 2e-7)
"""Relative differences in which a number rounded to float32 shows in a float64 climb."""
LARGEST_CLIPPED_LOSS = float(-np.log(1e-7))
CLOSE = 1e-3
MOST_NAMED = 4
ADAM = ("momentum", "velocity")
"""What Adam remembers of each tensor."""
HAVE_FANS = ("Dense", "Conv", "LSTM", "GRU")
"""Kinds whose kernels end with inputs and outputs; attention's, for one, have heads besides."""
SPREAD_OFF = 0.15
"""How far the variance of some hundred drawn values may be from its rule."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A rung that failed, at one tensor, with both sides' evidence up to there.

    others: the rung's other tensors that differ.
    ratios: of updates, by tensor.
    tensors: of the reference and of the port, by rung and name.
    """

    rung: str
    tensor: str
    others: Sequence[str]
    ratios: Mapping[str, float]
    tensors: tuple[Mapping[tuple[str, str], Tensor], Mapping[tuple[str, str], Tensor]]
    pairing: Pairing
    titles: tuple[str, str]

    def values(self, tensor: str = "", rung: str = "") -> tuple[Array, Array]:
        """A tensor on both sides, the one at which the rung failed if none is named.

        Empty where it is not there.
        """
        key = (rung or self.rung, tensor or self.tensor)
        left, right = (side[key].values if key in side else np.zeros(0) for side in self.tensors)
        return left, right

    def updates(self) -> tuple[Array, Array]:
        """By how much the tensor was updated on both sides; empty where it was not."""
        found = [side[self.rung, self.tensor] for side in self.tensors]
        left, right = (
            np.zeros(0) if each.before is None else each.values - each.before for each in found
        )
        return left, right

    @property
    def layer(self) -> str:
        """The reference's name of the layer, empty where the tensor belongs to none."""
        return self.tensor.rpartition("/")[0]


def find_causes(
    result: RungComparison,
    pairing: Pairing,
    evidence: tuple[Sequence[Evidence], Sequence[Evidence]],
    titles: tuple[str, str],
) -> tuple[str, ...]:
    """What may be the cause of a failed rung; nothing is better than a cause too many."""
    parting = result.parting
    if parting is None:  # a twin could not answer
        return tuple(settings_that_differ(pairing, titles))
    left, right = (
        {(rung.rung, tensor.name): tensor for rung in side for tensor in rung.tensors}
        for side in evidence
    )
    if any((result.name, parting.tensor) not in side for side in (left, right)):
        return ()
    case = Case(
        rung=result.name,
        tensor=parting.tensor,
        others=[t.name for t in result.tensors if not t.passed and t.name != parting.tensor],
        ratios={t.name: t.update_ratio for t in result.tensors if t.update_ratio is not None},
        tensors=(left, right),
        pairing=pairing,
        titles=titles,
    )
    with np.errstate(all="ignore"):  # what is no number fits no cause
        return tuple(cause for look in LOOKS for cause in look(case))


def settings_that_differ(
    pairing: Pairing, titles: tuple[str, str], last_layer: str = "", *, with_rates: bool = True
) -> Iterator[str]:
    """What two layers were given, where it differs; of layers up to the last one, or of all."""
    title, port_title = titles
    for reference, port in pairing.pairs:
        for name, value in reference.settings.items():
            other = port.settings.get(name, value)
            if other != value and (name != "rate" or with_rates):
                source = f" ({SOURCES[name]})" if name in SOURCES else ""
                yield (
                    f"layer {reference.path}: {name} is {value} in {title}, {other} in "
                    f"{port_title}{source}"
                )
        if reference.path == last_layer:
            return


def _settings(case: Case) -> Iterator[str]:
    is_random = case.rung == "randomness"  # elsewhere all rates are 0
    yield from settings_that_differ(case.pairing, case.titles, case.layer, with_rates=is_random)


def _between_layers(case: Case) -> Iterator[str]:
    """What enters a layer differs: what stands before it, and not the layer, is another."""
    left, right = case.values()
    if not case.tensor.endswith("/input") or _is_close(left, right):
        return
    rows = (np.sort(each.reshape(len(each), -1), axis=1) for each in (left, right))
    if _is_close(*rows):
        yield "the same numbers in another order: flattened in another order, or transposed"
    else:
        yield (
            "what stands before this layer differs, not the layer: an activation, a residual, or "
            "what reshapes or pools"
        )


def _logits(case: Case) -> Iterator[str]:
    left, right = case.values()
    if case.tensor == "what users get" and _is_close(_softmax(right), left):
        yield f"{case.titles[1]} returns logits: apply softmax in what its users get (`predict=`)"


def _loss(case: Case) -> Iterator[str]:
    left, right = case.values()
    if "loss" not in case.rung or left.size != 1 or right.size != 1:
        return
    for one, other, title in ((left, right, case.titles[1]), (right, left, case.titles[0])):
        if "extreme" in case.rung and 0 < other < one and other <= LARGEST_CLIPPED_LOSS * 1.01:
            yield (
                f"{title} may take its loss from probabilities clipped at 1e-7, at most 16.1, "
                "not from logits (keras/src/backend/jax/nn.py)"
            )
    ratio = float(right / left) if left else 0.0
    if ratio > 1.5 and abs(ratio - round(ratio)) < CLOSE:
        yield f"{round(ratio)} times the reference's: a sum over the batch where a mean belongs?"


def _adam(case: Case) -> Iterator[str]:
    """At equal gradients, updates differ most where these are smallest: epsilon's place."""
    is_adam = all((case.rung, f"{case.tensor} {slot}") in case.tensors[0] for slot in ADAM)
    if "optimizer" not in case.rung or not is_adam:
        return
    gradients, _ = case.values(rung="gradients")
    left, right = case.updates()
    if not left.shape == right.shape == gradients.shape or not np.any(gradients):
        return
    is_moved = gradients != 0
    size, relative = np.abs(gradients[is_moved]), np.abs(right[is_moved] / left[is_moved] - 1)
    is_small = size < np.median(size)
    if is_small.any() and relative[is_small].max() > 2 * relative[~is_small].max():
        yield (
            "Adam's epsilon: Keras adds it to the root of v before the bias correction "
            "(keras/src/optimizers/adam.py), Optax and PyTorch after it "
            "(optax/_src/transform.py); the defaults are 1e-7 and 1e-8. Equal is an Optax "
            "rule with epsilon / sqrt(1 - b2**t), whose bias correction takes the betas as "
            "float32: `keras_adam` in docs/examples/transformer.py"
        )


def _update_sizes(case: Case) -> Iterator[str]:
    """Ratios of updates: one for all, or a tensor that stands still."""
    own, every = case.ratios.get(case.tensor, 1.0), list(case.ratios.values())
    if abs(own - 1) < CLOSE:
        return
    if max(every) - min(every) < CLOSE:
        yield (
            f"every update is {own:.4g} times the reference's: another learning rate, a sum for a "
            "mean, or a step that was skipped"
        )
        return
    still = ": it stands still" if abs(own) < CLOSE else ""
    yield f"its update is {own:.4g} times the reference's{still}"


def _embedding(case: Case) -> Iterator[str]:
    kinds = [each.kind for each, _ in case.pairing.pairs if each.path == case.layer]
    if case.rung == "one step" and kinds == ["Embedding"]:
        yield (
            "Keras on TensorFlow hands its optimizer an embedding's gradient in slices: Adam and "
            "RMSprop square those of a repeated token one by one. With the Embedding in "
            "docs/examples/transformer.py, whose gradient is one array, the reference does not"
        )


def _running_variance(case: Case) -> Iterator[str]:
    """Bessel's correction, n / (n − 1), in what a batch adds to the running variance."""
    if case.rung != "one step" or not case.tensor.endswith("/moving_variance"):
        return
    kept = next(
        each.settings["momentum"] for each, _ in case.pairing.pairs if each.path == case.layer
    )
    starts = case.values(rung="parameters")
    added, other = (end - kept * start for end, start in zip(case.values(), starts, strict=True))
    ratio = float(np.median(other / added))
    if ratio > 1 and np.ptp(other / added) < CLOSE * (ratio - 1):
        yield (
            f"the batch's variance is {ratio:.6g} times the reference's: Bessel's correction, "
            f"n / (n - 1) with n = {round(ratio / (ratio - 1))}, which Keras leaves out"
        )


def _fast_variance(case: Case) -> Iterator[str]:
    if not _is_close(*case.values()):
        return
    for reference, port in case.pairing.pairs:
        if reference.path == case.layer and port.settings.get("use_fast_variance"):
            yield (
                "Flax takes the variance as E[x²] − E[x]², which cancels; "
                "use_fast_variance=False is Keras' formula (flax/nnx/nn/normalization.py)"
            )


def _float32_within(case: Case) -> Iterator[str]:
    left, right = case.values() if not case.updates()[0].size else case.updates()
    if left.dtype != np.float64 or left.shape != right.shape or not np.any(left):
        return
    relative = float(np.abs(left - right).max() / np.abs(left).max())
    if ROUNDED_TO_FLOAT32[0] < relative < ROUNDED_TO_FLOAT32[1]:
        where = (
            "Keras on TensorFlow rounds an optimizer's Python numbers so (`ops.cast`, "
            "keras/src/backend/tensorflow/core.py): a port equals it with float(np.float32(0.9))"
            if "optimizer" in case.rung
            else "such as one of an activation, a regularizer, a loss, or attention's softmax"
        )
        yield f"as small as a number rounded to float32 makes it: look for one in float32. {where}"


def _initial_values(case: Case) -> Iterator[str]:
    """Names the rule that a kernel's spread fits, on both sides."""
    if case.rung == "randomness" and case.others:
        more = f", and {len(case.others) - MOST_NAMED} more" if case.others[MOST_NAMED:] else ""
        yield f"also differ: {', '.join(case.others[:MOST_NAMED])}{more}"
    name, _, figure = case.tensor.partition(" as drawn")
    kernel, _ = case.values(name, "parameters")
    kinds = [each.kind for each, _ in case.pairing.pairs if each.path == name.rpartition("/")[0]]
    if kinds == ["LSTM"] and name.endswith("bias"):
        yield "Keras' LSTM starts the forget gate's bias at 1: `unit_forget_bias`"
    if "deviation" not in figure or kinds[0] not in HAVE_FANS or kernel.ndim < 2:
        return
    field = int(np.prod(kernel.shape[:-2]))
    fan_in, fan_out = kernel.shape[-2] * field, kernel.shape[-1] * field
    rules = {
        "Glorot's, Keras' default (`glorot_uniform`)": 2 / (fan_in + fan_out),
        "LeCun's, Flax's default (flax/nnx/nn/linear.py)": 1 / fan_in,
        "He's": 2 / fan_in,
    }
    spreads = case.values(f"{name} as drawn: standard deviation")
    for spread, title in zip(spreads, case.titles, strict=True):
        fits = [rule for rule, of in rules.items() if abs(spread**2 / of - 1) < SPREAD_OFF]
        rule = fits[0] if fits else "by no known rule"
        yield f"in {title} the spread is {float(spread):.3g}, {rule}"


LOOKS: tuple[Callable[[Case], Iterator[str]], ...] = (
    *(_settings, _between_layers, _logits, _loss, _adam, _embedding, _running_variance),
    *(_fast_variance, _update_sizes, _float32_within, _initial_values),
)
"""The likeliest first."""


def _is_close(left: Array, right: Array) -> bool:
    return left.shape == right.shape and bool(np.allclose(left, right, rtol=1e-5, atol=1e-7))


def _softmax(logits: Array) -> Array:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
