"""The rungs of the parity ladder: what is compared on each, and what rounding does there.

How far is allowed is no number of these: it is measured at every climb, see
`parity.compare.measure_tolerances`.
"""

from collections.abc import Collection
from dataclasses import dataclass

from parity.compare import RungComparison
from shared.errors import InputError

FEWEST_EPOCHS_OF_A_RUN = 3
"""The first epoch, and two in one call: a mistake between epochs needs as many to show."""


@dataclass(frozen=True)
class ParityRung:
    """One comparison.

    reason: what rounding does here, for the reader of the table.
    is_of_run: whether it needs the epochs after the first.
    """

    name: str
    reason: str
    is_of_run: bool = False


CHAOS = "rounding grows from step to step; in float32 up to the noise floor, see `twins drift`"

PARAMETERS = ParityRung("parameters", "none: what goes in comes out, and copying changes no bit")
LOGITS = ParityRung("logits", "sums of 784, 300 and 100 products near 1, added in another order")
PROBABILITIES = ParityRung("probabilities", "softmax of those logits, at most 1")
LOSS = ParityRung("loss", "means over 1,000 and 10,000 rows; and shares, which do not round")
EXTREME_LOSS = ParityRung(
    "loss of extreme logits",
    "logits of hundreds, where a probability rounds to 0: only logits tell the loss",
)
GRADIENTS = ParityRung("gradients", "means over the rows of a batch, at most about 0.2")
ONE_STEP = ParityRung("one SGD step", "of updates: gradients times 0.01, and the weights' last bit")
LAST_BATCH = ParityRung(
    "last, smaller batch",
    "two steps, the second of fewer rows: averaged over those rows, not dropped",
)
EPOCH_STEP_LOSSES = ParityRung(
    "epoch: loss of every step", "rounding grows from step to step; float32 parts visibly"
)
EPOCH_METRICS = ParityRung(
    "epoch: metrics", "means over 55,000 and 5,000 rows, as told and as returned"
)
EPOCH_WEIGHTS = ParityRung("epoch: weights", "the sum of all steps")
RUN_STEP_LOSSES = ParityRung("run: loss of every step", CHAOS, is_of_run=True)
RUN_METRICS = ParityRung("run: metrics of every epoch", CHAOS, is_of_run=True)
RUN_WEIGHTS = ParityRung("run: weights", CHAOS, is_of_run=True)
RUN_PREDICTIONS = ParityRung(
    "run: test predictions that differ",
    "none in float64; in float32 rows on the edge between two classes fall either way",
    is_of_run=True,
)
ASKED_AGAIN = ParityRung(
    "the same questions again",
    "that of the trained weights; what is kept of earlier weights shows",
)
GIVEN_ORDERS = ParityRung(
    "every builder: given orders", "three epochs of two steps in one call; weights and metrics"
)
OWN_ORDERS = ParityRung(
    "every builder: own orders",
    "the mean of a batch does not depend on the order of its rows, but its rounding does",
)

RUNGS = (
    *(PARAMETERS, LOGITS, PROBABILITIES, LOSS, EXTREME_LOSS, GRADIENTS, ONE_STEP, LAST_BATCH),
    *(EPOCH_STEP_LOSSES, EPOCH_METRICS, EPOCH_WEIGHTS),
    *(RUN_STEP_LOSSES, RUN_METRICS, RUN_WEIGHTS, RUN_PREDICTIONS),
    *(ASKED_AGAIN, GIVEN_ORDERS, OWN_ORDERS),
)
"""From the ground up."""


def rungs_within(num_epochs: int, until: str | None = None) -> tuple[ParityRung, ...]:
    """The rungs that so many epochs reach: all, or those up to the one of this name.

    Raises:
        InputError: there is no such rung, or it is not within so many epochs.
    """
    has_run = num_epochs >= FEWEST_EPOCHS_OF_A_RUN
    within = [rung for rung in RUNGS if has_run or not rung.is_of_run]
    names = [rung.name for rung in within]
    if until is None or until in names:
        return tuple(within[: names.index(until) + 1] if until else within)
    if until in {rung.name for rung in RUNGS}:
        raise InputError(
            f"rung {until!r} needs {FEWEST_EPOCHS_OF_A_RUN} epochs or more: "
            "give a larger --num-epochs, or a lower rung"
        )
    known = "; ".join(rung.name for rung in RUNGS)
    raise InputError(f"unknown rung {until!r}: --until takes one of these: {known}")


def passed_all(
    results: Collection[RungComparison], num_epochs: int, until: str | None = None
) -> bool:
    """Whether every rung that was to be climbed was reached, and none failed."""
    reached = {result.name for result in results}
    within = {rung.name for rung in rungs_within(num_epochs, until)}
    return reached == within and all(result.passed for result in results)
