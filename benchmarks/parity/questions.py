"""Asks an implementation: every answer is checked, and what is wrong with one is one sentence."""

import traceback
import zlib
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from benchmarks.display.words import plural
from shared.errors import InputError, RunFailedError
from shared.network import NUM_CLASSES
from shared.parameters import Parameters
from shared.protocol import (
    EpochMetrics,
    Evaluation,
    Examples,
    FitReport,
    Implementation,
    LossAndGradients,
    OnEpoch,
    Orders,
    Predictions,
)

NUMERIC_KINDS = "fiub"
LONGEST_REASON = 300
"""Characters of a framework's error; TensorFlow writes pages."""


class AnswerError(Exception):
    """There is nothing to compare; one sentence says whose verb did what instead."""


def build_questioned(build: Callable[[], Implementation], title: str) -> "Questioned":
    """The implementation, ready to be asked; AnswerError where it cannot be built."""
    try:
        return Questioned(build(), title)
    except (InputError, RunFailedError):  # which say all themselves
        raise
    except Exception as error:
        traceback.print_exc()
        raise AnswerError(f"{title}: its builder raised {_in_short(error)}") from error


class Questioned:
    """An implementation as the ladder asks it, called `title` in sentences.

    Every verb raises AnswerError where the implementation lacks it, raises anything, answers
    in another form than `shared/protocol.py` has, changes an array that it was given or has
    handed out or, being asked a question, moves its weights.
    """

    def __init__(self, implementation: Implementation, title: str) -> None:
        self.implementation, self.title = implementation, title
        self._handed_out = self._copies = Parameters(())

    @property
    def device(self) -> str:
        """What the arithmetic runs on, where the implementation says it."""
        return str(getattr(self.implementation, "device", "unknown"))

    def set_parameters(self, parameters: Parameters) -> None:
        """As in the protocol."""
        self._ask("set_parameters", Any, parameters)

    def get_parameters(self) -> Parameters:
        """A copy; looks first whether what was handed out before is still the same."""
        if _fingerprint(self._handed_out) != _fingerprint(self._copies):
            raise self._refusal("get_parameters", "handed out arrays that changed later, no copies")
        self._handed_out = self._ask("get_parameters", Parameters)
        self._copies = self._handed_out.map(np.array)
        return self._copies

    def predict(self, images: NDArray[np.floating]) -> Predictions:
        """As in the protocol."""
        predictions = self._question("predict", Predictions, images)
        for array in (predictions.logits, predictions.probabilities):
            if array.shape != (len(images), NUM_CLASSES):
                expected = f"expected {(len(images), NUM_CLASSES)}"
                raise self._refusal("predict", f"returned shape {array.shape}, {expected}")
        return predictions

    def evaluate(self, examples: Examples) -> Evaluation:
        """As in the protocol."""
        return self._question("evaluate", Evaluation, examples)

    def loss_and_gradients(self, examples: Examples) -> LossAndGradients:
        """As in the protocol."""
        return self._question("loss_and_gradients", LossAndGradients, examples)

    def fit(
        self,
        training: Examples,
        *,
        validation: Examples,
        orders: Orders | None,
        num_epochs: int,
        on_epoch: OnEpoch = lambda _: None,
    ) -> tuple[FitReport, tuple[EpochMetrics, ...]]:
        """What it returned, and what it told of each of so many epochs."""
        told: list[EpochMetrics] = []

        def hear(metrics: Any) -> None:
            told.append(self._checked("fit", metrics, EpochMetrics, "what it told on_epoch"))
            on_epoch(told[-1])

        options = {"validation": validation, "orders": orders, "on_epoch": hear}
        report = self._ask("fit", FitReport, training, **options)
        for what, history in (("told on_epoch", told), ("returned a history", report.history)):
            if len(history) != num_epochs:
                numbers = f"{plural(len(history), 'epoch')}, expected {num_epochs}"
                raise self._refusal("fit", f"{what} of {numbers}")
        return report, tuple(told)

    def _question(self, verb: str, expected: Any, *arguments: Any) -> Any:
        before = self.get_parameters()
        answer = self._ask(verb, expected, *arguments)
        if _fingerprint(self.get_parameters()) != _fingerprint(before):
            raise self._refusal(verb, "moved the weights, and may only look")
        return answer

    def _ask(self, verb: str, expected: Any, *arguments: Any, **options: Any) -> Any:
        function = getattr(self.implementation, verb, None)
        if not callable(function):
            raise self._refusal(verb, "is missing")
        before = _fingerprint((arguments, options))
        try:
            answer = function(*arguments, **options)
        except AnswerError:
            raise
        except Exception as error:  # whatever a framework raises
            traceback.print_exc()  # into the log
            raise self._refusal(verb, f"raised {_in_short(error)}") from error
        if _fingerprint((arguments, options)) != before:
            raise self._refusal(verb, "changed an array that it was given")
        return self._checked(verb, answer, expected, "its answer")

    def _checked(self, verb: str, value: Any, expected: Any, place: str) -> Any:
        """A value as its annotation in the protocol says: of this class, its numbers NumPy's."""
        if expected is Any:
            return value
        if is_dataclass(expected) and isinstance(expected, type):
            if not isinstance(value, expected):
                raise self._unexpected(verb, value, place, expected.__name__)
            parts = {
                name: self._checked(verb, getattr(value, name), hint, name)
                for name, hint in get_type_hints(expected).items()
            }
            return replace(value, **parts)
        if get_origin(expected) is tuple:
            if not isinstance(value, (tuple, list)):
                raise self._unexpected(verb, value, place, "a tuple")
            return tuple(self._checked(verb, each, get_args(expected)[0], place) for each in value)
        if expected is str:
            return str(value)
        return self._numbers(verb, value, expected, place)

    def _numbers(self, verb: str, value: Any, expected: Any, place: str) -> Any:
        try:
            array = np.asarray(value)
        except Exception:  # a framework's array that must be brought from its device first
            array = np.array(None)
        if array.dtype.kind not in NUMERIC_KINDS:
            raise self._unexpected(verb, value, place, "numbers of NumPy")
        if expected not in (float, int):
            return array
        if array.ndim:
            raise self._unexpected(verb, value, place, f"one number, and has shape {array.shape}")
        return expected(array)

    def _unexpected(self, verb: str, value: Any, place: str, expected: str) -> AnswerError:
        return self._refusal(verb, f"{place} is {type(value).__name__}, expected {expected}")

    def _refusal(self, verb: str, what: str) -> AnswerError:
        return AnswerError(f"{self.title}: `{verb}` {what}; see shared/protocol.py")


def _in_short(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:LONGEST_REASON]}"


def _fingerprint(value: Any) -> list[int]:
    return [zlib.crc32(np.ascontiguousarray(array).data) for array in _arrays_in(value)]


def _arrays_in(value: Any) -> Iterator[NDArray[Any]]:
    """Every array in dataclasses, tuples and the values of dictionaries."""
    match value:
        case np.ndarray():
            yield value
        case dict():
            yield from _arrays_in(tuple(value.values()))
        case tuple():
            for each in value:
                yield from _arrays_in(each)
        case _ if is_dataclass(value):
            yield from _arrays_in(tuple(getattr(value, field.name) for field in fields(value)))
