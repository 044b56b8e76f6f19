"""What a twin is: a network with its optimizer, in some framework, behind these verbs.

NumPy arrays go in and come out. Tensors are in Keras' layout, whatever the framework's
own: a kernel has its inputs before its outputs, an image its channels last.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

DType = Literal["float32", "float64"]
Array = NDArray[Any]
Arrays = Mapping[str, Array]
"""Tensors by their names, `LAYER/TENSOR`; the layer's name may itself hold a /."""
Batch = tuple[Any, Any]
"""Inputs and targets, the rows first: arrays, or tuples or dicts of arrays."""


class ParityError(Exception):
    """Something cannot be climbed with; one sentence says what, and what was expected."""


@dataclass(frozen=True)
class TensorForm:
    """What a tensor of a layer is called there, and what it holds.

    is_trainable: moved by the optimizer; otherwise state, as running statistics are.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    is_trainable: bool = True


@dataclass(frozen=True)
class Layer:
    """One layer of a twin.

    path: its name in the twin, `block/dense` for instance.
    kind: what pairs it with another twin's layer, by the names of Keras: `Dense`, `Conv`.
    settings: what else decides what it computes: `epsilon`, `padding`, `rate`.
    """

    path: str
    kind: str
    tensors: tuple[TensorForm, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


class Twin(Protocol):
    """The verbs of a network that is trained; each is asked with arrays of the climb's dtype.

    title: what people call it, in sentences and tables.
    """

    title: str

    def precision(self, dtype: DType) -> AbstractContextManager[Any]:
        """Within this context the framework computes in `dtype`."""
        ...

    def build(self, dtype: DType) -> tuple[Layer, ...]:
        """Makes the network anew; its layers in the order in which inputs meet them.

        What is random in training, dropout for instance, is off but for `random_outputs`.
        """
        ...

    def get(self) -> Arrays:
        """Copies of every tensor as it is now, parameters and state."""
        ...

    def set(self, arrays: Arrays) -> None:
        """Takes over every tensor; the optimizer is as before its first step."""
        ...

    def outputs(self, inputs: Any, *, training: bool) -> Arrays:
        """What enters and leaves layers: `LAYER/input`, and `LAYER/output` before an activation.

        In the order of the calls, of a layer's first call; those it has no name for are left
        out. The state stays as it is.
        """
        ...

    def loss(self, inputs: Any, targets: Any) -> float:
        """The loss as in evaluation."""
        ...

    def gradients(self, inputs: Any, targets: Any) -> tuple[float, Arrays]:
        """The loss as in training, and its gradient by every trainable tensor."""
        ...

    def update(self, gradients: Arrays) -> None:
        """One step of the optimizer by itself, with these gradients."""
        ...

    def slots(self) -> Arrays:
        """What the optimizer remembers of each trainable tensor: `LAYER/TENSOR SLOT`.

        Slots are called as Keras calls Adam's, `momentum` and `velocity`.
        """
        ...

    def step(self, inputs: Any, targets: Any) -> float:
        """One step of training, as the twin's users take it; the loss from before the update."""
        ...

    def predict(self, inputs: Any) -> Array:
        """What the twin's users get for inputs."""
        ...

    def random_outputs(self, ones: Array) -> Arrays:
        """What each random layer makes of ones in training, by its name, with randomness on."""
        ...


