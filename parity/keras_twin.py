"""A compiled Keras model as a twin, on whichever backend Keras runs."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
import numpy as np

from parity.twin import Array, Arrays, DType, Layer, ParityError, TensorForm, map_arrays

ACTIVATED = ("Dense", "EinsumDense", "Conv", "DepthwiseConv")
"""Kinds that apply their activation themselves, where other frameworks write it after them."""
WHOLE = ("MultiHeadAttention", "LSTM", "GRU")
"""Kinds whose inner layers are no layers of their own."""
SETTINGS = (
    *("epsilon", "momentum", "rate", "padding", "strides", "dilation_rate", "groups"),
    *("num_heads", "reset_after", "recurrent_activation"),
)
SGD_SLOT = "momentum"


class GradientsKept(keras.optimizers.Optimizer):
    """Replaces each weight by its gradient: a way to read gradients on every backend."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Called by Keras for each trainable variable."""
        del learning_rate
        self.assign(variable, gradient)


class KerasTwin:
    """A Keras model with the loss, the optimizer and the metrics that it was compiled with.

    Args:
        build: takes "float32" or "float64", the type that Keras computes in meanwhile, and
            returns a compiled model.
    """

    def __init__(self, build: Callable[[DType], keras.Model], *, title: str = "Keras") -> None:
        self.title = title
        self._build = build

    @contextmanager
    def precision(self, dtype: DType) -> Iterator[None]:
        with ExitStack() as stack:
            stack.callback(keras.config.set_floatx, keras.config.floatx())
            stack.callback(keras.config.set_dtype_policy, keras.config.dtype_policy())
            if keras.backend.backend() == "jax":  # which computes in 32 bits unless it is told
                import jax

                stack.enter_context(jax.enable_x64(dtype == "float64"))
            keras.config.set_floatx(dtype)
            keras.config.set_dtype_policy(dtype)
            yield

    def build(self, dtype: DType) -> tuple[Layer, ...]:
        """As in `Twin`; the model's optimizer is built with it."""
        self._model, self._units, self._rates = self._new_model(dtype)
        self._optimizer: Any = self._model.optimizer
        if not self._optimizer.built:
            self._optimizer.build(self._model.trainable_variables)
        self._optimizer_at_start = [np.array(each) for each in self._optimizer.variables]
        # A model of its own, since its weights become gradients.
        self._gradient_model, *_ = self._new_model(dtype)
        self._gradient_model.optimizer = GradientsKept(learning_rate=1.0)
        self._variables = {
            f"{path}/{_tensor_name(layer, variable)}": variable
            for path, layer in self._units.items()
            for variable in _variables_of(layer)
        }
        trainable = {id(variable) for variable in self._model.trainable_variables}
        self._trainable = [name for name, v in self._variables.items() if id(v) in trainable]
        return tuple(self._describe(path, layer) for path, layer in self._units.items())

    def _new_model(self, dtype: DType) -> tuple[Any, dict[str, Any], dict[str, float]]:
        model: Any = self._build(dtype)
        if not isinstance(model, keras.Model):
            raise ParityError(
                f"{self.title}: build returned {type(model).__name__}, expected a Keras model"
            )
        if getattr(model, "optimizer", None) is None or not model.compiled:
            raise ParityError(
                f"{self.title}: build returned a model that is not compiled: call "
                "model.compile(optimizer=…, loss=…) in it"
            )
        if not model.built:
            raise ParityError(
                f"{self.title}: build returned a model without weights: begin it with "
                "keras.Input, or call it on a batch in build"
            )
        units = dict(_units_of(model))
        rates = {}
        for path, layer in [*units.items(), *((n, i) for n, i in _inner_layers(units))]:
            if _is_random(layer):
                rates[path] = getattr(layer, "rate", None)
                _without_chance(layer)
        return model, units, rates

    def _describe(self, path: str, layer: Any) -> Layer:
        trainable = set(self._trainable)
        forms = []
        for variable in _variables_of(layer):
            name = _tensor_name(layer, variable)
            form = (name, tuple(variable.shape), keras.backend.standardize_dtype(variable.dtype))
            forms.append(TensorForm(*form, is_trainable=f"{path}/{name}" in trainable))
        settings = {name: getattr(layer, name, None) for name in SETTINGS}
        settings["rate"] = self._rates.get(path)
        known = {name: value for name, value in settings.items() if value is not None}
        return Layer(path, _kind_of(layer), tuple(forms), known)

    def get(self) -> Arrays:
        return {name: _to_numpy(variable) for name, variable in self._variables.items()}

    def set(self, arrays: Arrays) -> None:
        for name, array in arrays.items():
            self._variables[name].assign(array)
        for variable, start in zip(
            self._optimizer.variables, self._optimizer_at_start, strict=True
        ):
            variable.assign(start)

    def outputs(self, inputs: Any, *, training: bool) -> Arrays:
        seen: dict[str, Array] = {}
        state = self.get()
        with ExitStack() as stack:
            for path, layer in self._units.items():
                stack.enter_context(_recorded(path, layer, seen))
            self._model(_as_inputs(inputs), training=training)
        for name, array in state.items():
            self._variables[name].assign(array)
        return seen

    def loss(self, inputs: Any, targets: Any) -> float:
        self._model.reset_metrics()  # Keras' loss is a mean over what it saw since then
        answer = self._model.test_on_batch(_as_inputs(inputs), targets, return_dict=True)
        return float(answer["loss"])

    def gradients(self, inputs: Any, targets: Any) -> tuple[float, Arrays]:
        """As in `Twin`, by one step of a model whose optimizer only keeps them."""
        copy = self._gradient_model
        copy.set_weights(self._model.get_weights())
        copy.reset_metrics()
        loss = copy.train_on_batch(_as_inputs(inputs), targets, return_dict=True)["loss"]
        pairs = zip(self._model.trainable_variables, copy.trainable_variables, strict=True)
        found = {id(variable): _to_numpy(gradient) for variable, gradient in pairs}
        return float(loss), {name: found[id(self._variables[name])] for name in self._trainable}

    def update(self, gradients: Arrays) -> None:
        by_id = {id(self._variables[name]): gradients[name] for name in self._trainable}
        own = [
            keras.ops.convert_to_tensor(by_id[id(v)], v.dtype)
            for v in self._model.trainable_variables
        ]
        self._optimizer.apply(own, self._model.trainable_variables)

    def slots(self) -> Arrays:
        """As in `Twin`; SGD keeps −learning_rate times what others call momentum."""
        is_sgd = isinstance(self._optimizer, keras.optimizers.SGD)
        scale = -1.0 / float(self._optimizer.learning_rate) if is_sgd else 1.0
        found = {}
        for name in self._trainable:
            prefix = self._variables[name].path.replace("/", "_") + "_"
            for variable in self._optimizer.variables:
                if variable.name.startswith(prefix):
                    slot = variable.name.removeprefix(prefix)
                    found[f"{name} {slot}"] = _to_numpy(variable) * scale
        return found

    def step(self, inputs: Any, targets: Any) -> float:
        self._model.reset_metrics()
        answer = self._model.train_on_batch(_as_inputs(inputs), targets, return_dict=True)
        return float(answer["loss"])

    def predict(self, inputs: Any) -> Array:
        return np.asarray(self._model.predict_on_batch(_as_inputs(inputs)))

    def random_outputs(self, ones: Array) -> Arrays:
        """As in `Twin`; of layers that have a rate."""
        found = {}
        for path, layer in self._units.items():
            rate = self._rates.get(path)
            if rate is not None:
                alike = type(layer).from_config(layer.get_config() | {"rate": rate})
                found[path] = _to_numpy(alike(keras.ops.convert_to_tensor(ones), training=True))
        return found

    @property
    def optimizer_settings(self) -> dict[str, Any]:
        """The optimizer's class and what it was given."""
        return {"name": type(self._optimizer).__name__, **self._optimizer.get_config()}


