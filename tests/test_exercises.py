"""The exercises: each is judged as it should be, and `twins quiz` deals them."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from rich.console import Console

from benchmarks.options import Context, DataOptions
from benchmarks.parity.command import ParityCommand
from benchmarks.parity.results import ParityReport
from benchmarks.parity.rungs import RUNGS, rungs_within
from benchmarks.parity.shortened import ShortenedLadder
from benchmarks.parity.show import findings, parting_sentences
from benchmarks.runner.records import read_json
from lessons.exercises import check
from lessons.exercises.check import EXPERIMENT, STAGES, Verdict, check_exercises, climb
from lessons.exercises.command import QuizCommand
from lessons.exercises.deal import MENDED, STUB, Hunt, patched, read_hunts, stages_of_stub
from lessons.exercises.judge import smallest_port
from parity.compare import RungComparison
from shared.data.dataset import RawDataset, split_and_scale
from shared.errors import InputError, RunFailedError
from tests.command import made_context, twins
from tests.made_report import made_images

HUNTS = read_hunts()


@pytest.fixture(scope="module")
def ladder(raw_dataset: RawDataset) -> ShortenedLadder:
    return ShortenedLadder(EXPERIMENT, split_and_scale(raw_dataset, EXPERIMENT.dtype))


# What is judged.


def test_there_are_twelve_hunts_on_eight_rungs_and_no_two_alike():
    assert list(HUNTS) == list(range(1, 13))
    assert len({hunt.diff for hunt in HUNTS.values()}) == len(HUNTS)
    rungs = {hunt.rung for hunt in HUNTS.values()}
    assert len(rungs) >= 8
    assert rungs <= {rung.name for rung in rungs_within(1, "epoch: metrics")}


@pytest.mark.parametrize("number", HUNTS)
def test_a_hunt_has_an_explanation_and_short_lines(number: int):
    hunt = HUNTS[number]
    assert 2 <= len(re.findall(r"[.:] |\.$", hunt.explanation)) <= 6
    assert "Mend it by" in hunt.explanation.replace("\n", " ")
    assert max(map(len, hunt.program().splitlines())) <= 70


def test_programs_to_be_read_have_short_lines():
    assert max(map(len, "\n".join([MENDED, *stages_of_stub()]).splitlines())) <= 70


@pytest.fixture(scope="module")
def verdicts(ladder: ShortenedLadder) -> dict[str, Verdict]:
    """Of all exercises, by what they are of."""
    found = check_exercises(ladder, HUNTS.values(), stub=True)
    return {verdict.text.partition(":")[0]: verdict for verdict in found}


@pytest.mark.real_data
@pytest.mark.parametrize("number", HUNTS)
def test_a_hunt_is_rejected_at_its_rung(verdicts: dict[str, Verdict], number: int):
    found = verdicts[f"hunt {number}"]
    assert found == Verdict(f"hunt {number}: rejected at rung “{HUNTS[number].rung}”", True)


@pytest.mark.real_data
@pytest.mark.parametrize(("rung", "name"), STAGES)
def test_the_ladder_names_the_function_that_is_missing(verdicts, rung: str, name: str):
    """And passes what is below: it ends where a rung fails first."""
    found = verdicts[f"stub before {name}"]
    assert found == Verdict(f"stub before {name}: rejected at rung “{rung}”", True)


@pytest.mark.real_data
@pytest.mark.parametrize("what", ["hunts, mended", "stub, filled in"])
def test_what_is_right_passes(verdicts: dict[str, Verdict], what: str):
    assert verdicts[what] == Verdict(f"{what}: passed", True)


@pytest.mark.real_data
def test_a_stub_that_is_right_so_far_keeps_its_traceback_to_itself(ladder, capfd):
    (said,) = parting_sentences(climb(ladder, stages_of_stub()[1]))
    assert said.endswith("raised NotImplementedError: write `forward`; see shared/protocol.py")
    assert capfd.readouterr().err == ""


@pytest.mark.real_data
def test_a_hunt_that_another_rung_rejects_is_found(ladder: ShortenedLadder):
    hunt = replace(HUNTS[1], rung="probabilities")
    found = next(check_exercises(ladder, [hunt], stub=False))
    assert not found.is_right
    assert "first differ at rung “logits”" in found.text
    assert "expected: rejected at rung “probabilities”" in found.text


@dataclass(frozen=True)
class Ending:
    """A ladder whose climbs all end in the same way."""

    results: tuple[RungComparison, ...]

    def climb(self, _build) -> tuple[RungComparison, ...]:
        return self.results


def test_a_hunt_that_passes_and_a_mended_one_that_does_not_are_found():
    usual = {"pair": ("a:port", "oracle"), "difference": 0.0, "tolerance": 0.0, "parting": None}
    last = RungComparison(name=HUNTS[1].rung, passed=True, notes=(), **usual)
    for results in ((last,), (replace(last, passed=False, notes=("so",)),)):
        found = list(check_exercises(Ending(results), [HUNTS[1]], stub=False))  # pyright: ignore[reportArgumentType]
        assert [verdict.is_right for verdict in found] == [not results[0].passed, False]


@pytest.mark.parametrize(
    "changes", [{"hidden_sizes": (10,)}, {"batch_size": 64}, {"learning_rate": 0.1}], ids=str
)
def test_an_option_that_these_ports_do_not_have(changes: dict):
    with pytest.raises(InputError, match="leave out --" + next(iter(changes)).replace("_", "-")):
        smallest_port(replace(EXPERIMENT, **changes))


# Patches.


def test_a_patch_is_applied():
    diff = "--- a\n+++ b\n@@ -1,2 +1,3 @@\n one\n-two\n+2\n+2.5\n@@ -9 +9 @@\n-three\n+3\n"
    assert patched("one\ntwo\nthree\nfour\n", diff, "x.patch") == "one\n2\n2.5\n3\nfour\n"


@pytest.mark.parametrize("text", ["one\n2\n", "one\ntwo\none\ntwo\n"])
def test_a_patch_that_does_not_fit_is_an_error(text: str):
    with pytest.raises(RunFailedError, match=r"x\.patch no longer fits: [02] places"):
        patched(text, "--- a\n+++ b\n@@ -1,2 +1 @@\n one\n-two\n", "x.patch")


# The quiz.


@pytest.fixture
def quiz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs the command in a folder of its own; returns what it prints."""
    monkeypatch.chdir(tmp_path)

    def run(*numbers: int, status: int = 0, **options) -> str:
        console = Console(width=200)
        with console.capture() as said:
            command = QuizCommand(numbers=numbers, **options)
            assert command.execute(made_context(tmp_path, console)) == status
        return said.get()

    return run