class Asked:
    """A twin of whom every answer is checked, and whose tensors are called as the reference's.

    title: what it is called in sentences.
    names: of layers, from the twin's own to the reference's; empty for the reference itself.

    Every verb raises ParityError where the twin raises anything, answers in another form than
    the protocol has, or changes what a question must leave alone.
    """

    def __init__(self, twin: Twin, dtype: DType, title: str) -> None:
        self.twin, self.dtype, self.title = twin, dtype, title
        self.names: Mapping[str, str] = {}

    def ask(self, verb: str, *arguments: Any, **options: Any) -> Any:
        """The twin's answer to any verb, arrays under the reference's names."""
        function = getattr(self.twin, verb, None)
        if not callable(function):
            raise ParityError(f"{self.title} has no verb `{verb}`: see parity.twin.Twin")
        given = [np.copy(array) for array in _arrays_in(arguments)]
        try:
            answer = function(*arguments, **options)
        except ParityError:
            raise
        except Exception as error:  # a twin may raise whatever its framework does
            text = " ".join(str(error).split())[:300]
            raise ParityError(
                f"{self.title}: `{verb}` raised {type(error).__name__}: {text}"
            ) from error
        for before, after in zip(given, _arrays_in(arguments), strict=True):
            if not np.array_equal(before, after, equal_nan=before.dtype.kind == "f"):
                raise ParityError(f"{self.title}: `{verb}` changed an array that it was given")
        return answer

    def question(self, verb: str, *arguments: Any, **options: Any) -> Any:
        """An answer that must leave parameters and state as they are."""
        before = self.arrays("get")
        answer = self.ask(verb, *arguments, **options)
        for name, after in self.arrays("get").items():
            if not np.array_equal(before[name], after, equal_nan=True):
                raise ParityError(f"{self.title}: `{verb}` changed {name}, and may only look")
        return answer

    def arrays(self, verb: str, *arguments: Any, **options: Any) -> dict[str, Array]:
        """The answer of a verb that returns arrays by name."""
        return self._named(verb, self.ask(verb, *arguments, **options))

    def set(self, arrays: Arrays) -> None:
        """As the twin's, by the reference's names."""
        self.ask("set", self._own(arrays))

    def update(self, gradients: Arrays) -> None:
        """As the twin's, by the reference's names."""
        self.ask("update", self._own(gradients))

    def outputs(self, inputs: Any, *, training: bool) -> dict[str, Array]:
        """As the twin's, by the reference's names."""
        return self._named("outputs", self.question("outputs", inputs, training=training))

    def gradients(self, inputs: Any, targets: Any) -> tuple[float, dict[str, Array]]:
        """As the twin's, by the reference's names."""
        answer = self.question("gradients", inputs, targets)
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise ParityError(
                f"{self.title}: `gradients` returned {_form(answer)}, expected a loss and arrays"
            )
        return self._number("gradients", answer[0]), self._named("gradients", answer[1])

    def loss(self, inputs: Any, targets: Any) -> float:
        """As the twin's."""
        return self._number("loss", self.question("loss", inputs, targets))

    def step(self, inputs: Any, targets: Any) -> float:
        """As the twin's."""
        return self._number("step", self.ask("step", inputs, targets))

    def predict(self, inputs: Any) -> Array:
        """As the twin's."""
        answer = self.question("predict", inputs)
        if not isinstance(answer, np.ndarray) or len(answer) != num_rows(inputs):
            raise ParityError(
                f"{self.title}: `predict` returned {_form(answer)}, expected an array of "
                f"{num_rows(inputs)} rows"
            )
        return self._in_dtype("predict", "its answer", answer)

    def _number(self, verb: str, answer: Any) -> float:
        if np.shape(answer) != () or not isinstance(answer, (float, int, np.generic, np.ndarray)):
            raise ParityError(
                f"{self.title}: `{verb}` returned {_form(answer)}, expected one number, the loss"
            )
        return float(answer)

    def _named(self, verb: str, answer: Any) -> dict[str, Array]:
        if not isinstance(answer, Mapping):
            raise ParityError(
                f"{self.title}: `{verb}` returned {_form(answer)}, expected arrays by name"
            )
        renamed = {}
        for name, array in answer.items():
            layer, _, tensor = name.rpartition("/")
            if not isinstance(array, np.ndarray):
                raise ParityError(
                    f"{self.title}: `{verb}` returned {_form(array)} for {name}, expected an array"
                )
            layer = self.names.get(layer, layer)
            checked = self._in_dtype(verb, name, array) if verb == "gradients" else array
            renamed[f"{layer}/{tensor}"] = checked
        return renamed

    def _in_dtype(self, verb: str, name: str, array: Array) -> Array:
        if array.dtype.kind == "f" and array.dtype != self.dtype:
            raise ParityError(
                f"{self.title}: `{verb}` returned {name} in {array.dtype}, expected {self.dtype}: "
                "something in it computes in a type of its own"
            )
        return array

    def _own(self, arrays: Arrays) -> dict[str, Array]:
        own = {reference: name for name, reference in self.names.items()}
        parts = ((name.rpartition("/"), array) for name, array in arrays.items())
        return {f"{own.get(layer, layer)}/{tensor}": each for (layer, _, tensor), each in parts}


def _form(answer: Any) -> str:
    """An answer in two or three words, for a sentence."""
    shape = getattr(answer, "shape", None)
    return type(answer).__name__ + (f" of shape {tuple(shape)}" if shape is not None else "")


def _arrays_in(value: Any) -> Iterator[Array]:
    match value:
        case np.ndarray():
            yield value
        case Mapping():
            for each in value.values():
                yield from _arrays_in(each)
        case tuple() | list():
            for each in value:
                yield from _arrays_in(each)


def map_arrays(change: Callable[[Array], Any], value: Any) -> Any:
    """The same tuples and dicts, each array changed."""
    if isinstance(value, Mapping):
        return {name: map_arrays(change, each) for name, each in value.items()}
    if isinstance(value, (tuple, list)):
        return tuple(map_arrays(change, each) for each in value)
    return change(value)


def num_rows(value: Any) -> int:
    """Rows of inputs or of targets: the length of their first array."""
    return len(next(_arrays_in(value)))
