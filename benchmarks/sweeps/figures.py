"""What sweeps were measured to cost, as `results/cluster.json` holds it, and its table."""

from dataclasses import dataclass
from typing import Literal

from benchmarks.display.tables import NO_VALUE, Table
from benchmarks.runner.records import Record, check


@dataclass(frozen=True, kw_only=True)
class MeasuredSweep:
    """One way to train the same seeds.

    seconds: wall-clock time, from the driver's first start to its last end.
    is_same: whether every training is that of the first way, to the last bit; None for that.
    """

    name: str
    num_trainings: int
    seconds: float
    num_workers_killed: int
    num_drivers_killed: int
    is_same: bool | None


@dataclass(frozen=True, kw_only=True)
class KilledSweeps(Record):
    """Small sweeps of which driver, worker or both were killed at a random moment.

    killed: who was, sweep by sweep.
    num_same: how many of them ended, resumed, with every training identical.
    """

    study: Literal["killed sweeps"] = "killed sweeps"
    killed: tuple[str, ...]
    num_same: int


@dataclass(frozen=True, kw_only=True)
class ClusterFigures(Record):
    """Sweeps of the port on one machine, in several ways.

    bare_seconds: of one core for one training, in a plain loop without a sweep.
    tasks_per_second: empty tasks that the scheduler gave to workers and took back.
    """

    study: Literal["cluster"] = "cluster"
    bare_seconds: float
    sweeps: tuple[MeasuredSweep, ...]
    tasks_per_second: float

    def __post_init__(self) -> None:
        check(bool(self.sweeps) and self.bare_seconds > 0, "no sweep, or nothing to compare with")

    def overhead(self, sweep: MeasuredSweep) -> float:
        """How much longer a core takes for a training than in a plain loop, as a share."""
        seconds = sweep.seconds * self.environment.num_cores / sweep.num_trainings
        return seconds / self.bare_seconds - 1


def cluster_table(figures: ClusterFigures) -> Table:
    """One row for each way to train the same seeds."""
    return Table(
        "cluster",
        f"{figures.sweeps[0].num_trainings:,} seeds of the port, one epoch, on "
        f"{figures.environment.num_cores} cores; a core alone takes {figures.bare_seconds:.2f} s",
        ("sweep", "seconds", "overhead", "workers killed", "drivers killed", "trainings"),
        [
            (
                sweep.name,
                f"{sweep.seconds:.0f}",
                f"{figures.overhead(sweep):+.1%}",
                str(sweep.num_workers_killed),
                str(sweep.num_drivers_killed),
                NO_VALUE if sweep.is_same is None else "identical" if sweep.is_same else "others",
            )
            for sweep in figures.sweeps
        ],
    )
