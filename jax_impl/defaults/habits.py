"""Habits: what a port leaves as it comes, and the ladder that gives up one habit at a time.

Nothing in the network, the loss or the optimizer differs between the rungs: a
port whose formulas are all right still differs in what is listed here.
"""

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How a port does what the experiment's description leaves open.

    evaluation: the rows that loss and accuracy are taken on. Loops over whole
        batches of 32 leave out 16 of 10,000 test rows and 8 of 5,000 to validate.
    last_batch: whether the last 24 of 55,000 rows are trained on, as a batch of 24.
    metrics: 'of batch means' counts a batch of 24 as much as one of 32, as
        `nnx.metrics.Average` does when it is fed the loss of each batch.
    initialiser: of the kernels; 'given' takes over the reference's own numbers.
    orders: 'own' shuffles with a JAX key; 'given' takes the reference's orders.
    """

    evaluation: Literal["whole batches", "all rows"]
    last_batch: Literal["dropped", "kept"]
    metrics: Literal["mean of batch means", "mean over rows"]
    initialiser: Literal["LeCun-normal", "Glorot-uniform", "given"]
    orders: Literal["own", "given"]

    @property
    def takes_weights(self) -> bool:
        """Whether the port starts from weights that it is given."""
        return self.initialiser == "given"

    @property
    def takes_orders(self) -> bool:
        """Whether the port trains on batch orders that it is given."""
        return self.orders == "given"


@dataclass(frozen=True, kw_only=True)
class Rung:
    """A port on the ladder.

    name: a few words for a table or a figure.
    change: what it does otherwise than the rung before, in a sentence.
    """

    name: str
    change: str
    habits: Habits


NAIVE = Habits(
    evaluation="whole batches",
    last_batch="dropped",
    metrics="mean of batch means",
    initialiser="LeCun-normal",
    orders="own",
)
_EVALUATED = replace(NAIVE, evaluation="all rows")
_COMPLETE = replace(_EVALUATED, last_batch="kept")
_WEIGHTED = replace(_COMPLETE, metrics="mean over rows")
_GLOROT = replace(_WEIGHTED, initialiser="Glorot-uniform")
_SAME_WEIGHTS = replace(_GLOROT, initialiser="given")
_SAME_ORDERS = replace(_SAME_WEIGHTS, orders="given")

# What only changes the report comes first, then what changes the training. The
# last batch precedes the weighting, which changes nothing while batches are
# equal; weights precede orders, because weights are what people copy first.
LADDER = (
    Rung(
        name="naive",
        change="every default of Flax and habit of tutorials in place",
        habits=NAIVE,
    ),
    Rung(
        name="all rows evaluated",
        change="the last, smaller batch counts in validation and test, as much as any other",
        habits=_EVALUATED,
    ),
    Rung(
        name="last batch kept",
        change="each epoch ends with a step on the 24 rows left, averaged over 24",
        habits=_COMPLETE,
    ),
    Rung(
        name="weighted metrics",
        change="loss and accuracy are means over rows, not over batches",
        habits=_WEIGHTED,
    ),
    Rung(
        name="Glorot kernels",
        change="kernels are drawn Glorot-uniform as in Keras, with JAX's own numbers",
        habits=_GLOROT,
    ),
    Rung(
        name="given weights",
        change="training starts from the very weights that the reference starts from",
        habits=_SAME_WEIGHTS,
    ),
    Rung(
        name="given orders",
        change="each epoch takes the rows in the reference's order: this is the reference port",
        habits=_SAME_ORDERS,
    ),
)
"""Each rung changes one habit of the rung before it."""
