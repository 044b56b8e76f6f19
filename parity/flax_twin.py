"""A Flax NNX module, trained with Optax, as a twin."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from parity.twin import Array, Arrays, DType, Layer, ParityError, TensorForm, map_arrays
from parity.views import (
    View,
    depthwise,
    from_keras,
    gates_first_two_swapped,
    joined,
    same,
    to_keras,
)

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
    nnx.Dropout: "Dropout",
}
CELLS = {nnx.LSTMCell: "LSTM", nnx.OptimizedLSTMCell: "LSTM", nnx.GRUCell: "GRU"}
NAMES = {
    **{"scale": "gamma", "mean": "moving_mean", "var": "moving_variance"},
    "embedding": "embeddings",
}
"""Keras' names of tensors, where Flax has others; and a norm's `bias` is `beta`."""
SETTINGS = {
    **{"epsilon": "epsilon", "momentum": "momentum", "padding": "padding", "strides": "strides"},
    **{"kernel_dilation": "dilation_rate", "num_groups": "groups", "num_heads": "num_heads"},
    **{"feature_group_count": "groups", "rate": "rate", "dropout_rate": "rate"},
    "use_fast_variance": "use_fast_variance",
}
"""Keras' names of settings, by Flax's."""
SLOTS = {"mu": "momentum", "nu": "velocity", "trace": "momentum", "sum_of_squares": "accumulator"}
"""Keras' names of what an optimizer remembers, by Optax's."""

Step = Callable[[Any, nnx.Optimizer, Any, Any], Any]


class FlaxTwin:
    """A Flax NNX module with its loss and its Optax optimizer.

    Args:
        build: takes "float32" or "float64" and returns the module, its `dtype` and its
            `param_dtype` of that type.
        optimizer: Optax' rule, for all that is an `nnx.Param`.
        loss_fn: takes module, inputs and targets; returns the mean loss of the batch, or that
            and anything else.
        predict: takes module and inputs, returns what the port's users get; without it the
            module's own answer.
        train_step: the port's own step, which takes module, `nnx.Optimizer`, inputs and targets,
            changes the first two in place and returns what `loss_fn` does. Without it, one made
            of `loss_fn` and `optimizer`.
    """

    def __init__(
        self,
        build: Callable[[DType], nnx.Module],
        optimizer: optax.GradientTransformation,
        loss_fn: Callable[[Any, Any, Any], Any],
        *,
        predict: Callable[[Any, Any], Any] | None = None,
        train_step: Step | None = None,
        title: str = "Flax",
    ) -> None:
        self.title = title
        self._build, self._rule, self._loss_fn = build, optimizer, loss_fn
        self._predict = predict or (lambda model, inputs: model(inputs))
        self._train_step = train_step or nnx.jit(self._own_step)

    def precision(self, dtype: DType) -> AbstractContextManager[Any]:
        """As in `Twin`: JAX computes in 32 bits, whatever the arrays' type, unless it is told."""
        return jax.enable_x64(dtype == "float64")

    def build(self, dtype: DType) -> tuple[Layer, ...]:
        """As in `Twin`."""
        self._model: Any = self._build(dtype)
        if not isinstance(self._model, nnx.Module):
            raise ParityError(
                f"{self.title}: build returned {type(self._model).__name__}, expected an "
                "nnx.Module, made with its rngs"
            )
        self._units = dict(_units_of(self._model, ()))
        self._random = {path: nnx.clone(unit) for path, unit in self._units.items()}
        self._views = {path: _views_of(unit) for path, unit in self._units.items()}
        layers = tuple(self._describe(path, unit) for path, unit in self._units.items())
        for _, module in nnx.iter_modules(self._model):
            for attribute in ("rate", "dropout_rate"):
                if hasattr(module, attribute):
                    setattr(module, attribute, 0.0)
        self._optimizer = nnx.Optimizer(self._model, self._rule, wrt=nnx.Param)
        return layers

    def _describe(self, path: tuple, unit: Any) -> Layer:
        variables = _variables_of(unit)
        own = {name: np.asarray(variable[...]) for name, variable in variables.items()}
        forms = []
        for name, array in to_keras(self._views[path], own).items():
            first = variables[self._views[path][name].sources[0]]
            is_trainable = isinstance(first, nnx.Param)
            forms.append(TensorForm(name, array.shape, str(array.dtype), is_trainable))
        settings = {
            name: value
            for own_name, name in SETTINGS.items()
            if (value := getattr(unit, own_name, None)) is not None
        }
        settings |= {name: _as_keras_says(unit, name, value) for name, value in settings.items()}
        return Layer(_name(path), _kind_of(unit), tuple(forms), settings)

    def get(self) -> Arrays:
        """As in `Twin`."""
        return self._in_keras_layout(
            {
                path: {name: np.array(each[...]) for name, each in _variables_of(unit).items()}
                for path, unit in self._units.items()
            }
        )

    def set(self, arrays: Arrays) -> None:
        """As in `Twin`; a tensor keeps the type that the module gave it."""
        for path, unit in self._units.items():
            prefix, variables = f"{_name(path)}/", _variables_of(unit)
            given = {
                name.removeprefix(prefix): array
                for name, array in arrays.items()
                if name.rpartition("/")[0] == _name(path)
            }
            for name, array in from_keras(self._views[path], given).items():
                variables[name][...] = jnp.asarray(array, variables[name].dtype)
        self._optimizer = nnx.Optimizer(self._model, self._rule, wrt=nnx.Param)

    def outputs(self, inputs: Any, *, training: bool) -> Arrays:
        """As in `Twin`."""
        seen: dict[str, Array] = {}
        state = self.get()
        self._in_mode(training)
        with _recorded({id(unit): _name(path) for path, unit in self._units.items()}, seen):
            self._model(_on_device(inputs))
        optimizer = self._optimizer
        self.set(state)
        self._optimizer = optimizer
        return seen

    def loss(self, inputs: Any, targets: Any) -> float:
        """As in `Twin`."""
        self._in_mode(training=False)
        return float(_first(self._loss_fn(self._model, _on_device(inputs), _on_device(targets))))

    def gradients(self, inputs: Any, targets: Any) -> tuple[float, Arrays]:
        """As in `Twin`."""
        copy = nnx.clone(self._model)
        self._in_mode(training=True, model=copy)
        loss_fn = nnx.value_and_grad(lambda *given: _first(self._loss_fn(*given)))
        loss, gradients = loss_fn(copy, _on_device(inputs), _on_device(targets))
        flat = [(path, each[...]) for path, each in nnx.to_flat_state(gradients)]
        return float(loss), self._by_layer(flat)

    def update(self, gradients: Arrays) -> None:
        """As in `Twin`."""
        state = nnx.state(nnx.clone(self._model), nnx.Param)  # its form, with gradients in it
        own = {}
        for path in self._units:
            given = {
                name.rpartition("/")[2]: array
                for name, array in gradients.items()
                if name.rpartition("/")[0] == _name(path)
            }
            for name, array in from_keras(self._views[path], given).items():
                own[(*path, *_parts(name))] = array
        for path, variable in nnx.to_flat_state(state):
            variable[...] = jnp.asarray(own[path], variable.dtype)
        self._optimizer.update(self._model, state)

    def slots(self) -> Arrays:
        """As in `Twin`."""
        by_slot: dict[str, list[tuple[tuple, Any]]] = {}
        leaves, _ = jax.tree_util.tree_flatten_with_path(self._optimizer.opt_state)
        for keys, leaf in leaves:
            names = [getattr(key, "name", getattr(key, "key", None)) for key in keys]
            slot = next((name for name in names if name in SLOTS), None)
            if slot is not None:
                path = tuple(names[names.index(slot) + 1 : -1])  # ends with the variable's value
                by_slot.setdefault(SLOTS[slot], []).append((path, leaf))
        return {
            f"{name} {slot}": array
            for slot, flat in by_slot.items()
            for name, array in self._by_layer(flat).items()
        }

    def step(self, inputs: Any, targets: Any) -> float:
        """As in `Twin`."""
        self._in_mode(training=True)
        given = (_on_device(inputs), _on_device(targets))
        return float(_first(self._train_step(self._model, self._optimizer, *given)))

    def _own_step(self, model: Any, optimizer: nnx.Optimizer, inputs: Any, targets: Any) -> Any:
        loss_fn = nnx.value_and_grad(lambda *given: _first(self._loss_fn(*given)))
        loss, gradients = loss_fn(model, inputs, targets)
        optimizer.update(model, gradients)
        return loss

    def predict(self, inputs: Any) -> Array:
        """As in `Twin`."""
        self._in_mode(training=False)
        return np.asarray(self._predict(self._model, _on_device(inputs)))

    def random_outputs(self, ones: Array) -> Arrays:
        """As in `Twin`."""
        found = {}
        for path, unit in self._random.items():
            if isinstance(unit, nnx.Dropout):
                answer = unit(jnp.asarray(ones), deterministic=False, rngs=nnx.Rngs(0))
                found[_name(path)] = np.asarray(answer)
        return found

    def _in_mode(self, training: bool, model: Any = None) -> None:
        model = self._model if model is None else model
        (model.train if training else model.eval)()

    def _by_layer(self, flat: list[tuple[tuple, Any]]) -> dict[str, Array]:
        """Arrays by the paths of Flax' states, in Keras' layout."""
        by_path = {path: np.array(value) for path, value in flat}
        own = {
            unit: {
                name: by_path[where]
                for name in _variables_of(self._units[unit])
                if (where := (*unit, *_parts(name))) in by_path
            }
            for unit in self._units
        }
        return self._in_keras_layout(own)

    def _in_keras_layout(self, own: dict[tuple, dict[str, Array]]) -> dict[str, Array]:
        return {
            f"{_name(path)}/{name}": array
            for path, arrays in own.items()
            for name, array in to_keras(self._views[path], arrays).items()
        }


