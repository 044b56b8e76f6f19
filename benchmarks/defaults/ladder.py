"""What an implementation's package `defaults` offers, in types; nothing here knows a framework."""

from typing import Protocol

from shared.experiment import Experiment
from shared.protocol import Implementation


class PortHabits(Protocol):
    """What a port leaves as it comes: a frozen dataclass whose fields are words."""

    @property
    def takes_weights(self) -> bool:
        """Whether the port starts from weights that it is given."""
        ...

    @property
    def takes_orders(self) -> bool:
        """Whether the port trains on batch orders that it is given."""
        ...


class DefaultsRung(Protocol):
    """A port on the ladder: its short name, and how it differs from the rung before."""

    @property
    def name(self) -> str:
        """A few words for a table or a figure."""
        ...

    @property
    def change(self) -> str:
        """What it does otherwise than the rung before, in a sentence."""
        ...

    @property
    def habits(self) -> PortHabits:
        """All that it does, this change included."""
        ...


class Ladder(Protocol):
    """The package itself: rungs from the naive port to the reference port, and who builds them."""

    LADDER: tuple[DefaultsRung, ...]

    def build_port(self, experiment: Experiment, habits: PortHabits) -> Implementation:
        """A port with these habits, ready to train."""
        ...
