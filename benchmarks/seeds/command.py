"""`twins seeds`: its options."""

from dataclasses import asdict, dataclass, replace

import tyro

from benchmarks.options import Context, SweepOptions, allow_float64
from shared.errors import InputError
from shared.experiment import MAXIMUM_SEED, Experiment, Randomness


@dataclass(frozen=True, kw_only=True)
class ManySeedsExperiment(Experiment):
    """The experiment without its seed: `--seed` is no option here, as the seeds are counted."""

    seed: tyro.conf.Suppress[tyro.conf.Fixed[int]] = 0
    randomness: Randomness = "shared"
    """Who draws initial weights and batch orders of each seed: 'shared' NumPy for both,
    'native' each framework its own. 'published' is one run's and has no seeds to vary."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.randomness == "published":
            raise InputError(
                "the published draws belong to one run, so they have no distribution over seeds: "
                "--randomness takes shared or native here"
            )


@dataclass(frozen=True, kw_only=True)
class SeedsCommand(SweepOptions):
    """Train many seeds and test whether the implementations are equally accurate."""

    experiment: tyro.conf.OmitArgPrefixes[ManySeedsExperiment] = ManySeedsExperiment()
    count: int = 20
    """Number of seeds, 2 or more; each implementation trains on each of them. A larger one adds
    seeds to a sweep that is resumed."""
    first_seed: int = 0
    """The lowest seed; the others follow."""
    seeds_at_once: int = 1
    """Seeds that one process trains at a time, in implementations that can: on a GPU, hundreds."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.seeds_at_once < 1 or (
            self.seeds_at_once > 1 and self.experiment.randomness == "native"
        ):
            raise InputError(
                f"{self.seeds_at_once} seeds cannot be trained at once: --seeds-at-once takes 1 "
                "or more, and --randomness shared"
            )
        if self.count < 2:
            raise InputError(
                f"{self.count} seeds have no distribution: --count takes a whole number from 2"
            )
        last_seed = self.seeds[-1]
        if not 0 <= self.first_seed <= last_seed <= MAXIMUM_SEED:
            raise InputError(
                f"seeds {self.first_seed} to {last_seed} are out of range: "
                f"--first-seed takes a whole number from 0 to {MAXIMUM_SEED - self.count + 1}"
            )

    @property
    def seeds(self) -> tuple[int, ...]:
        """All seeds of the sweep, rising."""
        return tuple(range(self.first_seed, self.first_seed + self.count))

    def execute(self, context: Context) -> int:
        """Does the whole sweep, or the rest of it."""
        from benchmarks.seeds.measure import measure_seeds, wanted_trainings
        from benchmarks.sweeps.sweep import conduct_sweep

        allow_float64(self.experiment)
        experiment = Experiment(**asdict(replace(self.experiment, seed=self.first_seed)))
        wanted = wanted_trainings(experiment, self.seeds, self.seeds_at_once)
        study = {"study": "seeds", "experiment": experiment, "apart_from": ("seed",)}
        return conduct_sweep(context, self, wanted, measure_seeds, **study)
