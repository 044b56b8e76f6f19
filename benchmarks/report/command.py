"""`twins report`: its options."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from benchmarks.options import STATUS_DONE, Context, DataFolder, OutputFolder
from shared.errors import InputError


@dataclass(frozen=True, kw_only=True)
class ReportCommand:
    """Read what was measured as one HTML page, which needs neither network nor program."""

    paths: Annotated[
        tyro.conf.Positional[tuple[Path, ...]],
        tyro.conf.arg(metavar="PATH...", help_behavior_hint=""),
    ] = ()
    """Output folders of run, parity, swap, drift, seeds, defaults or speed, or single .json
    files in them."""
    data_dir: DataFolder = None
    out: OutputFolder = None

    def __post_init__(self) -> None:
        if not self.paths:
            raise InputError(
                "nothing to report on: name output folders of `twins run` or other commands, "
                "benchmarks/results for instance"
            )

    def execute(self, context: Context) -> int:
        """Writes the page.

        Raises:
            InputError: a path holds nothing that a report shows, or the output folder
                cannot be used.
        """
        from benchmarks.report.study import run_report

        run_report(self, context)
        return STATUS_DONE