def test_the_list_names_the_hunts_and_spoils_none(quiz):
    said = quiz()
    assert "Bug hunts 1 to 12" in said
    assert "twins quiz 7" in said
    assert "twins quiz --stub" in said
    assert not any(rung.name in said for rung in RUNGS if rung.name != "parameters")


@pytest.mark.parametrize("number", [1, 12])
def test_a_hunt_is_dealt_with_the_command_that_climbs(quiz, tmp_path: Path, number: int):
    said, path = quiz(number), tmp_path / f"bug_hunt_{number}.py"
    assert path.read_text() == HUNTS[number].program() != MENDED
    assert f"--impl bug_hunt_{number}:build" in said
    assert HUNTS[number].explanation not in said


def test_the_stub_is_dealt(quiz, tmp_path: Path):
    assert "--impl my_port:build" in quiz(stub=True)
    assert (tmp_path / "my_port.py").read_text() == STUB


def test_the_answer_is_told_and_nothing_dealt(quiz, tmp_path: Path):
    said = quiz(7, answer=True)
    assert HUNTS[7].rung in said
    assert HUNTS[7].explanation in said
    assert HUNTS[7].diff in said
    assert list(tmp_path.glob("*.py")) == []


@pytest.mark.parametrize(
    ("numbers", "options", "says"),
    [
        ((13,), {}, "there is no hunt 13: hunts are 1 to 12"),
        ((0,), {"answer": True}, "there is no hunt 0"),
        ((), {"answer": True}, "--answer needs a hunt"),
        ((3,), {"stub": True}, "give one of these"),
        ((3,), {"answer": True, "check": True}, "give one of these"),
        ((3,), {"images": DataOptions(data="stand-in")}, "are for --check"),
    ],
)
def test_bad_input_deals_nothing(quiz, tmp_path: Path, numbers, options: dict, says: str):
    with pytest.raises(InputError, match=says):
        quiz(*numbers, **options)
    assert list(tmp_path.glob("*.py")) == []


@pytest.mark.parametrize(("numbers", "name"), [((3,), "bug_hunt_3.py"), ((), "my_port.py")])
def test_nothing_that_is_there_is_overwritten(quiz, tmp_path: Path, numbers, name: str):
    (tmp_path / name).write_text("mine")
    with pytest.raises(InputError, match=f"{name} is there already"):
        quiz(*numbers, stub=not numbers)
    assert (tmp_path / name).read_text() == "mine"


