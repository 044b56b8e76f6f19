"""Trains what a sweep lacks, some trainings at a time; its folder keeps each as it ends."""

from contextlib import closing
from dataclasses import replace
from itertools import chain, product
from pathlib import Path

from benchmarks.implementations import implementation_names, title_of
from benchmarks.options import Context
from benchmarks.runner.processes import Report, run_side_by_side
from benchmarks.runner.progress import show_parts
from benchmarks.runner.records import read_json, write_json
from benchmarks.runner.training import TrainingJob, train
from benchmarks.seeds.command import SeedsCommand
from benchmarks.seeds.results import SeedTraining, SweepPlan, SweepResults, analyse
from shared.data.dataset import RawDataset
from shared.draws import draw_shared
from shared.errors import InputError, RunFailedError

PLAN_FILE = "sweep.json"
TRAININGS_FOLDER = "trainings"

Key = tuple[str, int]
"""Names a training: its implementation and its seed."""


def check_resumable(folder: Path, plan: SweepPlan, seeds: tuple[int, ...]) -> None:
    """Refuses what cannot be gone on with, and leaves it as it was.

    Trainings of other seeds, for example, would silently be left out of the statistics.
    """
    if not (folder / PLAN_FILE).is_file():
        raise InputError(
            f"{folder} holds no sweep: give --resume the output folder of an earlier `twins seeds`"
        )
    stored, asked = _essentials(read_json(folder / PLAN_FILE, SweepPlan)), _essentials(plan)
    differences = [
        f"{concept}: stored {stored.get(concept)}, asked {asked.get(concept)}"
        for concept in stored | asked
        if stored.get(concept) != asked.get(concept)
    ]
    if differences:
        raise InputError(
            f"the sweep in {folder} is another one ({'; '.join(differences)}): give the options "
            "it was started with, or start a new one without --resume; nothing there was touched"
        )
    strangers = _stored_trainings(folder).keys() - set(product(implementation_names(), seeds))
    if strangers:
        listed = ", ".join(f"{name} {seed}" for name, seed in sorted(strangers))
        raise InputError(
            f"the sweep in {folder} holds trainings outside of seeds {seeds[0]} to {seeds[-1]}: "
            f"{listed}; choose --first-seed and --count so that none is left out"
        )


def _essentials(plan: SweepPlan) -> dict[str, object]:
    """All that makes trainings of two plans incomparable where it differs, in words."""
    experiment = {name.replace("_", " "): of for name, of in vars(plan.experiment).items()}
    del experiment["seed"]
    return {
        "images' sha256": plan.dataset.sha256,
        **experiment,
        "Python": plan.environment.python,
        "variables": plan.environment.flags,
        **plan.environment.packages,
    }


def measure_sweep(
    command: SeedsCommand, plan: SweepPlan, raw: RawDataset, context: Context, folder: Path
) -> SweepResults:
    """Trains every implementation on every seed, where that is not stored in `folder` already."""
    if not (folder / PLAN_FILE).exists():  # a sweep that is resumed keeps the plan it has
        (folder / TRAININGS_FOLDER).mkdir()
        write_json(plan, folder / PLAN_FILE)
    trained = _train_missing(command, plan, raw, context, folder)
    if len({training.data_sha256 for training in trained.values()}) > 1:
        raise RunFailedError("the trainings received different data; please report this")
    names, seeds = implementation_names(), command.seeds
    by_name = {name: tuple(trained[name, seed] for seed in seeds) for name in names}
    return SweepResults(
        **vars(plan),
        seeds=seeds,
        trainings=tuple(chain.from_iterable(by_name.values())),
        statistics=analyse(by_name, plan),
    )


def _train_missing(
    command: SeedsCommand, plan: SweepPlan, raw: RawDataset, context: Context, folder: Path
) -> dict[Key, SeedTraining]:
    """All trainings in the folder, after those that were missing."""
    # By seed, then by implementation: a sweep that is broken off has whole pairs.
    keys = [(name, seed) for seed in command.seeds for name in implementation_names()]
    done = _stored_trainings(folder)
    if done:
        context.say(f"resuming: {len(done)} of {len(keys)} trainings are stored")
    logs = folder / "logs"
    logs.mkdir(exist_ok=True)
    missing = [key for key in keys if key not in done]
    num_epochs = plan.experiment.num_epochs
    num_done, total = len(done) * num_epochs, len(keys) * num_epochs
    with show_parts(context.console, "epochs of all trainings", total, "epochs", num_done) as show:
        runs = run_side_by_side(
            train_seed,
            [(*key, plan, raw) for key in missing],
            log=logs / "training.log",
            num_processes=command.processes or plan.environment.num_cores,
            on_event=show,
            one_core_each=True,
        )
        # Closed at once when anything fails here, so that no child trains on in vain.
        with closing(runs):
            for index, training in runs:
                _store(training, folder)
                key = missing[index]
                done[key] = training
                context.say(
                    f"{len(done)} of {len(keys)}: {_title(*key)}, test accuracy "
                    f"{training.test.accuracy:.4f}, {sum(training.seconds.epochs):.1f} s"
                )
    return done


def train_seed(
    report: Report, name: str, seed: int, plan: SweepPlan, raw: RawDataset
) -> SeedTraining:
    """What runs in each child: draws, trains and evaluates; reports each epoch's `EpochMetrics`."""
    print(_title(name, seed), flush=True)  # heads its log
    experiment = replace(plan.experiment, seed=seed)
    # Drawn here, not by the parent, which would hold the orders of all seeds at once.
    job = TrainingJob(
        implementation=name,
        experiment=experiment,
        raw=raw,
        draws=draw_shared(experiment) if experiment.randomness == "shared" else None,
        folder=None,
        in_bulk=True,
    )
    try:
        run = train(report, job).run
    except RunFailedError as error:
        raise RunFailedError(f"{_title(name, seed)}: {error}") from error
    return SeedTraining(
        implementation=name,
        seed=seed,
        device=run.device,
        history=run.history,
        test=run.test,
        seconds=run.seconds,
        data_sha256=run.data_sha256,
        git_commit=plan.environment.git_commit,
    )


def _store(training: SeedTraining, folder: Path) -> None:
    path = _path_of(training, folder)
    if path.exists():
        raise RunFailedError(
            f"{path} was written meanwhile and is left as it is: "
            "let only one `twins seeds` work in a folder"
        )
    write_json(training, path)


def _stored_trainings(folder: Path) -> dict[Key, SeedTraining]:
    trainings = {}
    for path in sorted((folder / TRAININGS_FOLDER).glob("*.json")):
        training = read_json(path, SeedTraining)
        if path != _path_of(training, folder):
            raise InputError(
                f"{path} is not the training that its name says, or of another version of this "
                "program: move it away and resume again"
            )
        trainings[training.implementation, training.seed] = training
    return trainings


def _path_of(training: SeedTraining, folder: Path) -> Path:
    return folder / TRAININGS_FOLDER / f"{training.implementation}-{training.seed}.json"


def _title(name: str, seed: int) -> str:
    return f"{title_of(name)}, seed {seed}"
