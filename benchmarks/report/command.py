"""`twins report`: its options."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from benchmarks.options import STATUS_DONE, Context, DataFolder, OutputFolder


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

    def execute(self, context: Context) -> int:
        """Writes the page."""
        from functools import cache

        from benchmarks.report.material import read_material
        from benchmarks.report.page import write_page
        from benchmarks.runner.output_folder import output_folder
        from shared.data.dataset import load_dataset

        material = read_material(self.paths)
        places = context.places(self.data_dir)
        with output_folder(self.out, "report") as folder:
            page = write_page(folder, material, cache(lambda name: load_dataset(name, places)))
        for found in material.found:
            context.say(f"shown: {found.source}")
        for name in material.left_out:
            context.say(f"left out: {name}, no record that a report shows")
        for marker in material.unfinished:
            context.say(f"not finished: {marker}")
        context.say(f"outputs: {page}")
        return STATUS_DONE
