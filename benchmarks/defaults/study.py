"""`twins defaults`: climbs the ladder of defaults and says what each rung costs."""

from pathlib import Path

from benchmarks.defaults.command import DefaultsCommand
from benchmarks.defaults.ladder import Ladder
from benchmarks.defaults.measure import OnTrained, measure_parity, measure_seeds, rung_results
from benchmarks.defaults.results import DefaultsResults
from benchmarks.defaults.training import PortJob, Trajectory
from benchmarks.implementations import defaults_of
from benchmarks.options import Context
from benchmarks.runner.conduct import conduct
from benchmarks.runner.drawing import draw
from shared.data.dataset import RawDataset, describe


def run_defaults(command: DefaultsCommand, context: Context) -> DefaultsResults:
    """Measures every rung and writes the outputs; the parity is that of `command.experiment`.

    Raises:
        InputError: the implementation has no ladder, or the data or the output folder
            cannot be used.
        RunFailedError: a training failed, or the ladder does not end at the reference port.
    """
    defaults_of(command.impl)  # complains before anything is written

    def measure(folder: Path) -> DefaultsResults:
        return _measure(command, context.load_images(command.images), folder, context)

    return conduct(context, "defaults", command.out, measure)


def _measure(
    command: DefaultsCommand, raw: RawDataset, folder: Path, context: Context
) -> DefaultsResults:
    ladder: Ladder = defaults_of(command.impl)
    environment = context.describe_environment()
    seeds = tuple(range(command.count))
    reference = PortJob(
        implementation=command.impl,
        rung=None,
        experiment=command.experiment,
        raw=raw,
        draws=draw(command.experiment, folder / "draws.log"),
    )
    logs = folder / "logs"
    logs.mkdir()
    num_processes = command.processes or environment.num_cores
    num_trainings = 1 + len(ladder.LADDER) * (1 + len(seeds))
    on_trained = _saying(context, num_trainings)
    parities = measure_parity(
        reference,
        ladder.LADDER,
        log=logs / "parity.log",
        num_processes=num_processes,
        on_trained=on_trained,
    )
    outcomes = measure_seeds(
        reference,
        ladder.LADDER,
        seeds,
        log=logs / "seeds.log",
        num_processes=num_processes,
        on_trained=on_trained,
    )
    return DefaultsResults(
        dataset=describe(raw),
        experiment=command.experiment,
        environment=environment,
        implementation=command.impl,
        seeds=seeds,
        rungs=rung_results(ladder.LADDER, parities, outcomes),
    )


def _saying(context: Context, num_trainings: int) -> OnTrained:
    """Prints a line for each training that ends."""
    titles: list[str] = []

    def on_trained(job: PortJob, trajectory: Trajectory) -> None:
        titles.append(job.title)
        context.say(
            f"{len(titles)} of {num_trainings}: {job.title}, "
            f"test accuracy {trajectory.true.accuracy:.4f}"
        )

    return on_trained
