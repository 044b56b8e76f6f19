"""What a lesson is: a question, two pieces of code, evidence from running them, an exercise.

A lesson is one module `lessons/lesson_NN_topic.py`, read from top to bottom: its docstring's
first line is its title, then come short functions, then `LESSON`. Frameworks are
imported inside the functions, so that listing lessons stays fast and the shown code
says what it needs. What is shown is taken from the functions themselves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

import numpy as np

LONGEST_MESSAGE = 200
"""Characters of an error's message that are shown; TensorFlow writes whole pages."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One thing that the run showed, beside what the lesson says.

    text: what was looked at, "standard deviation of Keras' kernel" for instance.
    taught: what the lesson says about it.
    found: what this run gave.
    holds: whether the two agree; where they do not, a framework has changed.
    """

    text: str
    taught: str
    found: str
    holds: bool


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """A task for the reader, and its answer, which is run like everything else.

    task: what to find out.
    solution: the function that does it, shown when asked for; its evidence is checked.
    answer: in words.
    """

    task: str
    solution: Callable[[], tuple[Evidence, ...]]
    answer: str


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One difference, shown and proven.

    question: what to predict before reading on.
    keras, jax: the functions whose code stands side by side: the lesson's own, or
        those of `keras_impl` and `jax_impl`, named as "jax_impl.train:train_epoch".
    run: runs both and returns the evidence.
    figure: a Matplotlib figure of what `run` looks at, where one helps.
    explanation: in plain words; paragraphs parted by empty lines, Markdown allowed.
    """

    question: str
    keras: tuple[Callable[..., Any] | str, ...]
    jax: tuple[Callable[..., Any] | str, ...]
    run: Callable[[], tuple[Evidence, ...]]
    explanation: str
    exercise: Exercise
    figure: Callable[[], Any] | None = None


def is_near(text: str, taught: float, found: float, *, within: float) -> Evidence:
    """Evidence that a number is what the lesson says, up to `within` (absolute)."""
    decimals = max(0, -int(np.floor(np.log10(within))))
    holds = bool(abs(found - taught) <= within)
    return Evidence(
        text=text, taught=f"{taught:.{decimals}f}", found=f"{found:.{decimals + 1}f}", holds=holds
    )


def is_equal(text: str, taught: object, found: object) -> Evidence:
    """Evidence that a value is exactly what the lesson says."""
    return Evidence(text=text, taught=str(taught), found=str(found), holds=bool(taught == found))


def fails(text: str, error_type: str, fragment: str, function: Callable[[], object]) -> Evidence:
    """Evidence that a call ends in an error of this name whose message holds a fragment."""
    taught = f"{error_type}: … {fragment} …"
    try:
        value = function()
    except Exception as error:
        found = f"{type(error).__name__}: {_telling_line(str(error), fragment)}"
        holds = type(error).__name__ == error_type and fragment in str(error)
        return Evidence(text=text, taught=taught, found=found, holds=holds)
    return Evidence(text=text, taught=taught, found=f"no error, but {value}", holds=False)


def _telling_line(message: str, fragment: str) -> str:
    """The line of an error's message that holds the fragment, or else its first, cut short."""
    lines = message.splitlines() or [""]
    line = next((line for line in lines if fragment in line), lines[0])
    return shorten(line, LONGEST_MESSAGE, placeholder=" …")
