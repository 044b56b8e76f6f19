"""A PyTorch module with its optimizer as a twin."""

import copy
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from parity.twin import Array, Arrays, DType, Layer, map_arrays
from parity.twins.module_twin import NORM_NAMES, NORMS, PortTwin
from parity.twins.views import View, added, reshaped, same, stacked

KINDS = {
    nn.Linear: "Dense",
    **dict.fromkeys((nn.Conv1d, nn.Conv2d, nn.Conv3d), "Conv"),
    _BatchNorm: "BatchNormalization",
    nn.LayerNorm: "LayerNormalization",
    nn.GroupNorm: "GroupNormalization",
    nn.Embedding: "Embedding",
    nn.MultiheadAttention: "MultiHeadAttention",
    nn.LSTM: "LSTM",
    nn.GRU: "GRU",
    _DropoutNd: "Dropout",
}
SETTINGS = {"eps": "epsilon", "momentum": "momentum", "padding": "padding"}
SETTINGS |= {"num_groups": "groups", "p": "rate", "dropout": "rate"}
SLOTS = {"exp_avg": "momentum", "exp_avg_sq": "velocity", "momentum_buffer": "momentum"}
SLOTS |= {"square_avg": "velocity", "sum": "accumulator"}
"""Keras' names of what an optimizer remembers, by PyTorch's."""
CHANNELS_FIRST = ("Conv", "DepthwiseConv", "BatchNormalization", "GroupNormalization")
PACKED = ("query", "key", "value")
"""What PyTorch's attention keeps in one tensor, one below another, where all are of one size."""
UNPACKED = {f"{name[0]}_proj_weight": f"{name}_weight" for name in PACKED}
NAMES = {
    **dict.fromkeys(NORMS, NORM_NAMES),
    "Embedding": {"weight": "embeddings"},
    "MultiHeadAttention": {"out_proj_bias": "attention_output_bias"},
}


@dataclass(frozen=True)
class Part:
    """Some rows of a parameter or buffer: all of it, but for what is packed."""

    tensor: torch.Tensor
    rows: Any = ...


