"""A PyTorch module with its optimizer as a twin."""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.modules.dropout import _DropoutNd

from parity.twin import Array, Arrays, DType, Layer, map_arrays
from parity.twins.module_twin import NORM_NAMES, PortTwin
from parity.twins.views import View, added, depthwise, same, stacked

KINDS = {
    nn.Linear: "Dense",
    _ConvTransposeNd: "ConvTranspose",
    _ConvNd: "Conv",
    _BatchNorm: "BatchNormalization",
    nn.LayerNorm: "LayerNormalization",
    nn.GroupNorm: "GroupNormalization",
    nn.Embedding: "Embedding",
    nn.MultiheadAttention: "MultiHeadAttention",
    nn.LSTM: "LSTM",
    nn.GRU: "GRU",
    _DropoutNd: "Dropout",
}
SETTINGS = {name: name for name in ("momentum", "padding", "groups", "num_heads")}
SETTINGS |= {"eps": "epsilon", "p": "rate", "dropout": "rate", "stride": "strides"}
SETTINGS |= {"dilation": "dilation_rate", "num_groups": "groups"}
SLOTS = {"exp_avg": "momentum", "exp_avg_sq": "velocity", "momentum_buffer": "momentum"}
SLOTS |= {"square_avg": "velocity", "sum": "accumulator"}
"""Keras' names of what an optimizer remembers, by PyTorch's."""
CHANNELS_FIRST = ("Conv", "DepthwiseConv", "BatchNormalization", "GroupNormalization")
PACKED = ("query", "key", "value")
"""What PyTorch's attention keeps in one tensor, one below another, where all are of one size."""
UNPACKED = {f"{name[0]}_proj_weight": f"{name}_weight" for name in PACKED}


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
    kinds, settings, rates = KINDS, SETTINGS, ("p", "dropout")

    @contextmanager
    def precision(self, dtype: DType) -> Iterator[None]:
        before = torch.get_default_dtype()
        torch.set_default_dtype(getattr(torch, dtype))
        try:
            yield
        finally:
            torch.set_default_dtype(before)

    def build(self, dtype: DType) -> tuple[Layer, ...]:
        self._model = self._build(dtype)
        self._check_built(self._model, nn.Module, "an nn.Module")
        layers = self._layers_of(self._model)
        self._find_rates(self._model.modules())
        self._forget()
        self._slot_names = self._names_of_slots()
        return layers

    def _children_of(self, module: Any) -> Iterable[tuple[str, Any]]:
        return module.named_children()

    def _kind_of(self, module: Any) -> str:
        kind = super()._kind_of(module)
        is_depthwise = kind == "Conv" and 1 < module.groups == module.in_channels
        return "DepthwiseConv" if is_depthwise else kind

    def _variables_of(self, module: Any) -> dict[str, Any]:
        is_attention = isinstance(module, nn.MultiheadAttention)
        own = [
            *module.named_parameters(recurse=is_attention),
            *module.named_buffers(recurse=False),
        ]
        found = {}
        for name, tensor in own:
            if name in UNPACKED:
                found[UNPACKED[name]] = Part(tensor)
            elif name.startswith("in_proj_"):
                size, tensor_name = len(tensor) // len(PACKED), name.removeprefix("in_proj_")
                for place, part in enumerate(PACKED):
                    rows = slice(place * size, (place + 1) * size)
                    found[f"{part}_{tensor_name}"] = Part(tensor, rows)
            elif name != "num_batches_tracked":
                found[name.replace(".", "_")] = Part(tensor)
        return found

    def _views_of(self, module: Any, variables: dict[str, Any]) -> dict[str, View]:
        kind, views = self._kind_of(module), {}
        if kind.endswith("Normalization"):
            views = {NORM_NAMES.get(name, name): same(part) for name, part in variables.items()}
        elif kind == "Embedding":
            views["embeddings"] = same(variables["weight"])
        elif kind == "MultiHeadAttention":
            views = _views_of_attention(variables, module)
        elif kind in ("LSTM", "GRU"):
            views = _views_of_cell(variables, is_gru=kind == "GRU")
        elif kind in ("Dense", "Conv", "DepthwiseConv"):
            axes = (*range(2, variables["weight"].tensor.ndim), 1, 0)
            views["kernel"] = same(variables["weight"]).transposed(*axes)
        if kind == "DepthwiseConv":
            spatial = tuple(module.kernel_size)
            views["kernel"] = depthwise(views["kernel"], spatial, module.in_channels)
        return views

    def _as_keras_says(self, module: Any, name: str, value: Any) -> Any:
        if name == "momentum":
            return 1.0 - value
        if name == "padding" and not isinstance(value, str):
            kernel = zip(module.kernel_size, module.dilation, strict=True)
            same_padding = tuple(step * (size - 1) / 2 for size, step in kernel)
            is_same = tuple(value) == same_padding and set(module.stride) == {1}
            return "same" if is_same and any(value) else value if any(value) else "valid"
        return value

    def _is_random(self, module: Any) -> bool:
        return isinstance(module, _DropoutNd) and module.p > 0.0

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
        state, model = self.get(), self._in_mode(training=True)
        own = [each for each in model.parameters() if each.requires_grad]
        loss = self._loss_of(model, self._given(inputs), self._given(targets))
        gradients = torch.autograd.grad(loss, own, materialize_grads=True)
        self._put(state)
        found = dict(zip(map(id, own), gradients, strict=True))

        def read(part: Part) -> Array:
            gradient = found.get(id(part.tensor), torch.zeros_like(part.tensor))
            return self._array(gradient)[part.rows]

        return loss.item(), self._seen(read, self._trainable)

    def update(self, gradients: Arrays) -> None:
        for parameter in self._model.parameters():
            parameter.grad = torch.zeros_like(parameter) if parameter.requires_grad else None
        for part, array in self._own(gradients):
            if part.tensor.grad is not None:
                part.tensor.grad[part.rows] = torch.tensor(array)
        self._optimizer.step()
        self._model.zero_grad()

    def _slots(self) -> Mapping[str, Callable[[Any], Array | None]]:
        """PyTorch makes them in the first step; until then they are zero."""

        def read(part: Part, own: str) -> Array:
            memory = self._optimizer.state.get(part.tensor, {}).get(own)
            whole = torch.zeros_like(part.tensor) if memory is None else memory
            return self._array(whole)[part.rows]

        return {SLOTS[own]: lambda part, own=own: read(part, own) for own in self._slot_names}

    def _names_of_slots(self) -> list[str]:
        """What the optimizer remembers of a parameter, seen on a copy of the module."""
        alike = copy.deepcopy(self._model)
        optimizer = self._rule(alike.parameters())
        for parameter in alike.parameters():
            parameter.grad = torch.zeros_like(parameter) if parameter.requires_grad else None
        optimizer.step()
        names = {name for memory in optimizer.state.values() for name in memory}
        return [name for name in SLOTS if name in names]

    def _usual_step(self) -> Callable[[Any, Any, Any, Any], Any]:
        def step(model: Any, optimizer: Any, inputs: Any, targets: Any) -> Any:
            optimizer.zero_grad()
            loss = self._loss_of(model, inputs, targets)
            loss.backward()
            optimizer.step()
            return loss

        return step

    def _given(self, value: Any) -> Any:
        device = next((each.device for each in self._model.parameters()), None)
        return map_arrays(lambda array: torch.tensor(array, device=device), value)

    def _array(self, value: Any) -> Array:
        return value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else value

    @contextmanager
    def _recorded(self, seen: dict[str, Array]) -> Iterator[None]:
        with ExitStack() as stack:
            for path, unit in self._units.items():

                def note(module: Any, given: tuple, answer: Any, path: str = path) -> None:
                    for name, value in (("input", given), ("output", answer)):
                        array = self._in_keras_layout(
                            module, value[0] if isinstance(value, tuple) else value
                        )
                        if array is not None:
                            seen.setdefault(f"{path}/{name}", array)

                stack.callback(unit.register_forward_hook(note).remove)
            yield

    def _in_keras_layout(self, module: Any, value: Any) -> Array | None:
        """Channels last, rows first; None where the module does not tell which axes these are."""
        kind = self._kind_of(module)
        if not isinstance(value, torch.Tensor) or (kind == "Dropout" and value.ndim > 2):
            return None
        array = np.array(self._array(value))
        if kind in CHANNELS_FIRST and array.ndim > 2:
            return np.moveaxis(array, 1, -1)
        is_time_first = array.ndim == 3 and not getattr(module, "batch_first", True)
        return array.swapaxes(0, 1) if is_time_first else array


def _views_of_attention(variables: dict[str, Part], module: Any) -> dict[str, View]:
    """Keras keeps the heads as an axis of their own."""
    size, heads = module.embed_dim, module.num_heads
    views = {}
    for name in PACKED:
        weight = variables[f"{name}_weight"]
        num_inputs = weight.tensor.shape[-1]
        kernel = same(weight).transposed(1, 0)
        views[f"{name}_kernel"] = kernel.reshaped((num_inputs, heads, -1), (num_inputs, size))
        if f"{name}_bias" in variables:
            views[f"{name}_bias"] = same(variables[f"{name}_bias"]).reshaped((heads, -1), (size,))
    kernel = same(variables["out_proj_weight"]).transposed(1, 0)
    views["attention_output_kernel"] = kernel.reshaped((heads, -1, size), (size, size))
    if "out_proj_bias" in variables:
        views["attention_output_bias"] = same(variables["out_proj_bias"])
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
