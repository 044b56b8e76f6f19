"""`twins parity`: its options."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

import tyro

from benchmarks.options import (
    STATUS_DONE,
    STATUS_FAILED,
    Context,
    TrainingOptions,
    allow_float64,
    option,
)
from shared.errors import InputError


@dataclass(frozen=True, kw_only=True)
class ParityCommand(TrainingOptions):
    """Prove, rung by rung, that the implementations are the same program."""

    impl: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], option("NAME")] = ()
    """Implementation to compare with the oracle and the others; repeatable. Also a port of
    yours, as MODULE:BUILDER. All of this project's, if not given."""
    until: Annotated[str | None, option("RUNG")] = None
    """Last rung to climb, as the table calls it: 'one SGD step' for instance. All, if not given."""

    def execute(self, context: Context) -> int:
        """Climbs the ladder; fails where a rung does."""
        from benchmarks.implementations import ORACLE, check_names
        from benchmarks.parity.measure import measure_parity
        from benchmarks.parity.rungs import rungs_within
        from benchmarks.runner.conduct import conduct

        if self.experiment.randomness == "native":
            raise InputError(
                "with native randomness there is nothing to compare: each implementation draws "
                "its own weights; use --randomness published or shared"
            )
        rungs_within(self.experiment.num_epochs, self.until)  # or else it says why not
        allow_float64(self.experiment)
        names = (*check_names(self.impl, with_ports=True), ORACLE)
        measure = partial(measure_parity, names, self, context, until=self.until)
        report = conduct(context, "parity", self.out, measure)
        return STATUS_DONE if report.passed else STATUS_FAILED
