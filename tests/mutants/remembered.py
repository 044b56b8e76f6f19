"""A reference that hundreds of climbs ask the same is asked once."""

import pickle
from functools import partial
from hashlib import sha256
from typing import Any

from parity.twin import Twin


class Remembered:
    """A twin whose answers are kept, and given again to the same questions in the same order.

    Where a question is new, the twin is asked all that came before it first.
    """

    def __init__(self, twin: Twin) -> None:
        self.title, self.precision = twin.title, twin.precision
        self._twin = twin
        self._answers: dict[bytes, bytes] = {}
        self._asked: list[tuple[bytes, str, bytes]] = []
        self._reached: list[bytes] = []

    def __getattr__(self, verb: str) -> Any:
        if not callable(getattr(self._twin, verb)):
            raise AttributeError(verb)
        return partial(self._ask, verb)

    def _ask(self, verb: str, *arguments: Any, **options: Any) -> Any:
        if verb == "build":
            self._asked = []
        given = pickle.dumps((arguments, options))
        before = self._asked[-1][0] if self._asked else b""
        key = sha256(before + verb.encode() + given).digest()
        self._asked.append((key, verb, given))
        if key not in self._answers:
            self._answers[key] = self._catch_up()
        return pickle.loads(self._answers[key])

    def _catch_up(self) -> bytes:
        keys = [key for key, _, _ in self._asked]
        if self._reached != keys[: len(self._reached)]:
            self._reached = []
        answer: Any = None
        for key, verb, given in self._asked[len(self._reached) :]:
            arguments, options = pickle.loads(given)
            answer = getattr(self._twin, verb)(*arguments, **options)
            self._reached.append(key)
        return pickle.dumps(answer)
