"""Plans: what is to be done, as a record that is written first, for another process to go on."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from benchmarks.runner.records import Record, read_json
from shared.errors import InputError

PLANS = RUN_PLAN, SWEEP_PLAN = "plan.json", "sweep.json"


def check_same_plan(path: Path, plan: Record, what: str, apart_from: Sequence[str]) -> None:
    """Refuses to go on with a plan that is stored at `path` where it would end otherwise.

    what: is planned, a sweep for instance.
    apart_from: what of the experiment may differ.
    """
    if not path.is_file():
        raise InputError(
            f"{path.parent} holds no {what}: give --resume the output folder of an earlier "
            f"`twins {plan.study}`"
        )
    stored, asked = (_essentials(each, apart_from) for each in (read_json(path, type(plan)), plan))
    differences = [
        f"{concept}: stored {stored.get(concept)}, asked {asked.get(concept)}"
        for concept in stored | asked
        if stored.get(concept) != asked.get(concept)
    ]
    if differences:
        raise InputError(
            f"the {what} in {path.parent} is another one ({'; '.join(differences)}): give the "
            "options it was started with, or start a new one without --resume; nothing there was "
            "touched"
        )


def _essentials(plan: Record, apart_from: Sequence[str]) -> dict[str, object]:
    """All that decides what comes of a plan, in words."""
    own = {each.name for each in fields(plan)} - {each.name for each in fields(Record)}
    values = {name: getattr(plan, name) for name in sorted(own)} | vars(plan.experiment)
    return {
        "command": plan.study,
        "images' sha256": plan.dataset.sha256,
        **{name.replace("_", " "): of for name, of in values.items() if name not in apart_from},
        "Python": plan.environment.python,
        "variables": plan.environment.flags,
        **plan.environment.packages,
    }
