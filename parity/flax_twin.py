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
from parity.views import View, depthwise, from_keras, gates_swapped, joined, same, to_keras

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
INNER = (nnx.RNN, nnx.MultiHeadAttention, nnx.LSTMCell, nnx.OptimizedLSTMCell, nnx.GRUCell)
"""Modules whose inner modules are no layers of their own."""
NORM_NAMES = {"scale": "gamma", "bias": "beta", "mean": "moving_mean", "var": "moving_variance"}
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
        self._build, self._rule = build, optimizer
        self._loss_of = lambda *given: _first(loss_fn(*given))
        self._predict = predict or (lambda model, inputs: model(inputs))
        self._train_step = train_step or nnx.jit(self._own_step)

    def precision(self, dtype: DType) -> AbstractContextManager[Any]:
        # JAX computes in 32 bits, whatever the arrays' type, unless it is told.
        return jax.enable_x64(dtype == "float64")

    def build(self, dtype: DType) -> tuple[Layer, ...]:
        self._model: Any = self._build(dtype)
        if not isinstance(self._model, nnx.Module):
            raise ParityError(
                f"{self.title}: build returned {type(self._model).__name__}, expected an "
                "nnx.Module, made with its rngs"
            )
        self._units = dict(_units_of(self._model, ()))
        self._random = {path: nnx.clone(unit) for path, unit in self._units.items()}
        self._views = {
            n: v for p, unit in self._units.items() for n, v in _views_of(p, unit).items()
        }
        self._variables = {
            name: variable
            for path, unit in self._units.items()
            for name, variable in _variables_of(path, unit).items()
        }
        layers = tuple(self._describe(path, unit) for path, unit in self._units.items())
        for _, module in nnx.iter_modules(self._model):
            for attribute in ("rate", "dropout_rate"):
                if hasattr(module, attribute):
                    setattr(module, attribute, 0.0)
        self._forget()
        return layers

    def _describe(self, path: str, unit: Any) -> Layer:
        forms = []
        for name, array in self.get().items():
            if name.rpartition("/")[0] == path:
                variable = self._variables[self._views[name].sources[0]]
                is_trainable = isinstance(variable, nnx.Param)
                tensor = name.removeprefix(f"{path}/")
                forms.append(TensorForm(tensor, array.shape, str(array.dtype), is_trainable))
        settings = {
            name: _as_keras_says(unit, name, getattr(unit, own))
            for own, name in SETTINGS.items()
            if getattr(unit, own, None) is not None
        }
        return Layer(path, _kind_of(unit), tuple(forms), settings)

    def get(self) -> Arrays:
        return to_keras(self._views, {n: np.array(v[...]) for n, v in self._variables.items()})

    def set(self, arrays: Arrays) -> None:
        for name, array in from_keras(self._views, arrays).items():
            variable = self._variables[name]
            variable[...] = jnp.asarray(array, variable.dtype)  # the type that the module gave it
        self._forget()

    def _forget(self) -> None:
        self._optimizer = nnx.Optimizer(self._model, self._rule, wrt=nnx.Param)

    def outputs(self, inputs: Any, *, training: bool) -> Arrays:
        state, optimizer, seen = self.get(), self._optimizer, {}
        with _recorded({id(unit): path for path, unit in self._units.items()}, seen):
            self._in_mode(training)(_on_device(inputs))
        self.set(state)
        self._optimizer = optimizer
        return seen

    def loss(self, inputs: Any, targets: Any) -> float:
        model = self._in_mode(training=False)
        return float(self._loss_of(model, _on_device(inputs), _on_device(targets)))

    def gradients(self, inputs: Any, targets: Any) -> tuple[float, Arrays]:
        copy = nnx.clone(self._in_mode(training=True))
        compute = nnx.value_and_grad(self._loss_of)
        loss, gradients = compute(copy, _on_device(inputs), _on_device(targets))
        flat = {_name(path): np.array(each[...]) for path, each in nnx.to_flat_state(gradients)}
        return float(loss), to_keras(self._views, flat)

    def update(self, gradients: Arrays) -> None:
        own = from_keras(self._views, gradients)
        state = nnx.state(nnx.clone(self._model), nnx.Param)  # its form, with gradients in it
        for path, variable in nnx.to_flat_state(state):
            variable[...] = jnp.asarray(own[_name(path)], variable.dtype)
        self._optimizer.update(self._model, state)

    def slots(self) -> Arrays:
        by_slot: dict[str, dict[str, Array]] = {}
        for keys, leaf in jax.tree_util.tree_flatten_with_path(self._optimizer.opt_state)[0]:
            names = [getattr(key, "name", getattr(key, "key", None)) for key in keys]
            slot = next((name for name in names if name in SLOTS), None)
            if slot is not None:
                own = _name(tuple(names[names.index(slot) + 1 : -1]))  # ends with `value`
                by_slot.setdefault(SLOTS[slot], {})[own] = np.array(leaf)
        return {
            f"{name} {slot}": array
            for slot, own in by_slot.items()
            for name, array in to_keras(self._views, own).items()
        }

    def step(self, inputs: Any, targets: Any) -> float:
        model = self._in_mode(training=True)
        given = (_on_device(inputs), _on_device(targets))
        return float(_first(self._train_step(model, self._optimizer, *given)))

    def _own_step(self, model: Any, optimizer: nnx.Optimizer, inputs: Any, targets: Any) -> Any:
        loss, gradients = nnx.value_and_grad(self._loss_of)(model, inputs, targets)
        optimizer.update(model, gradients)
        return loss

    def predict(self, inputs: Any) -> Array:
        return np.asarray(self._predict(self._in_mode(training=False), _on_device(inputs)))

    def random_outputs(self, ones: Array) -> Arrays:
        found = {}
        for path, unit in self._random.items():
            if isinstance(unit, nnx.Dropout):
                answer = unit(jnp.asarray(ones), deterministic=False, rngs=nnx.Rngs(0))
                found[path] = np.asarray(answer)
        return found

    def _in_mode(self, training: bool) -> Any:
        (self._model.train if training else self._model.eval)()
        return self._model