class TorchTwin(PortTwin):
    """A PyTorch module; `optimizer` takes its parameters and returns theirs.

    The type that `build` takes is PyTorch's default meanwhile. Images come with their channels
    last, as they are in the batches; the module brings them where PyTorch wants them. For all
    else see `PortTwin`.
    """

    title = "PyTorch"
    kinds, settings, names = KINDS, SETTINGS, NAMES
    expected = (nn.Module, "an nn.Module")
    grouping = ("groups", "in_channels")

    @contextmanager
    def precision(self, dtype: DType) -> Iterator[None]:
        with ExitStack() as stack:
            stack.callback(torch.set_default_dtype, torch.get_default_dtype())
            torch.set_default_dtype(getattr(torch, dtype))
            yield

    def build(self, dtype: DType) -> tuple[Layer, ...]:
        layers = super().build(dtype)
        # What the optimizer will remember, seen on a copy that makes a step.
        model, optimizer = copy.deepcopy((self._model, self._optimizer))
        for parameter in model.parameters():
            parameter.grad = torch.zeros_like(parameter)
        optimizer.step()
        names = {name for memory in optimizer.state.values() for name in memory}
        self._slot_names = [name for name in SLOTS if name in names]
        return layers

    def _children_of(self, module: Any) -> Iterable[tuple[str, Any]]:
        return module.named_children()

    def _variables_of(self, module: Any) -> dict[str, Any]:
        own = dict(module.named_parameters(recurse=isinstance(module, nn.MultiheadAttention)))
        found = {}
        for name, tensor in (own | dict(module.named_buffers(recurse=False))).items():
            if not name.startswith("in_proj_"):
                found[UNPACKED.get(name, name.replace(".", "_"))] = Part(tensor)
                continue
            size = len(tensor) // len(PACKED)
            for place, part in enumerate(PACKED):
                rows = slice(place * size, (place + 1) * size)
                found[f"{part}_{name.removeprefix('in_proj_')}"] = Part(tensor, rows)
        found.pop("num_batches_tracked", None)
        return found

    def _views_of(self, module: Any, variables: dict[str, Any]) -> dict[str, View]:
        kind = self._kind_of(module)
        if kind == "MultiHeadAttention":
            return _views_of_attention(variables, module)
        if kind in ("LSTM", "GRU"):
            return _views_of_cell(variables, is_gru=kind == "GRU")
        if kind not in ("Dense", "Conv", "DepthwiseConv"):
            return {}
        weight = variables["weight"]
        spatial = range(2, weight.tensor.ndim)
        if kind == "DepthwiseConv":
            split = reshaped(weight, module.in_channels, -1, *module.kernel_size)
            return {"kernel": split.transposed(*spatial, 0, 1)}
        return {"kernel": same(weight).transposed(*spatial, 1, 0)}

    def _settings_of(self, module: Any) -> dict[str, Any]:
        found = super()._settings_of(module)
        if "momentum" in found:
            found["momentum"] = 1.0 - found["momentum"]
        if isinstance(found.get("padding"), tuple):
            found["padding"] = _padding_of(module)
        return found

    def _is_trainable(self, variable: Part) -> bool:
        return variable.tensor.requires_grad

    def _read(self, variable: Part) -> Array:
        return self._array(variable.tensor)[variable.rows]

    def _write(self, variable: Part, array: Array) -> None:
        with torch.no_grad():
            variable.tensor[variable.rows] = torch.tensor(array)

    def _forget(self) -> None:
        self._model.zero_grad()
        self._optimizer = self._rule(self._model.parameters())

    def gradients(self, inputs: Any, targets: Any) -> tuple[float, Arrays]:
        model = copy.deepcopy(self._in_mode(training=True))
        model.zero_grad()
        loss = self._loss_of(model, self._given(inputs), self._given(targets))
        loss.backward()
        pairs = zip(self._model.parameters(), model.parameters(), strict=True)
        found = {id(own): each.grad for own, each in pairs}
        read = lambda part: self._part_of(found[id(part.tensor)], part)  # noqa: E731
        return loss.item(), self._seen(read, self._trainable)

    def _part_of(self, whole: torch.Tensor | None, part: Part) -> Array:
        """Some rows of what belongs to a parameter; zeros where there is nothing yet."""
        return self._array(torch.zeros_like(part.tensor) if whole is None else whole)[part.rows]

    def update(self, gradients: Arrays) -> None:
        for parameter in self._model.parameters():
            parameter.grad = torch.zeros_like(parameter) if parameter.requires_grad else None
        for part, array in self._own(gradients):
            if part.tensor.grad is not None:
                part.tensor.grad[part.rows] = torch.tensor(array)
        self._optimizer.step()
        self._model.zero_grad()

    def _remembered(self, variable: Part) -> Mapping[str, Array]:
        """PyTorch makes them in the first step; until then they are zero."""
        memory = self._optimizer.state.get(variable.tensor, {})
        return {SLOTS[n]: self._part_of(memory.get(n), variable) for n in self._slot_names}

    def _usual_step(self, model: Any, optimizer: Any, inputs: Any, targets: Any) -> Any:
        optimizer.zero_grad()
        loss = self._loss_of(model, inputs, targets)
        loss.backward()
        optimizer.step()
        return loss

    def _given(self, value: Any) -> Any:
        device = next((each.device for each in self._model.parameters()), None)
        return map_arrays(lambda array: torch.tensor(array, device=device), value)

    def _array(self, value: Any) -> Array:
        return value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else value

    def _noted(self, module: Any, value: Any) -> Array | None:
        """Channels last, rows first; None where the module does not tell which axes these are."""
        kind, value = self._kind_of(module), value[0] if isinstance(value, tuple) else value
        if not isinstance(value, torch.Tensor) or (kind == "Dropout" and value.ndim > 2):
            return None
        array = np.array(self._array(value))
        if kind in CHANNELS_FIRST and array.ndim > 2:
            return np.moveaxis(array, 1, -1)
        is_time_first = array.ndim == 3 and not getattr(module, "batch_first", True)
        return array.swapaxes(0, 1) if is_time_first else array


def _padding_of(convolution: Any) -> Any:
    """As Keras names it, if it does: as much on both sides is `same` at strides of 1."""
    sizes = zip(convolution.kernel_size, convolution.dilation, strict=True)
    same_padding = tuple(step * (size - 1) / 2 for size, step in sizes)
    names = {same_padding: "same"} if set(convolution.stride) == {1} else {}
    names[(0,) * len(same_padding)] = "valid"
    return names.get(convolution.padding, convolution.padding)


def _views_of_attention(variables: dict[str, Part], module: Any) -> dict[str, View]:
    """Keras keeps the heads as an axis of their own."""
    size, heads = module.embed_dim, module.num_heads
    views = {}
    for name in PACKED:
        weight, bias = variables[f"{name}_weight"], variables.get(f"{name}_bias")
        split = reshaped(weight, heads, size // heads, -1)
        views[f"{name}_kernel"] = split.transposed(2, 0, 1)
        if bias is not None:
            views[f"{name}_bias"] = reshaped(bias, heads, -1)
    split = reshaped(variables["out_proj_weight"], size, heads, -1)
    views["attention_output_kernel"] = split.transposed(1, 2, 0)
    return views


def _views_of_cell(variables: dict[str, Part], is_gru: bool) -> dict[str, View]:
    """PyTorch trains two biases, of which an LSTM's only the sum counts."""
    views = {
        "kernel": same(variables["weight_ih_l0"]).transposed(1, 0),
        "recurrent_kernel": same(variables["weight_hh_l0"]).transposed(1, 0),
    }
    if "bias_ih_l0" in variables:
        biases = (variables["bias_ih_l0"], variables["bias_hh_l0"])
        views["bias"] = stacked(*biases) if is_gru else added(*biases)
    return {name: view.gates_swapped() for name, view in views.items()} if is_gru else views
