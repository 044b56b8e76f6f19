"""What the twins of frameworks share: layers found in a model, tensors seen through views."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, ClassVar
from unittest import mock

import numpy as np

from parity.twin import Array, Arrays, DType, Layer, ParityError, TensorForm
from parity.twins.views import View, same

WHOLE = ("MultiHeadAttention", "LSTM", "GRU")
"""Kinds whose inner layers are no layers of their own."""
NORM_NAMES = {"scale": "gamma", "weight": "gamma", "bias": "beta"}
NORM_NAMES |= dict.fromkeys(("mean", "running_mean"), "moving_mean")
NORM_NAMES |= dict.fromkeys(("var", "running_var"), "moving_variance")
NORMS = ("BatchNormalization", "LayerNormalization", "GroupNormalization")


class ModuleTwin:
    """A model of which a framework's twin says how its parts are found, read and written.

    settings: Keras' names of settings, by the framework's.
    names: Keras' names of tensors, by kind of layer and the framework's name.
    """

    title: str
    settings: ClassVar[Mapping[str, str]]
    names: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    _model: Any
    _call: Callable[[Any, bool], Any]
    """The model's answer to inputs, in training or not."""
    _set_randomness: Callable[[bool], None]
    """Lets what is random be so, or not."""
    _kind_of: Callable[[Any], str]
    _children_of: Callable[[Any], Iterable[tuple[str, Any]]]
    _is_random: Callable[[Any], bool]
    _variables_of: Callable[[Any], dict[str, Any]]
    """A module's own, by name; of a whole kind, those of its inner modules too."""
    _views_of: Callable[[Any, dict[str, Any]], dict[str, View]]
    """Of those variables that Keras lays out otherwise, by Keras' names."""
    _is_trainable: Callable[[Any], bool]
    _read: Callable[[Any], Array]
    _write: Callable[[Any, Array], None]
    _forget: Callable[[], None]
    """Makes the optimizer what it was before its first step."""
    _remembered: Callable[[Any], Mapping[str, Array]]
    """What the optimizer remembers of a variable, by Keras' name of the slot."""
    _noted: Callable[[Any, Any], Array | None]
    """What enters or leaves a module, in Keras' layout; None where that cannot be told."""

    def _check_built(self, model: Any, expected: type, hint: str) -> None:
        if not isinstance(model, expected):
            is_class = isinstance(model, type)
            given = f"the class {model.__name__}" if is_class else type(model).__name__
            raise ParityError(f"{self.title}: `build` returned {given}, expected {hint}")

    def _find_layers(self) -> tuple[Layer, ...]:
        """The model's layers, whose tensors are from now on this twin's."""
        self._met: dict[int, Any] = {}
        self._units: dict[str, Any] = {}
        self._views: dict[str, View] = {}
        self._trainable: list[str] = []
        self._find_units(self._model, "")
        return tuple(self._layer_of(path, unit) for path, unit in self._units.items())

    def _find_units(self, module: Any, path: str) -> None:
        """What holds tensors of its own or is random, in order, each once."""
        if id(module) in self._met:
            return
        self._met[id(module)] = module
        if self._kind_of(module) not in WHOLE:
            for name, child in self._children_of(module):
                self._find_units(child, f"{path}/{name}".lstrip("/"))
        if self._variables_of(module) or self._is_random(module):
            self._units[path or "model"] = module

    def _layer_of(self, path: str, unit: Any) -> Layer:
        kind, variables = self._kind_of(unit), self._variables_of(unit)
        views = self._views_of(unit, variables)
        viewed = {id(source) for view in views.values() for source in view.sources}
        names = self.names.get(kind, {})
        for name, variable in variables.items():
            if id(variable) not in viewed:
                views[names.get(name, name)] = same(variable)
        forms = tuple(self._form(name, view) for name, view in views.items())
        self._views |= {f"{path}/{name}": view for name, view in views.items()}
        self._trainable += [f"{path}/{form.name}" for form in forms if form.is_trainable]
        return Layer(path, kind, forms, self._settings_of(unit))

    def _form(self, name: str, view: View) -> TensorForm:
        array = view.forward([self._read(each) for each in view.sources])
        is_trainable = any(self._is_trainable(each) for each in view.sources)
        return TensorForm(name, array.shape, str(array.dtype), is_trainable)

    def _settings_of(self, module: Any) -> dict[str, Any]:
        """What decides what a layer computes; a rate only where something is random."""
        found = {}
        for own, name in self.settings.items():
            value = getattr(module, own, None)
            if value is not None and (value or name != "rate"):
                found[name] = value.lower() if isinstance(value, str) else value
        return found

    def _seen(self, read: Callable[[Any], Array], names: Iterable[str]) -> dict[str, Array]:
        """Copies of what `read` has for variables, in Keras' layout."""
        views = {name: self._views[name] for name in names}
        return {n: np.array(view.forward([*map(read, view.sources)])) for n, view in views.items()}

    def _own(self, arrays: Arrays) -> Iterator[tuple[Any, Array]]:
        """The way back: variables, each with its array."""
        for name, array in arrays.items():
            view = self._views[name]
            for variable, own in zip(view.sources, view.backward(array), strict=True):
                yield variable, own.reshape(self._read(variable).shape)

    def get(self) -> Arrays:
        return self._seen(self._read, self._views)

    def set(self, arrays: Arrays) -> None:
        self._put(arrays)
        self._forget()

    def _put(self, arrays: Arrays) -> None:
        for variable, array in self._own(arrays):
            self._write(variable, array)

    def outputs(self, inputs: Any, *, training: bool, random: bool = False) -> Arrays:
        state, seen = self.get(), {}
        self._set_randomness(random)
        try:
            with self._recorded(seen):
                self._call(inputs, training)
        except Exception:
            if not seen:  # else how far it came says more
                raise
        finally:
            self._set_randomness(False)
            self._put(state)
        return seen

    @contextmanager
    def _recorded(self, seen: dict[str, Array]) -> Iterator[None]:
        """Notes what enters and leaves layers; Python finds `__call__` in their classes."""
        with ExitStack() as stack:
            for cls in {type(unit) for unit in self._units.values()}:
                stack.enter_context(mock.patch.object(cls, "__call__", self._noting(cls, seen)))
            yield

    def _noting(self, cls: type, seen: dict[str, Array]) -> Callable[..., Any]:
        """The call of a class whose instances may be layers; the first note of each counts."""
        call: Callable[..., Any] = cls.__call__
        paths = {id(unit): path for path, unit in self._units.items() if type(unit) is cls}

        def note(module: Any, name: str, value: Any) -> None:
            array = self._noted(module, value) if id(module) in paths else None
            if array is not None:
                seen.setdefault(f"{paths[id(module)]}/{name}", array)

        def noting_call(module: Any, *given: Any, **options: Any) -> Any:
            note(module, "input", next(iter(given), None))
            answer = call(module, *given, **options)
            note(module, "output", answer)
            return answer

        return noting_call

    def slots(self) -> Arrays:
        found = {}
        for name in self._trainable:
            view = self._views[name]
            memories = [self._remembered(each) for each in view.sources]
            for slot in memories[0]:
                if all(slot in memory for memory in memories):
                    array = view.forward([memory[slot] for memory in memories])
                    found[f"{name} {slot}"] = np.array(array)
        return found


