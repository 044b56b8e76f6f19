"""The ladder of defaults: from a port that leaves every default in place to the reference port.

Nothing in the network, the loss or the optimizer differs between the rungs: a
port whose formulas are all right still differs in what is listed here.
Importing this package imports no framework; `build_port` does.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

from shared.experiment import Experiment
from shared.protocol import Implementation


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How a port does what the experiment's description leaves open; by default, as it comes.

    evaluation: the rows that loss and accuracy are taken on. Loops over whole
        batches of 32 leave out 16 of 10,000 test rows and 8 of 5,000 to validate.
    last_batch: whether the last 24 of 55,000 rows are trained on, as a batch of 24.
    metrics: 'of batch means' counts a batch of 24 as much as one of 32, as
        `nnx.metrics.Average` does when it is fed the loss of each batch.
    initialiser: of the kernels; 'given' takes over the reference's own numbers.
    orders: 'own' shuffles with a JAX key; 'given' takes the reference's orders.
    """

    evaluation: Literal["whole batches", "all rows"] = "whole batches"
    last_batch: Literal["dropped", "kept"] = "dropped"
    metrics: Literal["mean of batch means", "mean over rows"] = "mean of batch means"
    initialiser: Literal["LeCun-normal", "Glorot-uniform", "given"] = "LeCun-normal"
    orders: Literal["own", "given"] = "own"

    @property
    def takes_weights(self) -> bool:
        """Whether the port starts from weights that it is given."""
        return self.initialiser == "given"

    @property
    def takes_orders(self) -> bool:
        """Whether the port trains on batch orders that it is given."""
        return self.orders == "given"


@dataclass(frozen=True)
class Rung:
    """A port on the ladder; `change` says what it does otherwise than the rung before."""

    name: str
    change: str
    habits: Habits

    def then(self, name: str, change: str, **habit: Any) -> "Rung":
        """The rung after this one, which changes one habit."""
        return Rung(name, change, replace(self.habits, **habit))


# What only changes the report comes first, then what changes the training. The
# last batch precedes the weighting, which changes nothing while batches are
# equal; weights precede orders, because weights are what people copy first.
_NAIVE = Rung("naive", "every default of Flax and habit of tutorials in place", Habits())
_EVALUATED = _NAIVE.then(
    "all rows evaluated",
    "the last, smaller batch counts in validation and test, as much as any other",
    evaluation="all rows",
)
_COMPLETE = _EVALUATED.then(
    "last batch kept",
    "each epoch ends with a step on the 24 rows left, averaged over 24",
    last_batch="kept",
)
_WEIGHTED = _COMPLETE.then(
    "weighted metrics",
    "loss and accuracy are means over rows, not over batches",
    metrics="mean over rows",
)
_GLOROT = _WEIGHTED.then(
    "Glorot kernels",
    "kernels are drawn Glorot-uniform as in Keras, with JAX's own numbers",
    initialiser="Glorot-uniform",
)
_SAME_WEIGHTS = _GLOROT.then(
    "given weights",
    "training starts from the very weights that the reference starts from",
    initialiser="given",
)
_SAME_ORDERS = _SAME_WEIGHTS.then(
    "given orders",
    "each epoch takes the rows in the reference's order: this is the reference port",
    orders="given",
)
LADDER = (_NAIVE, _EVALUATED, _COMPLETE, _WEIGHTED, _GLOROT, _SAME_WEIGHTS, _SAME_ORDERS)
"""Each rung changes one habit of the rung before it."""


def build_port(experiment: Experiment, habits: Habits) -> Implementation:
    """A port with these habits, ready to train."""
    from jax_impl.defaults.port import Port

    return Port(experiment, habits)
