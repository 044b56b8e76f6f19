"""A compiled Keras model as a twin, on whichever backend Keras runs."""

import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from unittest import mock

import keras
import numpy as np

from parity.twin import Array, Arrays, DType, Layer, ParityError
from parity.twins.module_twin import WHOLE, ModuleTwin
from parity.twins.views import View, reshaped

ACTIVATED = ("Dense", "EinsumDense", "Conv", "DepthwiseConv")
"""Kinds that apply their activation themselves, where other frameworks write it after them."""
SETTINGS = ("epsilon", "momentum", "padding", "groups", "rate", "noise_shape")


class GradientsKept(keras.optimizers.Optimizer):
    """Replaces each weight by its gradient: a way to read gradients on every backend."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Called by Keras for each trainable variable."""
        del learning_rate
        self.assign(variable, keras.ops.zeros(variable.shape, variable.dtype))
        self.assign_add(variable, gradient)  # which adds up the rows of an embedding


class KerasTwin(ModuleTwin):
    """A Keras model with the loss, the optimizer and the metrics that it was compiled with.

    Args:
        build: takes "float32" or "float64", the type that Keras computes in meanwhile, and
            returns a compiled model.
    """

    settings = {name: name for name in SETTINGS} | {"dropout": "rate"}

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
        # Gradients are read from a model of their own, since its weights become gradients.
        self._is_random_on = False
        self._gradient_model = self._new_model(dtype)
        self._gradient_model.optimizer = GradientsKept(learning_rate=1.0)
        for variable in self._gradient_model.trainable_variables:
            variable.constraint = None  # which would hold of the gradient
        self._model = self._new_model(dtype)
        self._optimizer: Any = self._model.optimizer
        self._optimizer.build(self._model.trainable_variables)
        self._optimizer_at_start = [(each, self._read(each)) for each in self._optimizer.variables]
        return self._find_layers()

    def _new_model(self, dtype: DType) -> Any:
        model: Any = self._build(dtype)
        self._check_built(model, keras.Model, "a compiled Keras model")
        for is_done, lack in (
            (model.compiled, "that is not compiled: call model.compile(optimizer=…, loss=…) in it"),
            (model.built, "without weights: begin it with keras.Input, or call it in build"),
        ):
            if not is_done:
                raise ParityError(f"{self.title}: `build` returned a model {lack}")
        for layer in model._flatten_layers():
            if self._is_random(layer):
                object.__setattr__(layer, "call", partial(self._controlled, layer.call))
        return model

    def _controlled(self, call: Any, *given: Any, **options: Any) -> Any:
        """A random layer does in training what it does in evaluation, but where it is on."""
        return call(*given, **(options if self._is_random_on else options | {"training": False}))

    def _set_randomness(self, is_on: bool) -> None:
        self._is_random_on = is_on

    def _children_of(self, module: Any) -> Iterator[tuple[str, Any]]:
        children = module._flatten_layers(include_self=False, recursive=False)
        return zip(_names_of(children), children, strict=True)

    def _kind_of(self, module: Any) -> str:
        kind = re.sub(r"^(Conv|DepthwiseConv)[123]D$", r"\1", type(module).__name__)
        is_depthwise = kind == "Conv" and module.groups > 1 == module.kernel.shape[-2]
        return "DepthwiseConv" if is_depthwise else kind

    def _views_of(self, module: Any, variables: dict[str, Any]) -> dict[str, View]:
        if type(module).__name__.startswith("Conv") and self._kind_of(module) == "DepthwiseConv":
            shape = (*module.kernel_size, module.groups, -1)
            return {"kernel": reshaped(variables["kernel"], *shape)}
        return {}

    def _variables_of(self, module: Any) -> dict[str, Any]:
        own = [*module._trainable_variables, *module._non_trainable_variables]
        variables = module.weights if self._kind_of(module) in WHOLE else own
        return {_tensor_name(module, each): each for each in variables}

    def _is_random(self, module: Any) -> bool:
        return getattr(module, "seed_generator", None) is not None or hasattr(module, "generator")

    def _is_trainable(self, variable: Any) -> bool:
        return variable.trainable

    def _read(self, variable: Any) -> Array:
        with warnings.catch_warnings():  # Keras asks TensorFlow in a way that NumPy 2 deprecates
            warnings.simplefilter("ignore", DeprecationWarning)
            return np.array(keras.ops.convert_to_numpy(variable))

    def _write(self, variable: Any, array: Array) -> None:
        variable.assign(array)

    def _forget(self) -> None:
        for variable, start in self._optimizer_at_start:
            variable.assign(start)

    def _call(self, inputs: Any, training: bool) -> Any:
        return self._model(inputs, training=training)

    def evaluate(self, inputs: Any, targets: Any) -> Mapping[str, float]:
        return _figures_of(self._model, self._model.test_on_batch, inputs, targets)

    def gradients(self, inputs: Any, targets: Any) -> tuple[float, Arrays]:
        copy = self._gradient_model
        copy.set_weights(self._model.get_weights())
        loss = float(_figures_of(copy, copy.train_on_batch, inputs, targets)["loss"])
        pairs = zip(self._model.trainable_variables, copy.trainable_variables, strict=True)
        found = {id(variable): self._read(gradient) for variable, gradient in pairs}
        return loss, self._seen(lambda variable: found[id(variable)], self._trainable)

    def update(self, gradients: Arrays) -> None:
        variables, arrays = zip(*self._own(gradients), strict=True)
        self._optimizer.apply([*map(keras.ops.convert_to_tensor, arrays)], variables)

    def _remembered(self, variable: Any) -> Mapping[str, Array]:
        """SGD keeps −learning_rate times what others call momentum."""
        is_sgd = isinstance(self._optimizer, keras.optimizers.SGD)
        scale = -1.0 / float(self._optimizer.learning_rate) if is_sgd else 1.0
        prefix = variable.path.replace("/", "_") + "_"
        return {
            each.name.removeprefix(prefix): self._read(each) * scale
            for each in self._optimizer.variables
            if each.name.startswith(prefix)
        }

    def step(self, inputs: Any, targets: Any) -> float:
        return float(_figures_of(self._model, self._model.train_on_batch, inputs, targets)["loss"])

    def fit(self, batches: Sequence[Any]) -> None:
        each: Any = (batch for batch in batches)  # Keras knows a generator, and no list, of them
        self._model.fit(each, steps_per_epoch=len(batches), shuffle=False, verbose=0)

    def predict(self, inputs: Any) -> Array:
        return self._model.predict_on_batch(inputs)

    def _noted(self, _module: Any, value: Any) -> Array | None:
        return self._read(value) if keras.ops.is_tensor(value) else None

    @contextmanager
    def _recorded(self, seen: dict[str, Array]) -> Iterator[None]:
        with super()._recorded(seen), ExitStack() as stack:
            for path, layer in self._units.items():
                if self._kind_of(layer) in ACTIVATED:
                    noting = partial(self._activated, layer.activation, f"{path}/output", seen)
                    stack.enter_context(mock.patch.object(layer, "activation", noting))
            yield

    def _activated(self, activation: Any, name: str, seen: dict[str, Array], value: Any) -> Any:
        """Notes what leaves a layer before its activation."""
        seen.setdefault(name, self._read(value))
        return activation(value)


