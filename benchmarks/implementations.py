"""Which implementations there are: every folder `NAME_impl` beside this one.

Nothing here knows a framework. A new implementation is found by being there.
"""

import importlib
from pathlib import Path

from shared.draws import Draws
from shared.errors import InputError
from shared.experiment import Experiment
from shared.protocol import Implementation

REFERENCE = "keras"
"""The implementation that the others are held against, first in every table."""
ORACLE = "oracle"
"""The judge in plain NumPy: never trained for its own sake, so no choice of `--impl`."""


def implementation_names() -> tuple[str, ...]:
    """The names of all implementations, the reference first."""
    home = Path(__file__).parent.parent
    names = {path.parent.name for path in home.glob("*_impl/implementation.py")}
    found = sorted(name.removesuffix("_impl") for name in names)
    return tuple(sorted(found, key=lambda name: name != REFERENCE))


def check_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """The chosen implementations, each once, in the order of tables; all where none is chosen.

    Raises:
        InputError: there is no such implementation.
    """
    known = implementation_names()
    for name in names:
        if name not in known:
            raise InputError(f"unknown implementation {name!r}: --impl takes {', '.join(known)}")
    return tuple(name for name in known if not names or name in names)


def title_of(name: str) -> str:
    """The implementation's name as people write it; imports no framework."""
    return importlib.import_module("shared.oracle" if name == ORACLE else f"{name}_impl").TITLE


def build_implementation(name: str, experiment: Experiment) -> Implementation:
    """Imports the implementation's framework and builds it."""
    module = "shared.oracle" if name == ORACLE else f"{name}_impl.implementation"
    return importlib.import_module(module).build(experiment)


def replay_published_draws(experiment: Experiment) -> Draws:
    """Draws as the published run did, which was a run of the reference; imports its framework."""
    return importlib.import_module(f"{REFERENCE}_impl.published_draws").draw_published(experiment)