def _units_of(module: Any, path: tuple) -> Iterator[tuple[str, Any]]:
    """The modules that hold tensors of their own or are random, by their paths, in order."""
    if _kind_of(module) not in KINDS.values():
        for name, child in vars(module).items():
            if isinstance(child, nnx.Module):
                yield from _units_of(child, (*path, name))
        if not any(isinstance(child, nnx.Variable) for child in vars(module).values()):
            return
    yield _name(path) or "model", module


def _variables_of(path: str, unit: Any) -> dict[str, Any]:
    """Parameters and state of a known module; of another only its own, not its children's."""
    found = {}
    for name, child in vars(unit).items():
        if isinstance(child, nnx.Variable) and not isinstance(child, (nnx.RngState, nnx.Cache)):
            found[f"{path}/{name}"] = child
        elif isinstance(child, nnx.Module) and _kind_of(unit) in KINDS.values():
            is_inner = isinstance(unit, INNER)
            found |= _variables_of(f"{path}/{name}", child) if is_inner else {}
    return found


def _kind_of(unit: Any) -> str:
    unit = unit.cell if isinstance(unit, nnx.RNN) else unit
    if isinstance(unit, nnx.Conv) and 1 < unit.feature_group_count == unit.in_features:
        return "DepthwiseConv"
    return next(
        (kind for each, kind in KINDS.items() if isinstance(unit, each)), type(unit).__name__
    )


def _views_of(path: str, unit: Any) -> dict[str, View]:
    """The unit's tensors as Keras names them and lays them out."""
    variables, kind = _variables_of(path, unit), _kind_of(unit)
    if kind in ("LSTM", "GRU"):
        cell = f"{path}/cell" if isinstance(unit, nnx.RNN) else path
        return {f"{path}/{name}": view for name, view in _views_of_cell(cell, variables, kind)}
    views = {}
    for source in variables:
        name = (
            source.removeprefix(f"{path}/").replace("/", "_").replace("out_", "attention_output_")
        )
        if kind.endswith("Normalization"):
            name = NORM_NAMES.get(name, name)
        name = "embeddings" if name == "embedding" else name
        is_depthwise = kind == "DepthwiseConv" and name == "kernel"
        view = depthwise(source, unit.in_features) if is_depthwise else same(source)
        views[f"{path}/{name}"] = view
    return views


def _views_of_cell(cell: str, variables: dict[str, Any], kind: str) -> Iterator[tuple[str, View]]:
    """Keras keeps i, f, c, o of an LSTM, and z, r, h of a GRU, along a kernel's last axis."""
    if f"{cell}/ii/kernel" in variables:
        into, within = (("ii", "if_", "ig", "io"), ("hi", "hf", "hg", "ho"))
        yield "kernel", joined(*(f"{cell}/{gate}/kernel" for gate in into))
        yield "recurrent_kernel", joined(*(f"{cell}/{gate}/kernel" for gate in within))
        yield "bias", joined(*(f"{cell}/{gate}/bias" for gate in within))
        return
    is_gru = kind == "GRU"  # whose gates are r, z, n, and whose bias stands with the inputs
    for name, source in (
        ("kernel", f"{cell}/dense_i/kernel"),
        ("recurrent_kernel", f"{cell}/dense_h/kernel"),
        ("bias", f"{cell}/dense_{'i' if is_gru else 'h'}/bias"),
    ):
        yield name, gates_swapped(same(source)) if is_gru else same(source)


def _as_keras_says(unit: Any, name: str, value: Any) -> Any:
    """A setting in the form in which Keras has it."""
    if name == "padding" and isinstance(value, str):
        return value.lower()
    if name in ("strides", "dilation_rate") and not isinstance(value, (tuple, list)):
        return (value,) * len(unit.kernel_size)
    return value


@contextmanager
def _recorded(paths: dict[int, str], seen: dict[str, Array]) -> Iterator[None]:
    """Notes what enters and leaves modules; Python finds `__call__` in the class, so there."""

    def recording(call: Callable) -> Callable:
        def recording_call(module: Any, *arguments: Any, **options: Any) -> Any:
            result = call(module, *arguments, **options)
            for name, value in (("input", next(iter(arguments), None)), ("output", result)):
                is_array = isinstance(value, jax.Array) and not isinstance(value, jax.core.Tracer)
                if id(module) in paths and is_array:
                    seen.setdefault(f"{paths[id(module)]}/{name}", np.array(value))
            return result

        return recording_call

    with ExitStack() as stack:
        for each in (*KINDS, nnx.RNN):
            call = each.__call__
            stack.callback(setattr, each, "__call__", call)
            each.__call__ = recording(call)
        yield


def _first(answer: Any) -> Any:
    """The loss, of a function that returns it alone or first."""
    return answer[0] if isinstance(answer, tuple) else answer


def _on_device(value: Any) -> Any:
    return map_arrays(jnp.asarray, value)


def _name(path: tuple) -> str:
    return "/".join(map(str, path))
