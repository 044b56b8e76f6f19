"""`twins defaults`: its options."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from benchmarks.defaults.results import DefaultsResults
    from benchmarks.defaults.training import Ladder


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
        from benchmarks.implementations import defaults_of
        from benchmarks.runner.conduct import conduct

        allow_float64(self.experiment)
        ladder = defaults_of(self.impl)  # complains before anything is written
        conduct(context, "defaults", self.out, lambda out: self._measure(ladder, context, out))
        return STATUS_DONE

    def _measure(self, ladder: "Ladder", context: Context, folder: Path) -> "DefaultsResults":
        from benchmarks.defaults.measure import measure_ladder
        from benchmarks.defaults.results import DefaultsResults
        from benchmarks.defaults.training import PortJob
        from benchmarks.runner.training import draw
        from shared.data.dataset import describe

        raw = context.load_images(self.images)
        environment = context.describe_environment()
        seeds = tuple(range(self.count))
        reference = PortJob(
            implementation=self.impl,
            rung=None,
            experiment=self.experiment,
            raw=raw,
            draws=draw(self.experiment, folder / "draws.log"),
        )
        logs = folder / "logs"
        logs.mkdir()
        rungs = measure_ladder(
            reference,
            ladder.LADDER,
            seeds,
            logs=logs,
            num_processes=self.processes or environment.num_cores,
            say=context.say,
        )
        return DefaultsResults(
            dataset=describe(raw),
            experiment=self.experiment,
            environment=environment,
            implementation=self.impl,
            seeds=seeds,
            rungs=rungs,
        )