def _units_of(module: Any, path: tuple) -> Iterator[tuple[tuple, Any]]:
    """The modules that hold tensors of their own or are random, by their paths, in order."""
    if _kind_of(module) in {*KINDS.values(), *CELLS.values()}:
        yield path, module
        return
    for name, child in vars(module).items():
        if isinstance(child, nnx.Module):
            key = int(name) if isinstance(module, nnx.List) else name
            yield from _units_of(child, (*path, key))
    if _variables_of(module, is_deep=False):
        yield path, module


def _variables_of(unit: Any, *, is_deep: bool = True) -> dict[str, Any]:
    """Parameters and state of a module, its inner modules' as `cell/ii/kernel`."""
    found = {}
    is_deep = is_deep and _kind_of(unit) in ("MultiHeadAttention", "LSTM", "GRU")
    for name, child in vars(unit).items():
        if isinstance(child, nnx.Variable) and not isinstance(child, (nnx.RngState, nnx.Cache)):
            found[name] = child
        elif is_deep and isinstance(child, nnx.Module):
            inner = _variables_of_all(child)
            found |= {f"{name}/{rest}": variable for rest, variable in inner.items()}
    return found


def _variables_of_all(module: Any) -> dict[str, Any]:
    found = _variables_of(module, is_deep=False)
    for name, child in vars(module).items():
        if isinstance(child, nnx.Module):
            found |= {f"{name}/{rest}": each for rest, each in _variables_of_all(child).items()}
    return found


