"""The rungs of the parity ladder: what is compared, how closely, and why so closely.

A difference is the largest absolute difference over all numbers of a rung. Each
tolerance lies between two things that were measured: above what correct
implementations differ by (`twins parity` on the documented experiment, all
pairs), and below what the wrong ports in `tests/wrong_ports.py` do.
"""

from dataclasses import dataclass

from shared.experiment import DType


@dataclass(frozen=True)
class ParityRung:
    """One comparison.

    float64, float32: the largest difference that passes in each type of numbers.
    reason: why so, for the reader of the table.
    """

    name: str
    float64: float
    float32: float
    reason: str

    def tolerance(self, dtype: DType) -> float:
        """The largest difference that passes."""
        return getattr(self, dtype)


NOISE_FLOOR = "the target in float64; in float32 the noise floor, see `twins drift`"

PARAMETERS = ParityRung(
    "parameters", 0.0, 0.0, "names, shapes and values go in and out; copying changes no bit"
)
LOGITS = ParityRung(
    "logits", 1e-14, 1e-5, "sums of 784, 300 and 100 products near 1, added in another order"
)
PROBABILITIES = ParityRung("probabilities", 1e-15, 1e-6, "softmax of those logits, at most 1")
LOSS = ParityRung("loss", 1e-14, 5e-6, "a mean of cross-entropies near 2.3")
EXTREME_LOSS = ParityRung(
    "loss of extreme logits",
    1e-11,
    5e-3,
    "logits of hundreds, where a probability rounds to 0: only logits tell the loss",
)
GRADIENTS = ParityRung("gradients", 1e-15, 1e-6, "means of 32 products, at most about 0.2")
ONE_STEP = ParityRung(
    "one SGD step", 1e-16, 3e-8, "gradients times 0.01, and one rounding of weights below 0.25"
)
LAST_BATCH = ParityRung(
    "last, smaller batch",
    1e-16,
    3e-8,
    "two steps, the second of fewer rows: averaged over those rows, not dropped",
)
EPOCH_STEP_LOSSES = ParityRung(
    "epoch: loss of every step",
    1e-13,
    0.1,
    "rounding grows from step to step; float32 parts visibly within an epoch",
)
EPOCH_METRICS = ParityRung("epoch: metrics", 1e-13, 0.01, "means over 55,000 and 5,000 rows")
EPOCH_WEIGHTS = ParityRung("epoch: weights", 1e-13, 0.02, "the sum of all steps")
RUN_STEP_LOSSES = ParityRung(
    "run: loss of every step",
    1e-12,
    1.0,
    "the target in float64; in float32 no step is comparable any more",
)
RUN_METRICS = ParityRung(
    "run: metrics of every epoch",
    1e-12,
    0.03,
    "the target in float64; in float32 the noise of one validation, see `twins drift`",
)
RUN_WEIGHTS = ParityRung("run: weights", 1e-12, 0.5, NOISE_FLOOR)
RUN_PREDICTIONS = ParityRung("run: test predictions that differ", 0.0, 300.0, NOISE_FLOOR)

RUNGS = (
    *(PARAMETERS, LOGITS, PROBABILITIES, LOSS, EXTREME_LOSS, GRADIENTS, ONE_STEP, LAST_BATCH),
    *(EPOCH_STEP_LOSSES, EPOCH_METRICS, EPOCH_WEIGHTS),
    *(RUN_STEP_LOSSES, RUN_METRICS, RUN_WEIGHTS, RUN_PREDICTIONS),
)
"""From the ground up."""
