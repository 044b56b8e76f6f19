"""What the twins of frameworks share: layers found in a model, tensors seen through views."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ClassVar

import numpy as np

from parity.twin import Array, Arrays, DType, Layer, ParityError, TensorForm
from parity.twins.views import View, same

WHOLE = ("MultiHeadAttention", "LSTM", "GRU")
"""Kinds whose inner layers are no layers of their own."""
NORM_NAMES = {"scale": "gamma", "weight": "gamma", "bias": "beta"}
NORM_NAMES |= dict.fromkeys(("mean", "running_mean"), "moving_mean")
NORM_NAMES |= dict.fromkeys(("var", "running_var"), "moving_variance")
"""Keras' names of what a normalisation keeps, by those of Flax and of PyTorch."""


class ModuleTwin:
    """A model of which a framework's twin says how its parts are found, read and written.

    kinds: Keras' names of layers, by the framework's classes.
    settings: Keras' names of settings, by the framework's.
    """

    title: str
    _model: Any
    _optimizer: Any
    _call: Callable[[Any, bool], Any]
    """The model's answer to inputs, in training or not."""
    _recorded: Callable[[dict[str, Array]], AbstractContextManager[Any]]
    """Within this context what enters and leaves layers is noted."""
    _set_randomness: Callable[[bool], None]
    """Lets what is random be so, or not."""
    _children_of: Callable[[Any], Iterable[tuple[str, Any]]]
    _is_random: Callable[[Any], bool]
    _variables_of: Callable[[Any], dict[str, Any]]
    """A module's own, by name; of a whole kind, those of its inner modules too."""
    _is_trainable: Callable[[Any], bool]
    _read: Callable[[Any], Array]
    _write: Callable[[Any, Array], None]
    _forget: Callable[[], None]
    """Makes the optimizer what it was before its first step."""
    _slots: Callable[[], Mapping[str, Callable[[Any], Array | None]]]
    """What the optimizer remembers of a variable, by Keras' name of the slot."""
    kinds: ClassVar[Mapping[type, str]] = {}
    settings: ClassVar[Mapping[str, str]] = {}

    def _check_built(self, model: Any, expected: type, hint: str) -> None:
        if not isinstance(model, expected):
            name = model.__name__ if isinstance(model, type) else type(model).__name__
            given = f"the class {name}" if isinstance(model, type) else name
            raise ParityError(f"{self.title}: `build` returned {given}, expected {hint}")

    def _layers_of(self, model: Any) -> tuple[Layer, ...]:
        """The layers of a model, whose tensors are from now on this twin's."""
        self._units: dict[str, Any] = {}
        self._views: dict[str, View] = {}
        self._trainable: list[str] = []
        self._find_units(model, "", set())
        layers = []
        for path, unit in self._units.items():
            variables = self._variables_of(unit)
            views = self._views_of(unit, variables)
            viewed = {id(source) for view in views.values() for source in view.sources}
            views |= {n: same(each) for n, each in variables.items() if id(each) not in viewed}
            self._views |= {f"{path}/{name}": view for name, view in views.items()}
            forms = tuple(self._form(name, view) for name, view in views.items())
            self._trainable += [f"{path}/{form.name}" for form in forms if form.is_trainable]
            layers.append(Layer(path, self._kind_of(unit), forms, self._settings_of(unit)))
        return tuple(layers)

    def _find_units(self, module: Any, path: str, met: set[int]) -> None:
        """What holds tensors of its own or is random, in order, each once."""
        if id(module) in met:
            return
        met.add(id(module))
        if self._kind_of(module) not in WHOLE:
            for name, child in self._children_of(module):
                self._find_units(child, f"{path}/{name}".lstrip("/"), met)
        if self._variables_of(module) or self._is_random(module):
            self._units[path or "model"] = module

    def _form(self, name: str, view: View) -> TensorForm:
        array = view.forward([self._read(each) for each in view.sources])
        is_trainable = any(self._is_trainable(each) for each in view.sources)
        return TensorForm(name, array.shape, str(array.dtype), is_trainable)

    def _kind_of(self, module: Any) -> str:
        kinds = (kind for each, kind in self.kinds.items() if isinstance(module, each))
        return next(kinds, type(module).__name__)

    def _settings_of(self, module: Any) -> dict[str, Any]:
        """What decides what a layer computes; a rate only where something is random."""
        own = {name: getattr(module, name, None) for name in self.settings}
        return {
            self.settings[name]: self._as_keras_says(module, self.settings[name], value)
            for name, value in own.items()
            if value is not None and (value or self.settings[name] != "rate")
        }

    def _as_keras_says(self, module: Any, name: str, value: Any) -> Any:
        del module, name
        return value

    def _seen(self, read: Callable[[Any], Array | None], names: Iterable[str]) -> dict[str, Array]:
        """What `read` has for variables, in Keras' layout; left out where it has None."""
        found = {}
        for name in names:
            view = self._views[name]
            own = [array for each in view.sources if (array := read(each)) is not None]
            if len(own) == len(view.sources):
                found[name] = np.array(view.forward(own))
        return found

    def _own(self, arrays: Arrays) -> list[tuple[Any, Array]]:
        """The way back: variables, each with its array."""
        return [
            pair
            for name, array in arrays.items()
            for pair in zip(
                self._views[name].sources, self._views[name].backward(array), strict=True
            )
        ]

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

    def slots(self) -> Arrays:
        return {
            f"{name} {slot}": array
            for slot, read in self._slots().items()
            for name, array in self._seen(read, self._trainable).items()
        }

    def _views_of(self, module: Any, variables: dict[str, Any]) -> dict[str, View]:
        """Those variables that Keras names otherwise, or lays out otherwise."""
        del module, variables
        return {}


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

    rates: ClassVar[tuple[str, ...]]
    """Names of attributes that are the rate of something random."""
    _usual_step: Callable[[], Callable[[Any, Any, Any, Any], Any]]
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
        self._build, self._rule, self._predict = build, optimizer, predict or call_with
        self._loss_of = lambda *given: _first(loss_fn(*given))
        self._figures = {"loss": self._loss_of, **(metrics or {})}
        self._train_step = train_step or self._usual_step()
        self._fit = fit

    def _find_rates(self, modules: Iterable[Any]) -> None:
        """Keeps what is random, and lets nothing be so from now on."""
        self._kept_rates = [
            (module, name, getattr(module, name))
            for module in modules
            for name in self.rates
            if isinstance(getattr(module, name, None), float)
        ]
        self._set_randomness(False)

    def _set_randomness(self, is_on: bool) -> None:
        for module, name, rate in self._kept_rates:
            setattr(module, name, rate if is_on else 0.0)

    def _call(self, inputs: Any, training: bool) -> Any:
        return call_with(self._in_mode(training), self._given(inputs))

    def evaluate(self, inputs: Any, targets: Any) -> Mapping[str, float]:
        given = (self._in_mode(training=False), self._given(inputs), self._given(targets))
        return {name: float(self._array(of(*given))) for name, of in self._figures.items()}

    def step(self, inputs: Any, targets: Any) -> float:
        model = self._in_mode(training=True)
        given = (self._given(inputs), self._given(targets))
        return float(self._array(_first(self._train_step(model, self._optimizer, *given))))

    def fit(self, batches: Sequence[Any]) -> None:
        if self._fit is None:
            for batch in batches:
                self.step(*batch)
            return
        own = [tuple(map(self._given, batch)) for batch in batches]
        self._fit(self._in_mode(training=True), self._optimizer, own)

    def predict(self, inputs: Any) -> Array:
        return self._array(self._predict(self._in_mode(training=False), self._given(inputs)))

    def _in_mode(self, training: bool) -> Any:
        (self._model.train if training else self._model.eval)()
        return self._model


def _first(answer: Any) -> Any:
    """The loss, of a function that returns it alone or first."""
    return answer[0] if isinstance(answer, tuple) else answer


def call_with(model: Any, inputs: Any) -> Any:
    """The model's answer; a tuple of inputs is spread over its arguments."""
    return model(*inputs) if isinstance(inputs, tuple) else model(inputs)


@contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Lets an object, or a class, have another attribute for a while."""
    is_class = isinstance(owner, type)
    put, remove = (setattr, delattr) if is_class else (object.__setattr__, object.__delattr__)
    had, before = name in vars(owner), vars(owner).get(name)
    put(owner, name, value)
    try:
        yield
    finally:
        remove(owner, name)
        if had:
            put(owner, name, before)
