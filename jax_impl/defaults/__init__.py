"""The ladder of defaults: from a port that leaves every default in place to the reference port.

Importing this package imports no framework; `build_port` does.
"""

from jax_impl.defaults.habits import LADDER, Habits, Rung
from shared.experiment import Experiment
from shared.protocol import Implementation

__all__ = ["LADDER", "Habits", "Rung", "build_port"]


def build_port(experiment: Experiment, habits: Habits) -> Implementation:
    """A port with these habits, ready to train."""
    from jax_impl.defaults.port import Port

    return Port(experiment, habits)
