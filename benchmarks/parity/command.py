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

    def execute(self, context: Context) -> int:
        """Climbs the ladder; fails where a rung does."""
        from benchmarks.implementations import ORACLE, check_names
        from benchmarks.parity.measure import measure_parity
        from benchmarks.runner.conduct import conduct

        if self.experiment.randomness == "native":
            raise InputError(
                "with native randomness there is nothing to compare: each implementation draws "
                "its own weights; use --randomness published or shared"
            )
        allow_float64(self.experiment)
        names = (*check_names(self.impl, with_ports=True), ORACLE)
        report = conduct(context, "parity", self.out, partial(measure_parity, names, self, context))
        return STATUS_DONE if report.passed else STATUS_FAILED
