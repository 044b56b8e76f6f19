"""What a twin is: a network with its optimizer, in some framework, behind these verbs.

NumPy arrays go in and come out. Tensors are in Keras' layout, whatever the framework's
own: a kernel has its inputs before its outputs, an image its channels last.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

DType = Literal["float32", "float64"]
Array = NDArray[Any]
Arrays = Mapping[str, Array]
"""Tensors by their names, `LAYER/TENSOR`; the layer's name may itself hold a /."""
Batch = tuple[Any, Any]
"""Inputs and targets, the rows first: arrays, or tuples or dicts of arrays."""
MOST_LETTERS = 300
"""Of a framework's message, in a sentence."""


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

    One more is asked where a twin has it: `fit(batches)`, all steps in one call, as its users
    train; a twin without it is stepped.

    title: what people call it, in sentences and tables.
    """

    title: str

    def precision(self, dtype: DType) -> AbstractContextManager[Any]:
        """Within this context the framework computes in `dtype`."""
        ...

    def build(self, dtype: DType) -> tuple[Layer, ...]:
        """Makes the network anew; its layers in the order in which inputs meet them.

        What is random in training, dropout for instance, is off but where `outputs` is asked so.
        """
        ...

    def get(self) -> Arrays:
        """Copies of every tensor as it is now, parameters and state."""
        ...

    def set(self, arrays: Arrays) -> None:
        """Takes over every tensor; the optimizer is as before its first step."""
        ...

    def outputs(self, inputs: Any, *, training: bool, random: bool = False) -> Arrays:
        """What enters and leaves layers: `LAYER/input`, and `LAYER/output` before an activation.

        In the order of the calls, of a layer's first call; those it has no name for are left
        out. The state stays as it is. With `random`, what is random is on, as far as it is so in
        training or in evaluation.
        """
        ...

    def evaluate(self, inputs: Any, targets: Any) -> Mapping[str, float]:
        """Figures as in evaluation: `loss`, and metrics by name where the twin has any."""
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


def _is_number(value: Any) -> bool:
    return isinstance(value, (float, int, np.generic, np.ndarray)) and np.shape(value) == ()


def _are_arrays(answer: Any) -> bool:
    is_mapping = isinstance(answer, Mapping)
    return is_mapping and all(isinstance(array, np.ndarray) for array in answer.values())


Check = Callable[[Any, tuple[Any, ...]], bool]
NOTHING: tuple[str, Check] = ("nothing", lambda *_: True)
ARRAYS: tuple[str, Check] = ("arrays by name", lambda answer, _: _are_arrays(answer))
ANSWERS: Mapping[str, tuple[str, Check]] = {
    "build": (
        "a tuple of layers",
        lambda answer, _: isinstance(answer, tuple) and all(isinstance(x, Layer) for x in answer),
    ),
    "get": ARRAYS,
    "set": NOTHING,
    "outputs": ARRAYS,
    "evaluate": (
        "numbers by name, `loss` among them",
        lambda answer, _: (
            isinstance(answer, Mapping)
            and all(map(_is_number, (answer.get("loss"), *answer.values())))
        ),
    ),
    "gradients": (
        "one number and arrays by name",
        lambda answer, _: (
            isinstance(answer, tuple)
            and [_is_number(answer[0]), *map(_are_arrays, answer[1:])] == [True, True]
        ),
    ),
    "update": NOTHING,
    "slots": ARRAYS,
    "step": ("one number", lambda answer, _: _is_number(answer)),
    "fit": NOTHING,
    "predict": (
        "an array with a row for each row of the inputs",
        lambda answer, given: _are_arrays({"": answer}) and num_rows(answer) == num_rows(given[0]),
    ),
}
"""What each verb returns: in words, and whether an answer, with what was given, is that."""
QUESTIONS = ("outputs", "evaluate", "gradients", "predict")
"""The verbs that must leave parameters and state as they are."""
TAKING_ARRAYS = ("set", "update")
"""The verbs that are given arrays by name."""
TYPED = ("gradients", "predict")
"""The verbs whose arrays must be of the climb's type; those of `get` are compared as they are."""