def _units_of(layer: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The layers that hold tensors of their own or are random, by their paths, in order."""
    children = layer.layers if isinstance(layer, keras.Model) else getattr(layer, "_layers", [])
    for child, name in zip(children, _names_of(children), strict=True):
        path = prefix + name
        if _kind_of(child) not in WHOLE:
            yield from _units_of(child, f"{path}/")
        if _variables_of(child) or _is_random(child):
            yield path, child


def _names_of(layers: Sequence[Any]) -> list[str]:
    """The layers' names; those that Keras gave, counted in this model: `dense`, `dense_1`.

    Keras itself goes on counting from one model of a process to the next.
    """
    names: list[str] = []
    for layer in layers:
        base = re.sub(r"_\d+$", "", layer.name)
        is_given = base.replace("_", "") != type(layer).__name__.lower()
        number = sum(re.sub(r"_\d+$", "", name) == base for name in names)
        names.append(layer.name if is_given else f"{base}_{number}" if number else base)
    return names


def _inner_layers(units: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for path, layer in units.items():
        if _kind_of(layer) in WHOLE:
            for inner in getattr(layer, "_layers", []):
                yield f"{path}/{inner.name}", inner


def _variables_of(layer: Any) -> list[Any]:
    """A layer's own variables; of a whole kind, those of its inner layers too."""
    if _kind_of(layer) in WHOLE:
        return list(layer.weights)
    return [*layer._trainable_variables, *layer._non_trainable_variables]  # noqa: SLF001


def _tensor_name(layer: Any, variable: Any) -> str:
    """`kernel`; of attention, `query/kernel` would name a layer, so it is `query_kernel`."""
    if _kind_of(layer) == "MultiHeadAttention":
        return "_".join(variable.path.split("/")[-2:])
    return variable.name


def _kind_of(layer: Any) -> str:
    name = type(layer).__name__
    for kind in ("DepthwiseConv", "Conv"):
        if name in {f"{kind}{rank}D" for rank in (1, 2, 3)}:
            return kind
    return name


def _is_random(layer: Any) -> bool:
    return getattr(layer, "seed_generator", None) is not None or hasattr(layer, "generator")


def _without_chance(layer: Any) -> None:
    """Lets a random layer do in training what it does in evaluation."""
    call = layer.call
    object.__setattr__(
        layer, "call", lambda *args, **options: call(*args, **(options | {"training": False}))
    )


@contextmanager
def _recorded(path: str, layer: Any, seen: dict[str, Array]) -> Iterator[None]:
    """Notes what enters a layer and what leaves it, before its activation where it has one."""
    before = layer.__dict__.get("call")
    call, activation = layer.call, getattr(layer, "activation", None)
    has_activation = _kind_of(layer) in ACTIVATED and activation is not None

    def noted(name: str, value: Any) -> None:
        if not isinstance(value, (tuple, list, dict)):
            seen.setdefault(f"{path}/{name}", _to_numpy(value))

    def recording_call(inputs: Any, *arguments: Any, **options: Any) -> Any:
        noted("input", inputs)
        result = call(inputs, *arguments, **options)
        noted("output", result)  # the first note counts
        return result

    def recording_activation(value: Any) -> Any:
        noted("output", value)
        return activation(value)

    object.__setattr__(layer, "call", recording_call)
    if has_activation:
        layer.activation = recording_activation
    try:
        yield
    finally:
        if has_activation:
            layer.activation = activation
        object.__delattr__(layer, "call")
        if before is not None:
            object.__setattr__(layer, "call", before)


def _as_inputs(inputs: Any) -> Any:
    """Keras takes several inputs as a list, and arrays as they are."""
    return list(inputs) if isinstance(inputs, tuple) else map_arrays(np.asarray, inputs)


def _to_numpy(value: Any) -> Array:
    return np.array(keras.ops.convert_to_numpy(value))