def test_a_folder_that_is_gone(quiz, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(InputError, match=r"my_port\.py cannot be written \(No such file"):
        quiz(stub=True)


@pytest.mark.parametrize("is_right", [True, False])
def test_the_check_prints_a_line_each_and_fails_where_one_is_wrong(
    quiz, monkeypatch: pytest.MonkeyPatch, is_right: bool
):
    asked = []

    def checked(_ladder, hunts: list[Hunt], *, stub: bool) -> Iterator[Verdict]:
        asked.append(([hunt.number for hunt in hunts], stub))
        yield Verdict("one", is_right)
        yield Verdict("two", True)

    monkeypatch.setattr(check, "check_exercises", checked)
    monkeypatch.setattr(Context, "load_images", lambda *_: made_images())
    said = quiz(3, check=True, status=0 if is_right else 1)
    assert said.splitlines()[-2:] == [f"{'✓' if is_right else '✗'} one", "✓ two"]
    quiz(check=True, status=0 if is_right else 1)
    assert asked == [([3], False), (list(HUNTS), True)]


# Up to a rung.


@pytest.mark.parametrize(
    ("until", "num_epochs", "says"),
    [
        ("logit", 30, "unknown rung 'logit': --until takes one of these: parameters; logits; .*"),
        ("run: weights", 2, "rung 'run: weights' needs 3 epochs or more: give a larger --num-ep"),
    ],
)
def test_a_rung_that_is_not_reached_is_refused_at_once(
    until: str, num_epochs: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Context, "load_images", lambda *_: pytest.fail("images were loaded"))
    experiment = replace(EXPERIMENT, num_epochs=num_epochs)
    with pytest.raises(InputError, match=says):
        ParityCommand(until=until, experiment=experiment).execute(made_context(tmp_path))


def test_rungs_up_to_one():
    assert [rung.name for rung in rungs_within(1, "logits")] == ["parameters", "logits"]
    assert rungs_within(3, RUNGS[-1].name) == rungs_within(3) == RUNGS


def climbed(folder: Path, port: str, until: str, data: Path) -> CompletedProcess[str]:
    places = ("--data-dir", data, "--out", folder / "climb")
    options = ("--dtype", "float64", "--randomness", "shared", "--num-epochs", 1, "--until", until)
    return twins("parity", "--impl", f"{port}:build", *options, *places, cwd=folder)


@pytest.mark.slow
@pytest.mark.real_data
def test_nothing_beyond_the_rung_is_computed_or_claimed(
    fashion_mnist_directory: Path, tmp_path: Path
):
    (tmp_path / "my_port.py").write_text(stages_of_stub()[1])
    answer = climbed(tmp_path, "my_port", "parameters", fashion_mnist_directory)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    logs = [path.read_text() for path in (tmp_path / "climb").glob("*.log")]
    assert not any("write `forward`" in text for text in logs)
    report = read_json(tmp_path / "climb" / "parity.json", ParityReport)
    assert report.passed
    assert report.until == "parameters"
    assert report.not_reached == tuple(rung.name for rung in RUNGS[1:])
    (finding,) = findings(report)
    assert finding.text.startswith("PASS, up to rung “parameters”: 1 of 18 rungs.")
    assert "whether they are the same program is not known" in finding.text
    assert finding.outcome == "plain"
    assert finding.text in answer.stdout


@pytest.mark.slow
@pytest.mark.real_data
def test_a_student_hunts_and_mends(fashion_mnist_directory: Path, tmp_path: Path):
    assert twins("quiz", 3, cwd=tmp_path).returncode == 0
    again = twins("quiz", 3, cwd=tmp_path)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    rejected = climbed(tmp_path, "bug_hunt_3", "epoch: metrics", fashion_mnist_directory)
    assert rejected.returncode == 1, rejected.stderr
    assert "bug_hunt_3 and NumPy oracle first differ at rung “loss”" in rejected.stdout
    shutil.rmtree(tmp_path / "climb")
    program = tmp_path / "bug_hunt_3.py"
    program.write_text(program.read_text().replace("losses.sum() / 32", "losses.mean()"))
    passed = climbed(tmp_path, "bug_hunt_3", HUNTS[3].rung, fashion_mnist_directory)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "PASS, up to rung “loss”: 4 of 18 rungs." in passed.stdout
