"""Parity: proves, rung by rung, that two programs train the same network.

Depends on NumPy alone until a twin is made: each twin's framework is imported with it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from parity.ladder import assert_same_training, climb
from parity.report import Report
from parity.twin import Layer, ParityError, TensorForm, Twin

if TYPE_CHECKING:
    from parity.twins.flax_twin import FlaxTwin
    from parity.twins.keras_twin import KerasTwin
    from parity.twins.numpy_twin import NumpyTwin
    from parity.twins.torch_twin import TorchTwin

__all__ = [
    "FlaxTwin",
    "KerasTwin",
    "Layer",
    "NumpyTwin",
    "ParityError",
    "Report",
    "TensorForm",
    "TorchTwin",
    "Twin",
    "assert_same_training",
    "climb",
]

TWINS = {
    "FlaxTwin": "parity.twins.flax_twin",
    "KerasTwin": "parity.twins.keras_twin",
    "NumpyTwin": "parity.twins.numpy_twin",
    "TorchTwin": "parity.twins.torch_twin",
}


def __getattr__(name: str) -> Any:
    """A twin's class, with its framework."""
    if name not in TWINS:
        raise AttributeError(f"parity has no {name!r}")
    return getattr(import_module(TWINS[name]), name)
