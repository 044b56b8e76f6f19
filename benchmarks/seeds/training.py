"""One training of a sweep: what runs in each child process."""

from dataclasses import dataclass

from benchmarks.implementations import title_of
from benchmarks.runner.processes import Report
from benchmarks.runner.training import TrainingJob, train
from benchmarks.seeds.results import SeedTraining
from shared.data.dataset import RawDataset
from shared.draws import draw_shared
from shared.errors import RunFailedError
from shared.experiment import Experiment


@dataclass(frozen=True, kw_only=True)
class SeedJob:
    """What a child process needs to train one implementation on the experiment's seed."""

    implementation: str
    experiment: Experiment
    raw: RawDataset
    git_commit: str

    @property
    def title(self) -> str:
        """Which training this is, for people to read."""
        return f"{title_of(self.implementation)}, seed {self.experiment.seed}"


def train_seed(report: Report, job: SeedJob) -> SeedTraining:
    """Draws, trains and evaluates; reports each epoch's `EpochMetrics`.

    Raises:
        RunFailedError: the training diverged; the message says which.
    """
    print(job.title, flush=True)  # heads its log
    # Drawn here, not by the parent, which would hold the orders of all seeds at
    # once. Equal seeds draw equal numbers in every process.
    is_shared = job.experiment.randomness == "shared"
    training_job = TrainingJob(
        implementation=job.implementation,
        experiment=job.experiment,
        raw=job.raw,
        draws=draw_shared(job.experiment) if is_shared else None,
        folder=None,
        in_bulk=True,
    )
    try:
        run = train(report, training_job).run
    except RunFailedError as error:
        raise RunFailedError(f"{job.title}: {error}") from error
    return SeedTraining(
        implementation=job.implementation,
        seed=job.experiment.seed,
        device=run.device,
        history=run.history,
        test=run.test,
        seconds=run.seconds,
        data_sha256=run.data_sha256,
        git_commit=job.git_commit,
    )
