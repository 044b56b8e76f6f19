"""A Flax NNX module, trained with Optax, as a twin."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.core import Tracer

from parity.twin import Array, Arrays, DType, Layer, map_arrays
from parity.twins.module_twin import NORM_NAMES, WHOLE, PortTwin, replaced
from parity.twins.views import View, depthwise, joined, same, stacked

RATES = ("rate", "dropout_rate")
KINDS = {
    nnx.Linear: "Dense",
    nnx.LinearGeneral: "EinsumDense",
    nnx.Einsum: "EinsumDense",
    nnx.Conv: "Conv",
    nnx.BatchNorm: "BatchNormalization",
    nnx.LayerNorm: "LayerNormalization",
    nnx.GroupNorm: "GroupNormalization",
    nnx.Embed: "Embedding",
    nnx.MultiHeadAttention: "MultiHeadAttention",
    nnx.LSTMCell: "LSTM",
    nnx.OptimizedLSTMCell: "LSTM",
    nnx.GRUCell: "GRU",
    nnx.Dropout: "Dropout",
}
SETTINGS = {name: name for name in ("epsilon", "momentum", "padding", "strides", "num_heads")}
SETTINGS |= dict.fromkeys(RATES, "rate")
SETTINGS |= {"kernel_dilation": "dilation_rate", "use_fast_variance": "use_fast_variance"}
SETTINGS["broadcast_dims"] = "noise_shape"
SETTINGS |= dict.fromkeys(("num_groups", "feature_group_count"), "groups")
SLOTS = {"mu": "momentum", "nu": "velocity", "trace": "momentum", "sum_of_squares": "accumulator"}
"""Keras' names of what an optimizer remembers, by Optax's."""
NO_TENSORS = (nnx.RngState, nnx.Cache, nnx.Intermediate)
TENSOR_NAMES = {
    "embedding": "embeddings",
    "out_kernel": "attention_output_kernel",
    "out_bias": "attention_output_bias",
}


class FlaxTwin(PortTwin):
    """A Flax NNX module; `optimizer` is Optax' rule, for all that is an `nnx.Param`.

    Its `dtype` and its `param_dtype` are both the type that `build` takes, and `train_step` gets
    an `nnx.Optimizer`. For all else see `PortTwin`.
    """

    title = "Flax"
    kinds, settings, rates = KINDS, SETTINGS, RATES

    def precision(self, dtype: DType) -> AbstractContextManager[Any]:
        # JAX computes in 32 bits, whatever the arrays' type, unless it is told.
        return jax.enable_x64(dtype == "float64")

    def build(self, dtype: DType) -> tuple[Layer, ...]:
        self._model = self._build(dtype)
        self._check_built(self._model, nnx.Module, "an nnx.Module, made with its rngs")
        graph = nnx.iter_graph(self._model)
        self._ids = {
            _name(path): id(each) for path, each in graph if isinstance(each, nnx.Variable)
        }
        layers = self._layers_of(self._model)
        self._find_rates(module for _, module in nnx.iter_modules(self._model))
        self._forget()
        return layers

    def _children_of(self, module: Any) -> Iterable[tuple[str, Any]]:
        return [each for each in vars(module).items() if isinstance(each[1], nnx.Module)]

    def _kind_of(self, module: Any) -> str:
        if isinstance(module, nnx.RNN):
            return self._kind_of(module.cell)
        kind = super()._kind_of(module)
        is_depthwise = kind == "Conv" and 1 < module.feature_group_count == module.in_features
        return "DepthwiseConv" if is_depthwise else kind

    def _variables_of(self, module: Any) -> dict[str, Any]:
        found = {}
        for name, child in vars(module).items():
            if isinstance(child, nnx.Variable) and not isinstance(child, NO_TENSORS):
                found[name] = child
            elif isinstance(child, nnx.Module) and self._kind_of(module) in WHOLE:
                inner = self._variables_of(child)
                found |= {f"{name}_{tensor}": variable for tensor, variable in inner.items()}
        return found

    def _views_of(self, module: Any, variables: dict[str, Any]) -> dict[str, View]:
        kind = self._kind_of(module)
        if kind in ("LSTM", "GRU"):
            own = {name.removeprefix("cell_"): each for name, each in variables.items()}
            return _views_of_gru(own) if kind == "GRU" else _views_of_lstm(own)
        names = NORM_NAMES if kind.endswith("Normalization") else TENSOR_NAMES
        views = {names.get(name, name): same(each) for name, each in variables.items()}
        if kind == "DepthwiseConv":
            spatial = tuple(module.kernel_size)
            views["kernel"] = depthwise(views["kernel"], spatial, module.in_features)
        return views

    def _as_keras_says(self, module: Any, name: str, value: Any) -> Any:
        if name == "padding" and isinstance(value, str):
            return value.lower()
        if name in ("strides", "dilation_rate") and not isinstance(value, (tuple, list)):
            return (value,) * len(module.kernel_size)
        return value

    def _is_random(self, module: Any) -> bool:
        return isinstance(module, nnx.Dropout) and module.rate > 0.0

    def _is_trainable(self, variable: Any) -> bool:
        return isinstance(variable, nnx.Param)

    def _read(self, variable: Any) -> Array:
        return np.array(variable[...])

    def _write(self, variable: Any, array: Array) -> None:
        variable[...] = jnp.asarray(array, variable.dtype)  # the type that the module gave it

    def _forget(self) -> None:
        self._optimizer = nnx.Optimizer(self._model, self._rule, wrt=nnx.Param)

    def gradients(self, inputs: Any, targets: Any) -> tuple[float, Arrays]:
        copy = nnx.clone(self._in_mode(training=True))
        compute = nnx.value_and_grad(self._loss_of)
        loss, gradients = compute(copy, self._given(inputs), self._given(targets))
        flat = nnx.to_flat_state(gradients)
        found = {self._ids[_name(path)]: np.array(each[...]) for path, each in flat}
        return float(loss), self._seen(lambda variable: found[id(variable)], self._trainable)

    def update(self, gradients: Arrays) -> None:
        found = {id(variable): array for variable, array in self._own(gradients)}
        state = nnx.state(nnx.clone(self._model), nnx.Param)  # its form, with gradients in it
        for path, variable in nnx.to_flat_state(state):
            self._write(variable, found[self._ids[_name(path)]])
        self._optimizer.update(self._model, state)

    def _slots(self) -> Mapping[str, Callable[[Any], Array | None]]:
        found: dict[str, dict[int, Array]] = {}
        for keys, leaf in jax.tree_util.tree_flatten_with_path(self._optimizer.opt_state)[0]:
            names = [getattr(key, "name", getattr(key, "key", None)) for key in keys]
            slot = next((name for name in names if name in SLOTS), None)
            if slot is not None:
                own = _name(names[names.index(slot) + 1 : -1])  # ends with `value`
                found.setdefault(SLOTS[slot], {})[self._ids[own]] = np.array(leaf)
        return {slot: lambda each, own=own: own.get(id(each)) for slot, own in found.items()}

    def _usual_step(self) -> Callable[[Any, Any, Any, Any], Any]:
        @nnx.jit
        def step(model: Any, optimizer: nnx.Optimizer, inputs: Any, targets: Any) -> Any:
            loss, gradients = nnx.value_and_grad(self._loss_of)(model, inputs, targets)
            optimizer.update(model, gradients)
            return loss

        return step

    def _given(self, value: Any) -> Any:
        return map_arrays(jnp.asarray, value)

    def _array(self, value: Any) -> Array:
        return np.asarray(value)

    @contextmanager
    def _recorded(self, seen: dict[str, Array]) -> Iterator[None]:
        """Python finds `__call__` in the class, so it is replaced there."""
        paths = {id(unit): path for path, unit in self._units.items()}

        def recording(call: Callable[..., Any]) -> Callable[..., Any]:
            def recording_call(module: Any, *given: Any, **options: Any) -> Any:
                result = call(module, *given, **options)
                for name, value in (("input", next(iter(given), None)), ("output", result)):
                    is_array = isinstance(value, jax.Array) and not isinstance(value, Tracer)
                    if id(module) in paths and is_array:
                        seen.setdefault(f"{paths[id(module)]}/{name}", np.array(value))
                return result

            return recording_call

        with ExitStack() as stack:
            for each in {type(unit) for unit in self._units.values()}:
                stack.enter_context(replaced(each, "__call__", recording(each.__call__)))
            yield


def _views_of_lstm(own: dict[str, Any]) -> dict[str, View]:
    """Gates i, f, g, o, as Keras has them along the last axis, or each by itself."""
    if "ii_kernel" not in own:
        names = {"kernel": "dense_i_kernel", "recurrent_kernel": "dense_h_kernel"}
        names["bias"] = "dense_h_bias"
        return {name: same(own[source]) for name, source in names.items()}
    into, within = ("ii", "if_", "ig", "io"), ("hi", "hf", "hg", "ho")
    return {
        "kernel": joined(*(own[f"{gate}_kernel"] for gate in into)),
        "recurrent_kernel": joined(*(own[f"{gate}_kernel"] for gate in within)),
        "bias": joined(*(own[f"{gate}_bias"] for gate in within)),
    }


def _views_of_gru(own: dict[str, Any]) -> dict[str, View]:
    """Gates r, z, n; Keras' bias has a second row, for what is recurrent, where that has one."""
    biases = [own[name] for name in ("dense_i_bias", "dense_h_bias") if name in own]
    views = {"kernel": same(own["dense_i_kernel"]), "recurrent_kernel": same(own["dense_h_kernel"])}
    views["bias"] = stacked(*biases) if len(biases) > 1 else same(*biases)
    return {name: view.gates_swapped() for name, view in views.items()}


def _name(path: Iterable[Any]) -> str:
    return "/".join(map(str, path))
