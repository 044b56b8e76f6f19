"""What a machine may do to the program: signals, closed or full outputs, poor terminals."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.runner.output_folder import UNFINISHED, why_unfinished
from tests.command import PROGRAM, ROOT, ended_after, environment, group_is_gone

RESULTS = ROOT / "benchmarks" / "results"
TINY = ("--hidden-sizes", "1", "--randomness", "shared", "--impl", "jax", "--out", "out")


def shell(line: str, cwd: Path, **changes: str) -> subprocess.CompletedProcess[bytes]:
    """Runs a line of a shell in which `twins` is the program."""
    defined = f'twins() {{ {" ".join(PROGRAM)} "$@"; }}; {line}'
    variables = environment(**changes)
    command = ["bash", "-c", defined]
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, check=False)


@pytest.fixture
def tiny_run(fashion_mnist_directory: Path) -> str:
    """What is typed after `twins` for a run of one epoch, the last word."""
    words = (
        "run",
        *TINY,
        "--data-dir",
        fashion_mnist_directory,
        "--batch-size 5000 --num-epochs 1",
    )
    return " ".join(map(str, words))


@pytest.fixture
def long_run(fashion_mnist_directory: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run that would take long, an epoch into it."""
    words = ("run", *TINY, "--data-dir", fashion_mnist_directory, "--num-epochs", "1000")
    with subprocess.Popen(
        [*PROGRAM, *map(str, words)],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        with ended_after(process):
            assert any("epoch 1 of" in line for line in process.stdout)
            yield process
        process.kill()


# Signals.


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_run_as_ctrl_c_does_and_a_second_one_changes_nothing(
    long_run: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
):
    while long_run.poll() is None:
        long_run.send_signal(number)
        time.sleep(0.01)
    _, errors = long_run.communicate()
    assert long_run.returncode == 128 + number
    assert errors == f"twins: ended by {number.name}; what is finished was kept\n"
    assert group_is_gone(long_run.pid)
    told = f"`twins run` was not finished: ended by {number.name}"
    assert why_unfinished(tmp_path / "out") == told


def test_a_signal_that_was_ignored_before_stays_ignored(tmp_path: Path):
    script = (
        "import os, signal; from benchmarks.__main__ import main\n"
        "main(['walk'])\n"
        "for number in (signal.SIGHUP, signal.SIGINT): os.kill(os.getpid(), number)\n"
        "print('went on')"
    )
    line = f"trap '' HUP INT; exec {PROGRAM[0]} -c \"{script}\""
    answer = shell(line, tmp_path)
    assert answer.stdout == b"went on\n"


# Standard streams.


@pytest.mark.parametrize("words", ["--help", "run --help", "--version", "lessons"])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_that_lacks_letters_is_shown_the_others(
    tmp_path: Path, words: str, encoding: str
):
    answer = shell(f"twins {words}", tmp_path, PYTHONIOENCODING=encoding)
    assert (answer.returncode, answer.stderr) == (0, b"")
    assert answer.stdout.decode(encoding)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("run --num-epoch 3", "twins: Unrecognized options: --num-epoch, 3; perhaps you meant "),
        ("walk", "twins: Unrecognized options: walk; commands are run, "),
        ("run --dtype x", "twins: invalid choice 'x' for argument '--dtype'. Expected one of "),
    ],
)
def test_a_complaint_is_the_same_in_ascii(tmp_path: Path, words: str, told: str):
    answers = [shell(f"twins {words}", tmp_path, PYTHONIOENCODING=e) for e in ("utf-8", "ascii")]
    assert answers[0].stderr == answers[1].stderr
    assert answers[0].stderr.decode().startswith(told)
    assert "---" not in answers[0].stderr.decode()


@pytest.mark.slow
@pytest.mark.real_data
def test_a_run_in_the_plainest_locale_with_its_output_closed_is_done_silently(
    tmp_path: Path, tiny_run: str
):
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    answer = shell(f"twins {tiny_run} >&-", tmp_path, **plain)
    assert (answer.returncode, answer.stderr) == (0, b"")
    assert (tmp_path / "out" / "report.html").stat().st_size > 0
    assert why_unfinished(tmp_path / "out") == ""


