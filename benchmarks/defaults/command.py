"""`twins defaults`: its options."""

from dataclasses import dataclass

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
        """Measures every rung.

        Raises:
            InputError: the implementation has no ladder, or the data or the output folder
                cannot be used.
            RunFailedError: a training failed, or the ladder does not end at the reference port.
        """
        from benchmarks.defaults.study import run_defaults

        allow_float64(self.experiment)
        run_defaults(self, context)
        return STATUS_DONE
