"""`twins swap`: exchanges the weights of a finished run between its implementations."""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated

import tyro

from benchmarks.options import STATUS_DONE, STATUS_FAILED, Context, DataOptions, OutputFolder


@dataclass(frozen=True, kw_only=True)
class SwapCommand:
    """Evaluate the weights that each implementation of a run trained in the others."""

    run: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Output folder of a finished `twins run` of two implementations."""
    images: tyro.conf.OmitArgPrefixes[DataOptions] = field(default_factory=DataOptions)
    out: OutputFolder = None

    def execute(self, context: Context) -> int:
        """Exchanges the weights; fails where an exchange changes an answer."""
        from benchmarks.runner.conduct import conduct
        from benchmarks.swap.measure import exchange

        report = conduct(context, "swap", self.out, partial(exchange, self, context))
        return STATUS_DONE if report.passed else STATUS_FAILED
