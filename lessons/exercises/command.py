"""`twins quiz`: deals exercises that the parity ladder judges, and checks them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from benchmarks.options import STATUS_DONE, STATUS_FAILED, Context, DataOptions, option
from shared.errors import InputError

CLIMB = "twins parity --impl {}:build --dtype float64 --randomness shared --num-epochs 1"
BEGIN = """\
Bug hunts {first} to {last}: each is lessons/smallest_port.py with one mistake that people make.
`twins quiz 7` deals one into this folder: the parity ladder finds the mistake, and you mend it.
`twins quiz --stub` deals a port in JAX alone, to be written; lessons/exercises.md says more."""
HUNT = """\
{name}.py is the smallest port with one mistake. Climb with the command below: the ladder says where
it shows. Mend the file and climb again, until it says PASS; a climb takes up to a minute.

  {climb} --until "epoch: metrics"

`twins quiz {number} --answer` tells what the mistake is."""
STUB = """\
{name}.py is a port to be written. Climb with the command below: the ladder says what to write
next, or where the port is wrong.

  {climb} --until parameters

Once a function is right, climb farther: --until logits, then gradients, then "one SGD step" and,
once `epoch` is written, "epoch: metrics", which takes a minute."""


@dataclass(frozen=True, kw_only=True)
class QuizCommand:
    """Deal an exercise: a port with a mistake to be found, or one to be written."""

    numbers: Annotated[tyro.conf.Positional[tuple[int, ...]], option("NUMBER...")] = ()
    """Bug hunts to deal. Lists them all, if not given."""
    answer: bool = False
    """Tell the mistake and how it is mended, and deal nothing."""
    stub: bool = False
    """Deal the stub of a port in JAX alone."""
    check: bool = False
    """For instructors: whether each exercise, or each of these hunts, is judged as it should be."""
    images: tyro.conf.OmitArgPrefixes[DataOptions] = field(default_factory=DataOptions)

    def execute(self, context: Context) -> int:
        """Lists, deals, tells or checks; raises InputError, and RunFailedError for a bad patch."""
        from lessons.exercises import deal

        hunts = deal.read_hunts()
        first, last = min(hunts), max(hunts)
        for number in self.numbers:
            if number not in hunts:
                raise InputError(f"there is no hunt {number}: hunts are {first} to {last}")
        if self.answer + self.stub + self.check > 1 or (self.stub and self.numbers):
            raise InputError("give one of these: NUMBER, NUMBER --answer, --stub, --check")
        if self.images != DataOptions() and not self.check:
            raise InputError("--data and --data-dir are for --check: give them to `twins parity`")
        if self.answer and not self.numbers:
            raise InputError("--answer needs a hunt: `twins quiz 7 --answer` for instance")
        chosen = [hunts[number] for number in self.numbers]
        if self.check:
            return self._check(chosen or list(hunts.values()), context)
        if self.stub:
            write_new("my_port", deal.STUB)
            context.say(STUB.format(name="my_port", climb=CLIMB.format("my_port")))
        for hunt in chosen:
            if self.answer:
                context.say(f"rung: {hunt.rung}\n{hunt.explanation}\n{hunt.diff}")
                continue
            name = f"bug_hunt_{hunt.number}"
            write_new(name, hunt.program())
            context.say(HUNT.format(name=name, climb=CLIMB.format(name), number=hunt.number))
        if not (chosen or self.stub):
            context.say(BEGIN.format(first=first, last=last))
        return STATUS_DONE

    def _check(self, hunts: list, context: Context) -> int:
        from benchmarks.parity.shortened import ShortenedLadder
        from lessons.exercises import check
        from shared.data.dataset import split_and_scale

        dataset = split_and_scale(context.load_images(self.images), check.EXPERIMENT.dtype)
        ladder, are_right = ShortenedLadder(check.EXPERIMENT, dataset), []
        for verdict in check.check_exercises(ladder, hunts, stub=not self.numbers):
            context.say(f"{'✓' if verdict.is_right else '✗'} {verdict.text}")
            are_right.append(verdict.is_right)
        return STATUS_DONE if all(are_right) else STATUS_FAILED


def write_new(name: str, program: str) -> None:
    """Writes `NAME.py` into the current folder; raises InputError where it cannot, or is there."""
    try:
        with Path(f"{name}.py").open("x", encoding="utf-8") as file:
            file.write(program)
    except FileExistsError:
        raise InputError(f"{name}.py is there already: rename it or go elsewhere") from None
    except OSError as error:
        raise InputError(f"{name}.py cannot be written ({error.strerror}): go elsewhere") from None