@pytest.mark.parametrize("words", ["--help", "--version", "lessons"])
def test_an_output_that_is_closed_is_no_fault_and_one_that_is_full_is(tmp_path: Path, words: str):
    closed = shell(f"twins {words} >&-; echo $?; twins {words} >&- 2>&-; echo $?", tmp_path)
    assert (closed.stdout, closed.stderr) == (b"0\n0\n", b"")
    full = shell(f"twins {words} >/dev/full", tmp_path)
    told = b"twins: standard output cannot be written (No space left on device)\n"
    assert (full.returncode, full.stderr) == (1, told)


@pytest.mark.real_data
def test_an_output_that_fills_up_is_not_put_down_to_the_folder(tmp_path: Path, tiny_run: str):
    answer = shell(f"twins {tiny_run} >/dev/full", tmp_path)
    assert answer.returncode == 1
    assert answer.stderr.startswith(b"twins: standard output cannot be written")


@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full"])
def test_a_complaint_that_nobody_hears_keeps_its_status(tmp_path: Path, where: str):
    answer = shell(f"twins walk {where}", tmp_path)
    assert (answer.returncode, answer.stdout) == (2, b"")


def test_no_file_is_opened_in_the_place_of_a_closed_stream(tmp_path: Path):
    script = (
        "from benchmarks.__main__ import main; main(['walk']); print(open('/dev/null').fileno())"
    )
    answer = shell(
        f'exec 3>&1; exec {PROGRAM[0]} -c "{script}; import os; '
        "os.write(3, b'%d' % open('/dev/null').fileno())\" <&- >&- 2>&-",
        tmp_path,
    )
    assert int(answer.stdout) > 3


# A full disk: a limit on the size of files, which needs no file system of its own.


def assert_no_room(answer: subprocess.CompletedProcess[bytes], out: Path) -> None:
    told = r"twins: the output folder out cannot be written any more \(File too large\); .*\n"
    assert answer.returncode == 1
    assert re.fullmatch(told, answer.stderr.decode())
    assert "cannot be written any more" in why_unfinished(out)
    assert not list(out.rglob("*.partial"))


def test_a_report_for_which_there_is_no_room_is_one_line(tmp_path: Path):
    line = f"ulimit -f 8; twins report {RESULTS / 'drift.json'} --out out"
    assert_no_room(shell(line, tmp_path), tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [UNFINISHED]


@pytest.mark.real_data
def test_a_run_for_which_there_is_no_room_is_one_line(tmp_path: Path, tiny_run: str):
    assert_no_room(shell(f"ulimit -f 2; twins {tiny_run}", tmp_path), tmp_path / "out")


def test_no_room_for_the_marker_itself_is_one_line(tmp_path: Path):
    answer = shell(f"ulimit -f 0; twins report {RESULTS / 'drift.json'} --out out", tmp_path)
    assert (answer.returncode, answer.stderr.count(b"\n")) == (1, 1)
    assert answer.stderr.startswith(b"twins: the output folder out cannot be written (File too")


@pytest.mark.parametrize(
    "words",
    [
        *(
            "report LONG",
            "report . --out LONG",
            "predict LONG --weights LONG",
            "data --data-dir LONG",
        ),
        *("swap --run LONG", "run --out LONG", "speed --against LONG"),
    ],
)
def test_a_name_that_no_file_can_have_is_bad_input(tmp_path: Path, words: str):
    answer = shell(f"twins {words.replace('LONG', 'n' * 300)}", tmp_path)
    assert (answer.returncode, answer.stderr.count(b"\n")) == (2, 1), answer.stderr


# Memory.


@pytest.mark.parametrize("words", ["data", "report .", "run", "parity", "predict a.png"])
def test_too_little_memory_is_one_line_with_what_is_needed(tmp_path: Path, words: str):
    answer = shell(f"ulimit -v 300000; twins {words}", tmp_path)
    assert answer.returncode == 1
    name = words.partition(" ")[0]
    told = rf"twins: `twins {name}` may take [\d,]+ MB of address space, and .*\n"
    assert re.fullmatch(told, answer.stderr.decode())
    assert list(tmp_path.iterdir()) == []
