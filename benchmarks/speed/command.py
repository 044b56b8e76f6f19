"""`twins speed`: its options."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

import tyro

from benchmarks.options import STATUS_DONE, Context, TrainingOptions, allow_float64
from shared.errors import InputError
from shared.experiment import Experiment

Sizes = Annotated[tuple[int, ...], tyro.conf.arg(metavar="INT ...", help_behavior_hint="")]


@dataclass(frozen=True, kw_only=True)
class SpeedCommand(TrainingOptions):
    """Time each way to train, from Keras' fit to a compiled epoch, against the machine's limit."""

    experiment: tyro.conf.OmitArgPrefixes[Experiment] = field(
        default_factory=lambda: Experiment(randomness="shared")
    )
    device: Literal["cpu", "gpu"] = "cpu"
    """What to run on; each rung names what it can run on."""
    rungs: Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME ...", help_behavior_hint="")] = ()
    """Names of the rungs to time. All that can run here, if not given."""
    rounds: int = 2
    """Fresh processes for each rung, taken in turns."""
    epochs_per_process: int = 2
    """Epochs that count, at least, in each process, after the first, which does not."""
    batch_sizes: Sizes = ()
    """Batch sizes to time besides, 32 128 512 2048 for instance: the same rows in fewer steps."""
    widths: Sizes = ()
    """Units of the first hidden layer to time besides, 100 300 1000 for instance."""
    tf32: bool = False
    """Let a GPU round the factors of float32 products, as frameworks do unless told otherwise."""
    against: Annotated[Path | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="")] = None
    """An earlier speed.json to compare with; refused if it is of another environment."""

    def __post_init__(self) -> None:
        if self.rounds < 2:
            raise InputError(
                f"{self.rounds} rounds show no spread between processes: --rounds takes 2 or more"
            )
        if self.epochs_per_process < 1:
            raise InputError(
                f"{self.epochs_per_process} epochs give no sample: --epochs-per-process takes 1 "
                "or more"
            )
        for size in self.batch_sizes:
            replace(self.experiment, batch_size=size)  # complains of what is out of range
        for width in self.widths:
            replace(self.experiment, hidden_sizes=(width,))

    def execute(self, context: Context) -> int:
        """Measures everything.

        Raises:
            InputError: a rung or device is unknown or not there, or the data or the
                output folder cannot be used.
            RunFailedError: not one rung could be measured.
        """
        from benchmarks.speed.study import run_speed

        allow_float64(self.experiment)
        run_speed(self, context)
        return STATUS_DONE
