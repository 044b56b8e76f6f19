"""`twins defaults`: its options."""

from dataclasses import dataclass
from functools import partial

from benchmarks.options import (
    STATUS_DONE,
    Context,
    NumProcesses,
    TrainingOptions,
    allow_float64,
    check_num_processes,
)
from shared.errors import InputError
from shared.experiment import MAXIMUM_SEED


@dataclass(frozen=True, kw_only=True)
class DefaultsCommand(TrainingOptions):
    """Climb from a port with every default in place to the reference port; price each rung."""

    impl: str = "jax"
    """Implementation whose defaults are looked at."""
    count: int = 5
    """Number of seeds that each rung's accuracy is measured on, from 0 on; --seed is that
    of the parity measurements."""
    processes: NumProcesses = None

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MAXIMUM_SEED:
            raise InputError(
                f"{self.count} seeds measure nothing: --count takes a whole number from 1"
            )
        check_num_processes(self.processes)
        if self.experiment.randomness == "native":
            raise InputError(
                "with native randomness there are no draws that a port could take over: "
                "use --randomness published or shared"
            )

    def execute(self, context: Context) -> int:
        """Measures every rung."""
        from benchmarks.defaults.measure import measure_defaults
        from benchmarks.implementations import defaults_of
        from benchmarks.runner.conduct import conduct

        allow_float64(self.experiment)
        defaults_of(self.impl)  # complains before anything is written
        conduct(context, "defaults", self.out, partial(measure_defaults, self, context))
        return STATUS_DONE
