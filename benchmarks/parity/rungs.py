"""The rungs of the parity ladder: what is compared, how closely, and why so closely.

A difference is the largest absolute difference over all numbers of a rung. Each
tolerance lies between two things that were measured: above what correct
implementations differ by (`twins parity` on the documented experiment, all
pairs), and below what the wrong ports in `tests/wrong_ports.py` do.
"""

from dataclasses import dataclass

from shared.experiment import DType


@dataclass(frozen=True, kw_only=True)
class ParityRung:
    """One comparison.

    reason: why the tolerance is what it is, for the reader of the table.
    """

    name: str
    float64: float
    float32: float
    reason: str

    def tolerance(self, dtype: DType) -> float:
        """The largest difference that passes."""
        return {"float64": self.float64, "float32": self.float32}[dtype]


PARAMETERS = ParityRung(
    name="parameters",
    float64=0.0,
    float32=0.0,
    reason="names, shapes and values go in and out; copying changes no bit",
)
LOGITS = ParityRung(
    name="logits",
    float64=1e-14,
    float32=1e-5,
    reason="sums of 784, 300 and 100 products near 1, added in another order",
)
PROBABILITIES = ParityRung(
    name="probabilities",
    float64=1e-15,
    float32=1e-6,
    reason="softmax of those logits, at most 1",
)
LOSS = ParityRung(
    name="loss",
    float64=1e-14,
    float32=5e-6,
    reason="a mean of cross-entropies near 2.3",
)
EXTREME_LOSS = ParityRung(
    name="loss of extreme logits",
    float64=1e-11,
    float32=5e-3,
    reason="logits of hundreds, where a probability rounds to 0: only logits tell the loss",
)
GRADIENTS = ParityRung(
    name="gradients",
    float64=1e-15,
    float32=1e-6,
    reason="means of 32 products, at most about 0.2",
)
ONE_STEP = ParityRung(
    name="one SGD step",
    float64=1e-16,
    float32=3e-8,
    reason="gradients times 0.01, and one rounding of weights below 0.25",
)
LAST_BATCH = ParityRung(
    name="last, smaller batch",
    float64=1e-16,
    float32=3e-8,
    reason="two steps, the second of fewer rows: averaged over those rows, not dropped",
)
EPOCH_STEP_LOSSES = ParityRung(
    name="epoch: loss of every step",
    float64=1e-13,
    float32=0.1,
    reason="rounding grows from step to step; float32 parts visibly within an epoch",
)
EPOCH_METRICS = ParityRung(
    name="epoch: metrics",
    float64=1e-13,
    float32=0.01,
    reason="means over 55,000 and 5,000 rows",
)
EPOCH_WEIGHTS = ParityRung(
    name="epoch: weights",
    float64=1e-13,
    float32=0.02,
    reason="the sum of all steps",
)
RUN_STEP_LOSSES = ParityRung(
    name="run: loss of every step",
    float64=1e-12,
    float32=1.0,
    reason="the target in float64; in float32 no step is comparable any more",
)
RUN_METRICS = ParityRung(
    name="run: metrics of every epoch",
    float64=1e-12,
    float32=0.03,
    reason="the target in float64; in float32 the noise of one validation, see `twins drift`",
)
RUN_WEIGHTS = ParityRung(
    name="run: weights",
    float64=1e-12,
    float32=0.5,
    reason="the target in float64; in float32 the noise floor, see `twins drift`",
)
RUN_PREDICTIONS = ParityRung(
    name="run: test predictions that differ",
    float64=0.0,
    float32=300.0,
    reason="the target in float64; in float32 the noise floor, see `twins drift`",
)

RUNGS = (
    PARAMETERS,
    LOGITS,
    PROBABILITIES,
    LOSS,
    EXTREME_LOSS,
    GRADIENTS,
    ONE_STEP,
    LAST_BATCH,
    EPOCH_STEP_LOSSES,
    EPOCH_METRICS,
    EPOCH_WEIGHTS,
    RUN_STEP_LOSSES,
    RUN_METRICS,
    RUN_WEIGHTS,
    RUN_PREDICTIONS,
)
"""From the ground up."""