def _names_of(layers: Sequence[Any]) -> list[str]:
    """The layers' names; those that Keras gave, counted in this model: `dense`, `dense_1`.

    Keras itself goes on counting from one model of a process to the next.
    """
    names: list[str] = []
    for layer in layers:
        base = re.sub(r"_\d+$", "", layer.name)
        own = re.sub("^(forward|backward)_|_", "", base)
        is_given = own != type(layer).__name__.lower()
        number = sum(re.sub(r"_\d+$", "", name) == base for name in names)
        names.append(layer.name if is_given else f"{base}_{number}" if number else base)
    return names


def _tensor_name(layer: Any, variable: Any) -> str:
    """`kernel`; of attention, whose layers are none of their own, `query_kernel`."""
    if type(layer).__name__ == "MultiHeadAttention":
        return "_".join(variable.path.split("/")[-2:])
    if re.fullmatch(r"variable(_\d+)?", variable.name):  # Keras' own name; the attribute says more
        own = (name for name, value in vars(layer).items() if value is variable)
        return next(own, variable.name)
    return variable.name


def _figures_of(model: Any, run: Callable[..., Any], inputs: Any, targets: Any) -> dict[str, Any]:
    """Loss and metrics of one batch; Keras' own are means over what it saw since the reset."""
    model.reset_metrics()
    return run(inputs, targets, return_dict=True)
