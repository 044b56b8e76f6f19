"""A Flax NNX module, trained with Optax, as a twin."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.core import Tracer

from parity.twin import Array, Arrays, DType, Layer, map_arrays
from parity.twins.module_twin import NORM_NAMES, NORMS, WHOLE, PortTwin
from parity.twins.views import View, joined, reshaped, same, stacked

KINDS = {
    nnx.Linear: "Dense",
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
SETTINGS = {name: name for name in ("epsilon", "momentum", "padding", "use_fast_variance")}
SETTINGS |= {"rate": "rate", "dropout_rate": "rate", "broadcast_dims": "noise_shape"}
SETTINGS["num_groups"] = "groups"
SLOTS = {"mu": "momentum", "nu": "velocity", "trace": "momentum", "sum_of_squares": "accumulator"}
"""Keras' names of what an optimizer remembers, by Optax's."""
NO_TENSORS = (nnx.RngState, nnx.Cache, nnx.Intermediate)
NAMES = {
    **dict.fromkeys(NORMS, NORM_NAMES),
    "Embedding": {"embedding": "embeddings"},
    "MultiHeadAttention": {
        "out_kernel": "attention_output_kernel",
        "out_bias": "attention_output_bias",
    },
    "LSTM": {
        "dense_i_kernel": "kernel",
        "dense_h_kernel": "recurrent_kernel",
        "dense_h_bias": "bias",
    },
}


class FlaxTwin(PortTwin):
    """A Flax NNX module; `optimizer` is Optax's rule, for all that is an `nnx.Param`.

    Its `dtype` and its `param_dtype` are both the type that `build` takes, and `train_step` gets
    an `nnx.Optimizer`. For all else see `PortTwin`.
    """

    title = "Flax"
    kinds, settings, names = KINDS, SETTINGS, NAMES
    expected = (nnx.Module, "an nnx.Module, made with its rngs")
    grouping = ("feature_group_count", "in_features")

    def precision(self, dtype: DType) -> AbstractContextManager[Any]:
        # JAX computes in 32 bits, whatever the arrays' type, unless it is told.
        return jax.enable_x64(dtype == "float64")

    def build(self, dtype: DType) -> tuple[Layer, ...]:
        layers = super().build(dtype)
        self._paths = {id(node): _name(path) for path, node in nnx.iter_graph(self._model)}
        return layers

    def _children_of(self, module: Any) -> Iterable[tuple[str, Any]]:
        return [each for each in vars(module).items() if isinstance(each[1], nnx.Module)]

    def _kind_of(self, module: Any) -> str:
        if isinstance(module, nnx.RNN):
            return self._kind_of(module.cell)
        return super()._kind_of(module)

    def _variables_of(self, module: Any) -> dict[str, Any]:
        is_whole = self._kind_of(module) in WHOLE
        return {
            "_".join(map(str, path[-2:])): node
            for path, node in nnx.iter_graph(module)
            if isinstance(node, nnx.Variable) and not isinstance(node, NO_TENSORS)
            if is_whole or len(path) == 1
        }

    def _views_of(self, module: Any, variables: dict[str, Any]) -> dict[str, View]:
        kind = self._kind_of(module)
        if kind == "LSTM" and "ii_kernel" in variables:
            return _views_of_gates(variables)
        if kind == "GRU":
            return _views_of_gru(variables)
        if kind == "DepthwiseConv":
            shape = (*module.kernel_size, module.in_features, -1)
            return {"kernel": reshaped(variables["kernel"], *shape)}
        return {}

    def _is_trainable(self, variable: Any) -> bool:
        return isinstance(variable, nnx.Param)

    def _read(self, variable: Any) -> Array:
        return np.asarray(variable[...])

    def _write(self, variable: Any, array: Array) -> None:
        variable[...] = jnp.asarray(array, variable.dtype)  # the type that the module gave it

    def _forget(self) -> None:
        self._optimizer = nnx.Optimizer(self._model, self._rule, wrt=nnx.Param)

    def gradients(self, inputs: Any, targets: Any) -> tuple[float, Arrays]:
        copy = nnx.clone(self._in_mode(training=True))
        compute = nnx.value_and_grad(self._loss_of)
        loss, gradients = compute(copy, self._given(inputs), self._given(targets))
        found = {_name(path): each[...] for path, each in nnx.to_flat_state(gradients)}
        read = lambda variable: np.asarray(found[self._paths[id(variable)]])  # noqa: E731
        return float(loss), self._seen(read, self._trainable)

    def update(self, gradients: Arrays) -> None:
        found = {self._paths[id(variable)]: array for variable, array in self._own(gradients)}
        state = nnx.state(nnx.clone(self._model), nnx.Param)  # its form, with gradients in it
        for path, variable in nnx.to_flat_state(state):
            self._write(variable, found[_name(path)])
        self._optimizer.update(self._model, state)

    def _remembered(self, variable: Any) -> Mapping[str, Array]:
        found, own = {}, f"/{self._paths[id(variable)]}/value"
        for keys, leaf in jax.tree_util.tree_leaves_with_path(self._optimizer.opt_state):
            path = jax.tree_util.keystr(keys, simple=True, separator="/")
            slot = path.removesuffix(own).rpartition("/")[2]
            if slot in SLOTS:
                found[SLOTS[slot]] = np.asarray(leaf)
        return found

    @partial(nnx.jit, static_argnums=0)
    def _usual_step(self, model: Any, optimizer: Any, inputs: Any, targets: Any) -> Any:
        loss, gradients = nnx.value_and_grad(self._loss_of)(model, inputs, targets)
        optimizer.update(model, gradients)
        return loss

    def _given(self, value: Any) -> Any:
        return map_arrays(jnp.asarray, value)

    def _array(self, value: Any) -> Array:
        return np.asarray(value)

    def _noted(self, _module: Any, value: Any) -> Array | None:
        is_array = isinstance(value, jax.Array) and not isinstance(value, Tracer)
        return np.array(value) if is_array else None


def _views_of_gates(own: dict[str, Any]) -> dict[str, View]:
    """Gates i, f, g, o, each by itself, where Keras has them along the last axis."""
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