class PortTwin(ModuleTwin):
    """A module whose users write its loss and its step of training, as in Flax and PyTorch.

    Args:
        build: takes "float32" or "float64", and returns the module in that type. It is called
            with the inputs; a tuple of them is spread over its arguments.
        optimizer: makes the framework's optimizer.
        loss_fn: takes module, inputs and targets; returns the mean loss of the batch, or that
            and anything else.
        predict: takes module and inputs, returns what the port's users get; without it the
            module's own answer.
        metrics: functions of module, inputs and targets, by the names that the reference gives
            its own.
        train_step: the port's own step, which takes module, optimizer, inputs and targets,
            changes the first two in place and returns what `loss_fn` does; without it, a usual
            one.
        fit: the port's own training, which takes module, optimizer and a sequence of batches,
            and changes the first two in place; without it, step after step.
    """

    kinds: ClassVar[Mapping[type, str]]
    """Keras' names of layers, by the framework's classes."""
    expected: ClassVar[tuple[type, str]]
    """What `build` returns, and that in words."""
    grouping: ClassVar[tuple[str, str]]
    """What a convolution calls its numbers of groups and of inputs."""
    _optimizer: Any
    _usual_step: Callable[[Any, Any, Any, Any], Any]
    _given: Callable[[Any], Any]
    """Arrays as the framework's own."""
    _array: Callable[[Any], Array]
    """The way back."""

    def __init__(
        self,
        build: Callable[[DType], Any],
        optimizer: Any,
        loss_fn: Callable[[Any, Any, Any], Any],
        *,
        predict: Callable[[Any, Any], Any] | None = None,
        metrics: Mapping[str, Callable[[Any, Any, Any], Any]] | None = None,
        train_step: Callable[[Any, Any, Any, Any], Any] | None = None,
        fit: Callable[[Any, Any, Sequence[Any]], None] | None = None,
        title: str = "",
    ) -> None:
        self.title = title or self.title
        self._build, self._rule, self._predict = build, optimizer, predict or _call_with
        self._loss_of = lambda *given: _first(loss_fn(*given))
        self._figures = {"loss": self._loss_of, **(metrics or {})}
        self._train_step = train_step or self._usual_step
        if fit is not None:  # a twin without it is stepped
            self.fit = partial(self._fit_by, fit)

    def build(self, dtype: DType) -> tuple[Layer, ...]:
        self._model = self._build(dtype)
        self._check_built(self._model, *self.expected)
        layers = self._find_layers()
        self._kept_rates = [
            (module, name, getattr(module, name))
            for module in self._met.values()
            for name, own in self.settings.items()
            if own == "rate" and isinstance(getattr(module, name, None), float)
        ]
        self._set_randomness(False)
        self._forget()
        return layers

    def _set_randomness(self, is_on: bool) -> None:
        for module, name, rate in self._kept_rates:
            setattr(module, name, rate if is_on else 0.0)

    def _kind_of(self, module: Any) -> str:
        kinds = (kind for each, kind in self.kinds.items() if isinstance(module, each))
        kind = next(kinds, type(module).__name__)
        groups, num_inputs = (getattr(module, name, 0) for name in self.grouping)
        return "DepthwiseConv" if kind == "Conv" and 1 < groups == num_inputs else kind

    def _is_random(self, module: Any) -> bool:
        return self._kind_of(module) == "Dropout" and "rate" in self._settings_of(module)

    def _call(self, inputs: Any, training: bool) -> Any:
        return _call_with(self._in_mode(training), self._given(inputs))

    def evaluate(self, inputs: Any, targets: Any) -> Mapping[str, float]:
        given = (self._in_mode(training=False), self._given(inputs), self._given(targets))
        return {name: float(self._array(of(*given))) for name, of in self._figures.items()}

    def step(self, inputs: Any, targets: Any) -> float:
        model = self._in_mode(training=True)
        given = (self._given(inputs), self._given(targets))
        return float(self._array(_first(self._train_step(model, self._optimizer, *given))))

    def _fit_by(self, fit: Callable[[Any, Any, Any], None], batches: Sequence[Any]) -> None:
        own = [tuple(map(self._given, batch)) for batch in batches]
        fit(self._in_mode(training=True), self._optimizer, own)

    def predict(self, inputs: Any) -> Array:
        return self._array(self._predict(self._in_mode(training=False), self._given(inputs)))

    def _in_mode(self, training: bool) -> Any:
        (self._model.train if training else self._model.eval)()
        return self._model


def _first(answer: Any) -> Any:
    """The loss, of a function that returns it alone or first."""
    return answer[0] if isinstance(answer, tuple) else answer


def _call_with(model: Any, inputs: Any) -> Any:
    """The model's answer; a tuple of inputs is spread over its arguments."""
    return model(*inputs) if isinstance(inputs, tuple) else model(inputs)
