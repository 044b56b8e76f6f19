"""The experiment's options for many seeds; imports nothing that takes time."""

from dataclasses import asdict, dataclass, replace

import tyro

from shared.errors import InputError
from shared.experiment import Experiment, Randomness


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

    def with_seed(self, seed: int) -> Experiment:
        """The experiment of one seed, as `twins run` would train it."""
        return replace(Experiment(**asdict(self)), seed=seed)