class Asked:
    """A twin of whom every answer is checked, and whose tensors are called as the reference's.

    Has the verbs of `Twin`. Each raises ParityError where the twin raises anything, answers in
    another form than `ANSWERS` says, or changes what it must leave alone.

    title: what it is called in sentences.
    names: of layers, from the twin's own to the reference's; empty for the reference itself.
    """

    def __init__(self, twin: Twin, dtype: DType, title: str) -> None:
        self.twin, self.dtype, self.title = twin, dtype, title
        self.names: Mapping[str, str] = {}

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        return partial(self._question if verb in QUESTIONS else self._ask, verb)

    def fit(self, batches: Sequence[Batch]) -> None:
        """All steps, in one call where the twin has one."""
        if callable(getattr(self.twin, "fit", None)):
            self._ask("fit", batches)
            return
        for batch in batches:
            self._ask("step", *batch)

    def _question(self, verb: str, *arguments: Any, **options: Any) -> Any:
        before = self._ask("get")
        answer = self._ask(verb, *arguments, **options)
        for name, after in self._ask("get").items():
            if not np.array_equal(before[name], after, equal_nan=True):
                raise self._fault(verb, f"changed {name}, and may only look")
        return answer

    def _ask(self, verb: str, *arguments: Any, **options: Any) -> Any:
        function = getattr(self.twin, verb, None)
        if not callable(function):
            raise ParityError(f"{self.title} has no verb `{verb}`: see parity.twin.Twin")
        own = tuple(map(self._own, arguments)) if verb in TAKING_ARRAYS else arguments
        given = [np.copy(array) for array in _arrays_in(own)]
        try:
            answer: Any = function(*own, **options)
        except ParityError:
            raise
        except Exception as error:  # a twin may raise whatever its framework does
            text = " ".join(str(error).split())[:MOST_LETTERS]
            raise self._fault(verb, f"raised {type(error).__name__}: {text}") from error
        for before, after in zip(given, _arrays_in(own), strict=True):
            if not np.array_equal(before, after, equal_nan=before.dtype.kind == "f"):
                raise self._fault(verb, "changed an array that it was given")
        expected, is_expected = ANSWERS[verb]
        if not is_expected(answer, arguments):
            raise self._fault(verb, f"returned {_form(answer)}, expected {expected}")
        for array in _arrays_in(answer) if verb in TYPED else ():
            if array.dtype.kind == "f" and array.dtype != self.dtype:
                raise self._fault(verb, f"returned {array.dtype}, expected {self.dtype}")
        if isinstance(answer, Mapping):
            return self._renamed(answer)
        return (answer[0], self._renamed(answer[1])) if verb == "gradients" else answer

    def _renamed(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        return {_in_layer(name, self.names): each for name, each in answer.items()}

    def _own(self, arrays: Arrays) -> dict[str, Array]:
        own = {reference: name for name, reference in self.names.items()}
        return {_in_layer(name, own): array for name, array in arrays.items()}

    def _fault(self, verb: str, what: str) -> ParityError:
        return ParityError(f"{self.title}: `{verb}` {what}")


def _in_layer(name: str, layers: Mapping[str, str]) -> str:
    """A tensor's name with its layer called otherwise; a layer's own name too."""
    layer, slash, tensor = name.rpartition("/")
    return layers.get(name) or f"{layers.get(layer, layer)}{slash}{tensor}"


def _form(answer: Any) -> str:
    """An answer in two or three words, for a sentence."""
    if answer is None:
        return "None (is a `return` missing?)"
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
    """Rows of inputs or of targets: the length of their first array; 0 where there is none."""
    first = next(_arrays_in(value), np.zeros(0))
    return len(first) if first.ndim else 0