def _kind_of(unit: Any) -> str:
    if isinstance(unit, nnx.Conv) and 1 < unit.feature_group_count == unit.in_features:
        return "DepthwiseConv"
    cell = unit.cell if isinstance(unit, nnx.RNN) else unit
    if type(cell) in CELLS:
        return CELLS[type(cell)]
    return next(
        (kind for each, kind in KINDS.items() if isinstance(unit, each)), type(unit).__name__
    )


def _views_of(unit: Any) -> dict[str, View]:
    """The unit's tensors as Keras names them and lays them out."""
    variables, kind = _variables_of(unit), _kind_of(unit)
    if kind in ("LSTM", "GRU"):
        return _views_of_cell(variables, kind)
    views = {}
    for name in variables:
        keras_name = NAMES.get(name, name).replace("/", "_")
        if kind.endswith("Normalization") and name == "bias":
            keras_name = "beta"
        keras_name = keras_name.replace("out_", "attention_output_")
        is_depthwise = kind == "DepthwiseConv" and name == "kernel"
        views[keras_name] = depthwise(name, unit.in_features) if is_depthwise else same(name)
    return views


def _views_of_cell(variables: dict[str, Any], kind: str) -> dict[str, View]:
    """Keras keeps i, f, c, o of an LSTM, and z, r, h of a GRU, along a kernel's last axis."""
    cell = "cell/" if any(name.startswith("cell/") for name in variables) else ""
    if f"{cell}ii/kernel" in variables:
        gates = ("i", "f_", "g", "o"), ("i", "f", "g", "o")
        kernel, recurrent = (
            joined(*(f"{cell}{first}{gate}/kernel" for gate in each))
            for first, each in zip("ih", gates, strict=True)
        )
        bias = joined(*(f"{cell}h{gate}/bias" for gate in gates[1]))
    else:
        kernel, recurrent = same(f"{cell}dense_i/kernel"), same(f"{cell}dense_h/kernel")
        bias = same(f"{cell}dense_{'i' if kind == 'GRU' else 'h'}/bias")
    views = {"kernel": kernel, "recurrent_kernel": recurrent, "bias": bias}
    if kind == "GRU":  # Flax has r, z, n
        views = {name: gates_first_two_swapped(view) for name, view in views.items()}
    return views


