"""`twins drift`: its options."""

from dataclasses import dataclass
from functools import partial

from benchmarks.options import Context, Implementations, SweepOptions
from shared.errors import InputError
from shared.experiment import Experiment


@dataclass(frozen=True, kw_only=True)
class DriftCommand(SweepOptions):
    """Explain the float32 drift: divergence curves, a noise floor, bands of the figures."""

    impl: Implementations = ()
    runs: int = 16
    """Full runs from other last bits, for the band of each documented figure; 0 for none."""
    band_impl: str = "jax"
    """Implementation that does these runs."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.runs < 0 or self.runs == 1:
            raise InputError(
                f"{self.runs} runs make no band: --runs takes 2 or more, or 0 for no bands"
            )
        if self.experiment.randomness == "native":
            raise InputError(
                "trainings that start apart say nothing about rounding: "
                "--randomness takes published or shared here"
            )
        if self.experiment.dtype != Experiment().dtype:
            raise InputError("both types of numbers are measured anyway: leave --dtype out")

    def execute(self, context: Context) -> int:
        """Measures curves and bands."""
        from benchmarks.drift.measure import measure_drift, wanted_trainings
        from benchmarks.implementations import check_names, implementation_names
        from benchmarks.sweeps.sweep import conduct_sweep

        names, known = check_names(self.impl), implementation_names()
        if self.band_impl not in known:
            raise InputError(
                f"unknown implementation {self.band_impl!r}: --band-impl takes {', '.join(known)}"
            )
        wanted = wanted_trainings(self.experiment, names, self.band_impl, self.runs)
        study = {"study": "drift", "experiment": self.experiment}
        return conduct_sweep(context, self, wanted, partial(measure_drift, names), **study)
