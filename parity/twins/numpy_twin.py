"""A network written by hand, in plain functions over NumPy arrays, as a twin."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from parity.twin import Array, Arrays, DType, Layer, TensorForm


class NumpyTwin:
    """Arrays by their names, `LAYER/TENSOR`, named and laid out as Keras does.

    Args:
        parameters: takes "float32" or "float64", returns the arrays before training, layer by
            layer in the order in which inputs meet them; the optimizer moves all of them.
        loss_and_gradients: takes arrays, inputs and targets; returns the mean loss of the batch,
            and its gradients by the arrays' names.
        step: takes arrays, the optimizer's memory (empty at first) and gradients; returns new
            arrays and memory. It calls what it remembers `LAYER/TENSOR momentum`, and so on.
        predict: takes arrays and inputs, returns what users get.
        outputs: takes arrays and inputs; returns what enters and leaves layers, `LAYER/input` and
            `LAYER/output`.
        kinds: of layers, by their names, as Keras calls them; the others are `Dense`.
    """

    def __init__(
        self,
        parameters: Callable[[DType], Arrays],
        loss_and_gradients: Callable[[Arrays, Any, Any], tuple[float, Arrays]],
        step: Callable[[Arrays, Arrays, Arrays], tuple[Arrays, Arrays]],
        predict: Callable[[Arrays, Any], Array],
        *,
        outputs: Callable[[Arrays, Any], Arrays] = lambda arrays, inputs: {},  # noqa: ARG005
        kinds: Mapping[str, str] | None = None,
        title: str = "NumPy",
    ) -> None:
        self.title, self._kinds = title, kinds or {}
        self._start, self._compute, self._move = parameters, loss_and_gradients, step
        self._predict, self._outputs = predict, outputs

    def precision(self, dtype: DType) -> AbstractContextManager[Any]:
        return nullcontext(dtype)  # NumPy computes in the type of its arrays

    def build(self, dtype: DType) -> tuple[Layer, ...]:
        self._arrays, self._memory = self._start(dtype), {}
        forms: dict[str, list[TensorForm]] = {}
        for name, array in self._arrays.items():
            layer, _, tensor = name.rpartition("/")
            forms.setdefault(layer, []).append(TensorForm(tensor, array.shape, str(array.dtype)))
        return tuple(Layer(n, self._kinds.get(n, "Dense"), tuple(f)) for n, f in forms.items())

    def get(self) -> Arrays:
        return {name: array.copy() for name, array in self._arrays.items()}

    def set(self, arrays: Arrays) -> None:
        self._arrays = {name: array.copy() for name, array in arrays.items()}
        self._memory = {}

    def outputs(self, inputs: Any, *, training: bool, random: bool = False) -> Arrays:
        del training, random  # nothing in it depends on that
        return self._outputs(self._arrays, inputs)

    def evaluate(self, inputs: Any, targets: Any) -> Mapping[str, float]:
        return {"loss": self._compute(self._arrays, inputs, targets)[0]}

    def gradients(self, inputs: Any, targets: Any) -> tuple[float, Arrays]:
        return self._compute(self._arrays, inputs, targets)

    def update(self, gradients: Arrays) -> None:
        self._arrays, self._memory = self._move(self._arrays, self._memory, gradients)

    def slots(self) -> Arrays:
        if self._memory:
            return {name: np.copy(array) for name, array in self._memory.items()}
        nothing = {name: np.zeros_like(array) for name, array in self._arrays.items()}
        return self._move(self.get(), {}, nothing)[1]  # what it will remember

    def step(self, inputs: Any, targets: Any) -> float:
        loss, gradients = self._compute(self._arrays, inputs, targets)
        self.update(gradients)
        return loss

    def predict(self, inputs: Any) -> Array:
        return self._predict(self._arrays, inputs)
