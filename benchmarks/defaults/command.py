"""`twins defaults`: its options."""

from dataclasses import dataclass

from benchmarks.options import Context, SweepOptions, allow_float64
from shared.errors import InputError
from shared.experiment import MAXIMUM_SEED


@dataclass(frozen=True, kw_only=True)
class DefaultsCommand(SweepOptions):
    """Climb from a port with every default in place to the reference port; price each rung."""

    impl: str = "jax"
    """Implementation whose defaults are looked at."""
    count: int = 5
    """Number of seeds that each rung's accuracy is measured on, from 0 on; --seed is that
    of the parity measurements."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.count <= MAXIMUM_SEED:
            raise InputError(
                f"{self.count} seeds measure nothing: --count takes a whole number from 1"
            )
        if self.experiment.randomness == "native":
            raise InputError(
                "with native randomness there are no draws that a port could take over: "
                "use --randomness published or shared"
            )

    def execute(self, context: Context) -> int:
        """Measures every rung."""
        from benchmarks.defaults.measure import measure_defaults, wanted_trainings
        from benchmarks.sweeps.sweep import conduct_sweep

        allow_float64(self.experiment)
        wanted = wanted_trainings(self.impl, self.experiment, self.count)
        study = {"study": "defaults", "experiment": self.experiment}
        return conduct_sweep(context, self, wanted, measure_defaults, **study)