def _as_keras_says(unit: Any, name: str, value: Any) -> Any:
    """A setting in the form in which Keras has it."""
    if name == "padding" and isinstance(value, str):
        return value.lower()
    if name in ("strides", "dilation_rate"):
        rank = len(unit.kernel_size)
        return tuple(value) if isinstance(value, (tuple, list)) else (value or 1,) * rank
    return value


@contextmanager
def _recorded(names: dict[int, str], seen: dict[str, Array]) -> Iterator[None]:
    """Notes what enters and leaves modules; Python finds `__call__` in the class, so there."""

    def recording(call: Callable) -> Callable:
        def recording_call(module: Any, *arguments: Any, **options: Any) -> Any:
            result = call(module, *arguments, **options)
            if id(module) in names:
                for name, value in (("input", next(iter(arguments), None)), ("output", result)):
                    if isinstance(value, jax.Array) and not isinstance(value, jax.core.Tracer):
                        seen.setdefault(f"{names[id(module)]}/{name}", np.array(value))
            return result

        return recording_call

    classes = (*KINDS, nnx.RNN, *CELLS)
    with ExitStack() as stack:
        for each in classes:
            call = each.__dict__.get("__call__")
            if call is not None:
                stack.callback(setattr, each, "__call__", call)
                each.__call__ = recording(call)
        yield


def _first(answer: Any) -> Any:
    """The loss, of a function that returns it alone or first."""
    return answer[0] if isinstance(answer, tuple) else answer


def _on_device(value: Any) -> Any:
    return map_arrays(jnp.asarray, value)


def _name(path: tuple) -> str:
    return "/".join(map(str, path)) or "model"


def _parts(name: str) -> tuple:
    return tuple(name.split("/"))
