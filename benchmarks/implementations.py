"""The implementations by their names in the registry; nothing here knows a framework."""

import importlib
import sys
from importlib.util import find_spec
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Literal

from benchmarks.registry import DEFAULTS_LADDERS, IMPLEMENTATIONS
from shared.draws import Draws
from shared.errors import InputError
from shared.experiment import Experiment
from shared.protocol import Builder, Implementation

BuilderName = Literal["build", "build_recording", "build_in_bulk"]
"""Who builds for a purpose: the documented training, one with every step's loss, a quick one."""
REFERENCE = "keras"
"""The implementation that the others are held against, first in every table."""
USUAL_BUILDER = "build"
"""The name that tells nobody which port it builds; its module's name does."""
ORACLE = "oracle"
"""The judge in plain NumPy: never trained for its own sake, so no choice of `--impl`."""


def implementation_names() -> tuple[str, ...]:
    """The names of the implementations that take part unasked, the reference first."""
    return tuple(name for name in IMPLEMENTATIONS if _package_of_peer(name) is None)


def check_names(names: tuple[str, ...], *, with_ports: bool = False) -> tuple[str, ...]:
    """The chosen implementations, each once, in the order of tables; those unasked if none is.

    With ports, `MODULE:BUILDER` names one that is not part of this project. Whether it can be
    imported shows in its own process: here, it would load a framework.

    Raises:
        InputError: there is no such implementation, or its framework is not installed.
    """
    ports = tuple(dict.fromkeys(name for name in names if with_ports and _is_port(name)))
    chosen = [name for name in names if name not in ports]
    for name in chosen:
        if name not in IMPLEMENTATIONS:
            known = ", ".join(IMPLEMENTATIONS)
            raise InputError(f"unknown implementation {name!r}: --impl takes {known}")
        package = _package_of_peer(name)
        if package is not None and find_spec(package) is None:
            raise InputError(
                f"the implementation {name!r} needs {package}, which is not installed: "
                "pip install 'fashion-twins[peers]'"
            )
    taken = chosen if names else implementation_names()
    return (*(name for name in IMPLEMENTATIONS if name in taken), *ports)


def title_of(name: str) -> str:
    """The implementation's name as people write it; imports no framework.

    A name that no folder here has, from a file of another checkout, stays as it is.
    """
    if _is_port(name):
        module, _, builder = name.partition(":")
        return module if builder == USUAL_BUILDER else builder
    package = "shared.oracle" if name == ORACLE else IMPLEMENTATIONS.get(name)
    return importlib.import_module(package).TITLE if package else name


def build_implementation(
    name: str, experiment: Experiment, builder: BuilderName = "build"
) -> Implementation:
    """Imports the implementation's framework and builds it, the usual way where it has no other.

    A port, `MODULE:BUILDER`, has one builder for all purposes.
    """
    if _is_port(name):
        return _builder_of_port(name)(experiment)
    package = IMPLEMENTATIONS.get(name)
    module_name = "shared.oracle" if name == ORACLE else f"{package}.implementation"
    module = importlib.import_module(module_name)
    return getattr(module, builder, module.build)(experiment)


def _is_port(name: str) -> bool:
    return ":" in name


def _builder_of_port(name: str) -> Builder:
    """The port's `build`; its module is looked for in the current folder too."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        return resolve_name(name)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(
            f"the port {name!r} cannot be imported ({error}): --impl MODULE:BUILDER takes a module "
            "and a function in it that builds an implementation"
        ) from error


def _package_of_peer(name: str) -> str | None:
    """What a peer needs to be installed; None where the implementation is no peer."""
    return getattr(importlib.import_module(IMPLEMENTATIONS[name]), "PEER_NEEDS", None)


def defaults_of(name: str) -> Any:
    """The implementation's package of defaults, see `DEFAULTS_LADDERS`; imports no framework.

    Raises:
        InputError: there is no such implementation, or it has no such package.
    """
    if name not in DEFAULTS_LADDERS:
        raise InputError(
            f"{name!r} has no ladder of defaults: --impl takes {', '.join(DEFAULTS_LADDERS)} here"
        )
    return importlib.import_module(DEFAULTS_LADDERS[name])


def replay_published_draws(experiment: Experiment) -> Draws:
    """Draws as the published run did, which was a run of the reference; imports its framework."""
    return resolve_name(f"{IMPLEMENTATIONS[REFERENCE]}.published_draws:draw_published")(experiment)
