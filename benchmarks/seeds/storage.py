"""The sweep's folder: each finished training in a file of its own, and what may be resumed."""

from pathlib import Path

from benchmarks.runner.records import read_json, write_json
from benchmarks.seeds.results import SeedTraining, SweepPlan
from shared.errors import InputError, RunFailedError

PLAN_FILE = "sweep.json"
TRAININGS_FOLDER = "trainings"

Key = tuple[str, int]
"""Names a training: its implementation and its seed."""


def store_plan(plan: SweepPlan, folder: Path) -> None:
    """Writes what all trainings have in common, and makes room for them."""
    (folder / TRAININGS_FOLDER).mkdir()
    write_json(plan, folder / PLAN_FILE)


def store_training(training: SeedTraining, folder: Path) -> None:
    """Writes one training, whole or not at all.

    Raises:
        RunFailedError: it is there already, so another sweep works in the same folder.
    """
    path = _path_of(folder, (training.implementation, training.seed))
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
        key = (training.implementation, training.seed)
        if path != _path_of(folder, key):
            raise InputError(
                f"{path} is not the training that its name says, or of another version of this "
                "program: move it away and resume again"
            )
        trainings[key] = training
    return trainings


def check_resumable(
    folder: Path, plan: SweepPlan, seeds: tuple[int, ...], implementations: tuple[str, ...]
) -> None:
    """Checks that a stored sweep is the one asked for; changes nothing.

    Raises:
        InputError: the folder holds no sweep, another one, or seeds that were not
            asked for, which would silently be left out of the statistics.
    """
    if not (folder / PLAN_FILE).is_file():
        raise InputError(
            f"{folder} holds no sweep: give --resume the output folder of an earlier `twins seeds`"
        )
    differences = _differences(read_json(folder / PLAN_FILE, SweepPlan), plan)
    if differences:
        raise InputError(
            f"the sweep in {folder} is another one ({'; '.join(differences)}): give the options "
            "it was started with, or start a new one without --resume; nothing there was touched"
        )
    strangers = [
        f"{name} {seed}"
        for name, seed in stored_trainings(folder)
        if name not in implementations or seed not in seeds
    ]
    if strangers:
        raise InputError(
            f"the sweep in {folder} holds trainings outside of seeds {seeds[0]} to {seeds[-1]}: "
            f"{', '.join(strangers)}; choose --first-seed and --count so that none is left out"
        )


def _differences(stored: SweepPlan, asked: SweepPlan) -> list[str]:
    """What would make trainings of the two plans incomparable, in words."""
    pairs = [
        ("images' sha256", stored.dataset.sha256, asked.dataset.sha256),
        *(
            (name.replace("_", " "), getattr(stored.experiment, name), value)
            for name, value in vars(asked.experiment).items()
            if name != "seed"
        ),
        ("Python", stored.environment.python, asked.environment.python),
        ("variables", stored.environment.flags, asked.environment.flags),
        *_package_pairs(stored.environment.packages, asked.environment.packages),
    ]
    return [
        f"{concept}: stored {before}, asked {now}"
        for concept, before, now in pairs
        if before != now
    ]


def _package_pairs(
    stored: dict[str, str], asked: dict[str, str]
) -> list[tuple[str, str | None, str | None]]:
    return [(name, stored.get(name), asked.get(name)) for name in sorted({*stored, *asked})]


def _path_of(folder: Path, key: Key) -> Path:
    implementation, seed = key
    return folder / TRAININGS_FOLDER / f"{implementation}-{seed}.json"
