"""The sweep's folder: each finished training in a file of its own, and what may be resumed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.implementations import implementation_names
from benchmarks.runner.output_folder import output_folder, resumed_folder
from benchmarks.runner.records import read_json, write_json
from benchmarks.seeds.results import SeedTraining, SweepPlan
from shared.errors import InputError, RunFailedError

PLAN_FILE = "sweep.json"
TRAININGS_FOLDER = "trainings"

Key = tuple[str, int]
"""Names a training: its implementation and its seed."""


@contextmanager
def sweep_folder(
    out: Path | None, resume: Path | None, plan: SweepPlan, seeds: tuple[int, ...]
) -> Iterator[Path]:
    """The folder to work in: a fresh one with the plan in it, or one that was checked against it.

    Raises:
        InputError: the folder cannot be used, or what it holds cannot be gone on with;
            then it is left as it was.
    """
    if resume is None:
        with output_folder(out, "seeds") as folder:
            (folder / TRAININGS_FOLDER).mkdir()
            write_json(plan, folder / PLAN_FILE)
            yield folder
        return
    _check_resumable(resume, plan, seeds)
    with resumed_folder(resume, "seeds") as folder:
        yield folder


def store_training(training: SeedTraining, folder: Path) -> None:
    """Writes one training, whole or not at all.

    Raises:
        RunFailedError: it is there already, so another sweep works in the same folder.
    """
    path = _path_of(folder, training)
    if path.exists():
        raise RunFailedError(
            f"{path} was written meanwhile and is left as it is: "
            "let only one `twins seeds` work in a folder"
        )
    write_json(training, path)


def stored_trainings(folder: Path) -> dict[Key, SeedTraining]:
    """All trainings in the folder, by implementation and seed.

    Raises:
        InputError: a file there is not the training that its name says.
    """
    trainings = {}
    for path in sorted((folder / TRAININGS_FOLDER).glob("*.json")):
        training = read_json(path, SeedTraining)
        if path != _path_of(folder, training):
            raise InputError(
                f"{path} is not the training that its name says, or of another version of this "
                "program: move it away and resume again"
            )
        trainings[training.implementation, training.seed] = training
    return trainings


def _check_resumable(folder: Path, plan: SweepPlan, seeds: tuple[int, ...]) -> None:
    """Refuses another sweep, and seeds that would silently be left out of the statistics."""
    if not (folder / PLAN_FILE).is_file():
        raise InputError(
            f"{folder} holds no sweep: give --resume the output folder of an earlier `twins seeds`"
        )
    stored, asked = _essentials(read_json(folder / PLAN_FILE, SweepPlan)), _essentials(plan)
    differences = [
        f"{concept}: stored {stored.get(concept)}, asked {asked.get(concept)}"
        for concept in {**stored, **asked}
        if stored.get(concept) != asked.get(concept)
    ]
    if differences:
        raise InputError(
            f"the sweep in {folder} is another one ({'; '.join(differences)}): give the options "
            "it was started with, or start a new one without --resume; nothing there was touched"
        )
    names = implementation_names()
    strangers = [
        f"{name} {seed}"
        for name, seed in stored_trainings(folder)
        if name not in names or seed not in seeds
    ]
    if strangers:
        raise InputError(
            f"the sweep in {folder} holds trainings outside of seeds {seeds[0]} to {seeds[-1]}: "
            f"{', '.join(strangers)}; choose --first-seed and --count so that none is left out"
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


def _path_of(folder: Path, training: SeedTraining) -> Path:
    return folder / TRAININGS_FOLDER / f"{training.implementation}-{training.seed}.json"
