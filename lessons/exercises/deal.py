"""What is dealt: the stub, and the smallest port with mistakes, which unified diffs make."""

import re
from dataclasses import dataclass
from pathlib import Path

from shared.errors import RunFailedError

FOLDER = Path(__file__).parent
STUB = (FOLDER / "stub.py").read_text(encoding="utf-8")
SMALLEST_PORT = (FOLDER.parent / "smallest_port.py").read_text(encoding="utf-8")
MAIN = "\n\n\nif __name__"
BUILD = '''


def build(experiment):
    """What `twins parity` climbs with."""
    from lessons.exercises.judge import FlaxPort

    functions = Classifier, loss_fn, prepare_training, train_epoch
    return FlaxPort(experiment, functions)'''
MENDED = SMALLEST_PORT.replace(MAIN, BUILD + MAIN)
"""What a hunt should become."""


@dataclass(frozen=True)
class Hunt:
    """A mistake: the rung that must reject it, what to say of it, and the diff that makes it."""

    number: int
    rung: str
    explanation: str
    diff: str

    def program(self) -> str:
        """What a student gets; raises RunFailedError where the smallest port has become another."""
        return patched(MENDED, self.diff, f"hunts/{self.number:02}.patch")


def read_hunts() -> dict[int, Hunt]:
    """All hunts by their numbers."""
    hunts = {}
    for path in sorted(FOLDER.glob("hunts/*.patch")):
        text, mark, diff = path.read_text(encoding="utf-8").partition("--- ")
        rung, explanation = text.removeprefix("rung: ").split("\n", 1)
        hunt = Hunt(int(path.stem), rung, explanation, mark + diff)
        hunts[hunt.number] = hunt
    return hunts


def stages_of_stub() -> list[str]:
    """The stub, and what it is after each of its functions has been filled in."""
    stages = [STUB]
    for path in sorted(FOLDER.glob("solution/*.patch")):
        stages.append(patched(stages[-1], path.read_text(encoding="utf-8"), path.name))
    return stages


def patched(text: str, diff: str, name: str) -> str:
    """The text with every hunk of a unified diff applied.

    Raises:
        RunFailedError: the old lines of a hunk do not stand in the text exactly once.
    """
    for hunk in re.split(r"^@@.*\n", diff, flags=re.MULTILINE)[1:]:
        lines = hunk.splitlines(keepends=True)
        old, new = ("".join(line[1:] for line in lines if line[0] in kept) for kept in (" -", " +"))
        if text.count(old) != 1:
            raise RunFailedError(f"{name} no longer fits: {text.count(old)} places for {old!r}")
        text = text.replace(old, new)
    return text
