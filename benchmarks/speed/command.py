"""`twins speed`: its options."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

import tyro

from benchmarks.options import STATUS_DONE, Context, TrainingOptions, allow_float64, option
from shared.errors import InputError
from shared.experiment import Experiment

Sizes = Annotated[tuple[int, ...], option("INT ...")]


@dataclass(frozen=True, kw_only=True)
class SpeedCommand(TrainingOptions):
    """Time each way to train, from Keras' fit to a compiled epoch, against the machine's limit."""

    experiment: tyro.conf.OmitArgPrefixes[Experiment] = field(
        default_factory=lambda: Experiment(randomness="shared")
    )
    device: Literal["cpu", "gpu"] = "cpu"
    """What to run on; each rung names what it can run on."""
    rungs: Annotated[tuple[str, ...], option("NAME ...")] = ()
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
    against: Annotated[Path | None, option("FILE")] = None
    """An earlier speed.json to compare with; refused if it is of another environment."""

    def __post_init__(self) -> None:
        if self.rounds < 2:
            raise InputError(
                f"{self.rounds} rounds show no spread between processes: --rounds takes 2 or more"
            )
        if self.epochs_per_process < 1:
            given = self.epochs_per_process
            raise InputError(f"{given} epochs give no sample: --epochs-per-process takes 1 or more")
        self._by_batch_size()  # complains of what is out of range
        self._by_width()

    def execute(self, context: Context) -> int:
        """Measures everything; `speed.json` grows after every measurement."""
        from benchmarks.display.tables import to_terminal
        from benchmarks.runner.conduct import conduct
        from benchmarks.runner.records import read_json
        from benchmarks.speed.machine import describe_conditions
        from benchmarks.speed.plan import Plan, check_comparable, runnable_rungs
        from benchmarks.speed.results import SpeedResults
        from benchmarks.speed.rounds import measure_speed
        from benchmarks.speed.show import against_table

        allow_float64(self.experiment)
        rungs, omitted = runnable_rungs(self.rungs, self.device)
        earlier = self.against and read_json(self.against, SpeedResults)

        def measure(folder: Path) -> SpeedResults:
            software = context.describe_environment()
            plan = Plan(
                rungs=rungs,
                omitted=omitted,
                experiment=self.experiment,
                by_batch_size=self._by_batch_size(),
                by_width=self._by_width(),
                raw=context.load_images(self.images),
                environment=describe_conditions(software, self.device, tf32=self.tf32),
                num_rounds=self.rounds,
                num_samples=self.epochs_per_process,
                folder=folder,
            )
            if earlier:
                check_comparable(earlier, plan)
            return measure_speed(plan, context.console)

        results = conduct(context, "speed", self.out, measure)
        if earlier:
            context.console.print(to_terminal(against_table(earlier, results)))
        return STATUS_DONE

    def _by_batch_size(self) -> tuple[Experiment, ...]:
        return tuple(replace(self.experiment, batch_size=size) for size in self.batch_sizes)

    def _by_width(self) -> tuple[Experiment, ...]:
        sizes = [(width, *self.experiment.hidden_sizes[1:]) for width in self.widths]
        return tuple(replace(self.experiment, hidden_sizes=each) for each in sizes)
