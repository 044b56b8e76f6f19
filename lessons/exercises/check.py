"""The instructor's check of the exercises: in this process, on few rows, before the same judges."""

from collections.abc import Iterable, Iterator
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO

from benchmarks.parity.rungs import passed_all
from benchmarks.parity.shortened import ShortenedLadder, anyway
from benchmarks.parity.show import parting_sentences
from lessons.exercises.deal import MENDED, Hunt, stages_of_stub
from parity.compare import RungComparison
from shared.experiment import Experiment

EXPERIMENT = Experiment(dtype="float64", num_epochs=1, randomness="shared")
"""What students' ports climb with."""
STAGES = (
    *(("parameters", "parameters"), ("logits", "forward"), ("loss", "loss_and_gradients")),
    *(("one SGD step", "step"), ("last, smaller batch", "epoch")),
)
"""Where the stub is rejected at first, and after each function: a rung, and what it asks for."""


@dataclass(frozen=True)
class Verdict:
    """What was found of an exercise, in one line."""

    text: str
    is_right: bool


def check_exercises(
    ladder: ShortenedLadder, hunts: Iterable[Hunt], *, stub: bool
) -> Iterator[Verdict]:
    """Each hunt as it is dealt, what they should become and, if asked, each stage of the stub.

    Raises:
        RunFailedError: a patch no longer fits.
    """
    for hunt in hunts:
        yield _rejected(f"hunt {hunt.number}", climb(ladder, hunt.program()), hunt.rung)
    yield _passed("hunts, mended", climb(ladder, MENDED))
    if stub:
        *unfinished, finished = stages_of_stub()
        for (rung, name), program in zip(STAGES, unfinished, strict=True):
            results = climb(ladder, program)
            yield _rejected(f"stub before {name}", results, rung, f"write `{name}`")
        yield _passed("stub, filled in", climb(ladder, finished))


def climb(ladder: ShortenedLadder, program: str) -> tuple[RungComparison, ...]:
    """Climbs with the `build` of a program; tracebacks of what is not written yet are kept back."""
    names: dict = {"__name__": "port"}
    exec(compile(program, "port.py", "exec"), names)
    with redirect_stderr(StringIO()):
        return ladder.climb(anyway(names["build"]))


def _rejected(what: str, results: tuple[RungComparison, ...], rung: str, note: str = "") -> Verdict:
    *_, last = results
    said = " ".join(parting_sentences(results))
    is_right = not last.passed and last.name == rung and note in said
    found = f"rejected at rung “{last.name}”"
    if not is_right:
        found = f"{said or 'passed'}; expected: rejected at rung “{rung}” {note}"
    return Verdict(f"{what}: {found}", is_right)


def _passed(what: str, results: tuple[RungComparison, ...]) -> Verdict:
    said = " ".join(parting_sentences(results))
    return Verdict(f"{what}: {said or 'passed'}", passed_all(results, EXPERIMENT.num_epochs))
