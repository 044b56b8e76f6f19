"""`twins seeds`: what is stored, resumed, refused, computed and drawn."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from benchmarks.command_line import parse
from benchmarks.display import style
from benchmarks.options import Context
from benchmarks.runner.output_folder import UNFINISHED
from benchmarks.runner.records import read_json
from benchmarks.seeds.command import ManySeedsExperiment, SeedsCommand
from benchmarks.seeds.figure import draw_seeds, swarm
from benchmarks.seeds.results import SweepResults, accuracies_of, analyse
from benchmarks.seeds.show import accuracy_table, documented_table, equivalence_table
from benchmarks.seeds.statistics import equivalence, summarise
from benchmarks.sweeps import sweep
from benchmarks.sweeps.crew import Pack
from benchmarks.sweeps.engine import Engine, News
from benchmarks.sweeps.sweep import SweepPlan
from benchmarks.sweeps.trainer import SeedTraining
from shared.data.dataset import RawDataset
from shared.documented import DOCUMENTED_FIGURES
from shared.errors import InputError, RunFailedError
from shared.experiment import MAXIMUM_SEED, Experiment
from tests.command import (
    PROGRAM,
    ROOT,
    ended_after,
    environment,
    group_is_gone,
    made_context,
    twins,
)

NAMES = ("keras", "jax")
MEASURED = read_json(ROOT / "benchmarks" / "results" / "seeds.json", SweepResults)
"""The sweep of the documents: 20 seeds of the documented experiment."""


def made_training(name: str, seed: int, data_sha256: str = "one and the same") -> SeedTraining:
    """What was measured with this seed, as if of other images."""
    return replace(MEASURED.of(name)[seed], data_sha256=data_sha256)


def made_images(shade: int) -> RawDataset:
    images, labels = np.full((10_000, 1, 1), shade, np.uint8), np.zeros(10_000, np.uint8)
    return RawDataset("stand-in", "made", images, labels, images, labels)


class MadeTrainings:
    """Stands in for the worker processes; knows what it trained, in the order of time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.trained: list[tuple[str, int]] = []
        self.meanwhile: Callable[[str, int], object] = lambda _name, _seed: None
        """Called during each training."""
        self.data_sha256: dict[str, str] = {}
        self.lost: set[tuple[str, int]] = set()
        self.shade, self.jax = 0, "1"
        """Of all images; the version installed."""
        described_environment = Context.describe_environment
        trainings = self

        def with_this_jax(context: Context):
            environment = described_environment(context)
            return replace(environment, packages=environment.packages | {"jax": self.jax})

        class MadeEngine(Engine):
            def __init__(self, *_: object) -> None:
                super().__init__()
                self.packs: list[Pack] = []

            def start(self, pack: Pack) -> None:
                self.packs.append(pack)

            def news(self) -> Iterator[News]:
                yield from map(trainings.train, reversed(self.packs))

            def close(self) -> None:
                self.packs = []

        monkeypatch.setattr(sweep, "LocalEngine", MadeEngine)
        monkeypatch.setattr(Context, "load_images", lambda *_: made_images(self.shade))
        monkeypatch.setattr(Context, "describe_environment", with_this_jax)

    def train(self, pack: Pack) -> News:
        ((name, seed),) = pack.keys
        self.meanwhile(name, seed)
        if (name, seed) in self.lost:
            return News(pack=pack, state="lost", worker="here", why="it was made to die")
        self.trained.append((name, seed))
        training = made_training(name, seed, self.data_sha256.get(name, "one and the same"))
        return News(pack=pack, state="done", worker="here", results=(training,))


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> MadeTrainings:
    return MadeTrainings(monkeypatch)


def run(
    folder: Path, place: str = "out", count=3, first_seed=0, console=None, **experiment
) -> SweepResults:
    """Runs a sweep into a new folder, or with "resume" goes on in it."""
    chosen: dict[str, Any] = {"num_epochs": 1} | experiment
    command = SeedsCommand(
        experiment=ManySeedsExperiment(**chosen), count=count, first_seed=first_seed, processes=2
    )
    replace(command, **{place: folder}).execute(made_context(Path("none"), console))
    return read_json(folder / "seeds.json", SweepResults)


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Bytes and time of change of each file."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def all_names(count: int) -> set[str]:
    return {f"{name}-{seed}" for name in NAMES for seed in range(count)}


def stored_names(folder: Path) -> set[str]:
    """The stored trainings by implementation and seed, without the digest of everything."""
    return {path.stem.rpartition("-")[0] for path in (folder / "trainings").iterdir()}


def test_a_sweep_stores_every_training_and_its_results(tmp_path: Path, trainings: MadeTrainings):
    folder = tmp_path / "sweep"
    results = run(folder)
    assert stored_names(folder) == all_names(3)
    assert not (folder / UNFINISHED).exists()
    assert (folder / "figures" / "seeds.png").read_bytes().startswith(b"\x89PNG")
    # Trainings ended in another order; the record has them by name and seed, so pairs match.
    assert [(each.implementation, each.seed) for each in results.trainings] == [
        (name, seed) for name in NAMES for seed in range(3)
    ]
    assert trainings.trained[0] == ("jax", 2)
    pair = results.statistics.equivalence[0]
    assert (pair.other, pair.reference) == ("jax", "keras")
    values = {name: accuracies_of(results.of(name), 10_000) for name in NAMES}
    assert pair.paired == equivalence("paired", values["jax"], values["keras"])
    assert pair.unpaired == equivalence("unpaired", values["jax"], values["keras"])
    # It is not started over, not even with the same options.
    before = state(folder)
    with pytest.raises(InputError, match="not empty"):
        run(folder)
    assert state(folder) == before


@pytest.mark.parametrize("breakdown", [KeyboardInterrupt(), RunFailedError("made to fail")])
def test_a_broken_sweep_resumes_and_grows(tmp_path: Path, trainings: MadeTrainings, breakdown):
    def break_down_in_the_third(_name: str, _seed: int) -> None:
        if len(trainings.trained) == 2:
            raise breakdown

    folder = tmp_path / "sweep"
    trainings.meanwhile = break_down_in_the_third
    with pytest.raises(type(breakdown)):
        run(folder)
    assert (folder / UNFINISHED).exists()
    assert not (folder / "seeds.json").exists()
    plan, before = state(folder)["sweep.json"], state(folder / "trainings")
    assert len(before) == 2

    trainings.meanwhile = lambda *_: None
    results = run(folder, "resume")
    assert len(trainings.trained) == len(set(trainings.trained)) == 6, "nothing trained twice"
    assert not (folder / UNFINISHED).exists()
    assert results.statistics == run(tmp_path / "in one go").statistics

    grown = run(folder, "resume", count=4)
    after = state(folder / "trainings")
    assert stored_names(folder) == all_names(4)
    assert after.items() >= before.items()
    assert state(folder)["sweep.json"] == plan
    assert grown.statistics.test_accuracy["keras"].num_seeds == 4


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"num_epochs": 2}, "num epochs: stored 1, asked 2"),
        ({"randomness": "native"}, "randomness: stored shared, asked native"),
        ({"count": 2}, "keras-2"),
        ({"first_seed": 1}, "keras-0"),
        ({"shade": 1}, "images' sha256"),
        ({"jax": "99"}, "jax: stored 1, asked 99"),
    ],
)
def test_another_sweep_is_refused(tmp_path: Path, trainings: MadeTrainings, asked, message):
    run(tmp_path)
    before = state(tmp_path)
    options = dict(asked)
    trainings.shade, trainings.jax = options.pop("shade", 0), options.pop("jax", "1")
    with pytest.raises(InputError, match=message):
        run(tmp_path, "resume", **options)
    assert state(tmp_path) == before


@pytest.mark.usefixtures("trainings")
def test_a_folder_without_a_sweep_is_refused(tmp_path: Path):
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(InputError, match="holds no sweep"):
            run(folder, "resume")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["truncated", "misnamed", "one number", "no longer there"])
def test_a_damaged_training_is_told_and_trained_anew(
    tmp_path: Path, trainings: MadeTrainings, damage: str, capsys
):
    results = run(tmp_path)
    (path,) = (tmp_path / "trainings").glob("jax-1-*")
    (other,) = (tmp_path / "trainings").glob("jax-0-*")
    before = path.read_bytes()
    match damage:
        case "truncated":
            path.write_bytes(before[:50])
        case "misnamed":
            path.write_bytes(other.read_bytes())
        case "one number":
            path.write_bytes(before.replace(b'"accuracy": 0.8', b'"accuracy": 0.7', 1))
            assert path.read_bytes() != before
        case "no longer there":
            path.unlink()
    trainings.trained = []
    resumed = run(tmp_path, "resume", console=Console(width=200))
    assert trainings.trained == [("jax", 1)]
    told = f"{path.name} is damaged, or of another training" in capsys.readouterr().out
    assert told == (damage != "no longer there")
    assert path.read_bytes() == before
    assert resumed.statistics == results.statistics


def test_what_is_lost_is_left_out_and_told_and_tried_again(
    tmp_path: Path, trainings: MadeTrainings, capsys
):
    trainings.lost = {("jax", 1)}
    results = run(tmp_path, console=Console(width=200))
    assert (results.seeds, results.lost) == ((0, 2), (1,))
    output = capsys.readouterr().out
    assert "lost after 4 attempts: JAX, seed 1; it was made to die" in output
    assert "seed 1 is left out" in output
    trainings.lost, trainings.trained = set(), []
    assert run(tmp_path, "resume").seeds == (0, 1, 2)
    assert trainings.trained == [("jax", 1)]

    trainings.lost = {("jax", seed) for seed in (0, 1)}
    with pytest.raises(RunFailedError, match="fewer than two seeds"):
        run(tmp_path / "another")


def test_trainings_on_different_data_are_not_compared(tmp_path: Path, trainings: MadeTrainings):
    trainings.data_sha256["jax"] = "another"
    with pytest.raises(RunFailedError, match="different data"):
        run(tmp_path)


def analysed(dataset_name: str = "fashion-mnist", **experiment) -> SweepResults:
    """The measured trainings as if they were of another experiment."""
    dataset = replace(MEASURED.dataset, name=dataset_name)
    changed = replace(MEASURED.experiment, **experiment)
    plan = SweepPlan(
        study="seeds", dataset=dataset, experiment=changed, environment=MEASURED.environment
    )
    statistics = analyse({name: MEASURED.of(name) for name in NAMES}, plan)
    return replace(MEASURED, dataset=dataset, statistics=statistics)


def test_the_tables_of_the_documents_can_be_computed_anew_from_the_trainings():
    for table in (accuracy_table, equivalence_table, documented_table):
        assert table(analysed()) == table(MEASURED)


def test_accuracies_are_whole_images_not_float32():
    trainings = MEASURED.of("jax")
    for training, accuracy in zip(trainings, accuracies_of(trainings, 10_000), strict=True):
        assert accuracy * 10_000 == pytest.approx(round(accuracy * 10_000), abs=1e-9)
        assert accuracy == pytest.approx(training.test.accuracy, abs=1e-6)


@pytest.mark.parametrize(
    ("change", "located"),
    [
        ({"seed": 7}, [figure.name for figure in DOCUMENTED_FIGURES]),
        ({"num_epochs": 2}, ["accuracy, epoch 1", "validation accuracy, epoch 1"]),
        ({"hidden_sizes": (4,)}, []),
        ({"dataset_name": "stand-in"}, []),
    ],
)
def test_documented_figures_are_located_in_their_experiment(change: dict, located: list[str]):
    statistics = analysed(**change).statistics
    places = [(each.figure, each.implementation) for each in statistics.documented]
    assert places == [(figure, name) for figure in located for name in NAMES]
    assert (statistics.why_not_applicable is None) == bool(located)
    for accuracy in statistics.documented:
        if accuracy.figure == "test accuracy":
            own = [each.test.accuracy for each in MEASURED.of(accuracy.implementation)]
            assert (accuracy.documented, accuracy.sample) == (0.8824, summarise(own))


def test_the_figure_shows_every_seed_and_the_documented_value():
    figure: Any = draw_seeds(MEASURED)
    by_seed, spread, differences, documented = figure.axes
    lines = {str(line.get_label()): line for line in by_seed.get_lines()}
    keras, jax = (100 * np.array(accuracies_of(MEASURED.of(name), 10_000)) for name in NAMES)
    np.testing.assert_allclose(lines["JAX"].get_ydata(), jax)
    assert lines["documented, 88.24 %"].get_ydata()[0] == pytest.approx(88.24)
    np.testing.assert_allclose(spread.get_lines()[0].get_ydata(), keras)
    shown = next(line for line in differences.get_lines() if len(line.get_xdata()) == 20)
    np.testing.assert_allclose(shown.get_xdata(), jax - keras)
    assert len(documented.get_yticks()) == 6


def test_the_figure_of_the_stand_in_says_so(tmp_path: Path):
    figure: Any = draw_seeds(analysed("stand-in"))
    style.save_figure(figure, tmp_path / "seeds.png", "stand-in")
    assert figure.get_suptitle() == style.STAND_IN_STAMP
    assert len(figure.axes) == 3, "no panel of documented figures"


@pytest.mark.parametrize("count", [2, 25, 400])
def test_a_swarm_keeps_equal_values_apart_and_in_its_lane(count: int):
    for values in (np.full(count, 0.88), np.linspace(0.8, 0.9, count)):
        shifts = swarm(values)
        assert len({*zip(values, shifts, strict=True)}) == count
        assert np.abs(shifts).max() <= 0.25 + 1e-12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--randomness", "published"], "no distribution"),
        (["--first-seed", str(MAXIMUM_SEED)], "--first-seed takes"),
        (["--first-seed", "-1"], "--first-seed takes"),
        (["--processes", "0"], "--processes takes"),
        (["--seeds-at-once", "0"], "--seeds-at-once takes"),
        (["--seeds-at-once", "2", "--randomness", "native"], "--randomness shared"),
        (["--out", "a", "--resume", "b"], "one of the two"),
        (["--num-epochs", "0"], "number of epochs 0"),
    ],
)
def test_unusable_options_are_refused_in_one_line(arguments: list[str], message: str):
    with pytest.raises(InputError, match=message) as refusal:
        parse(["seeds", *arguments])
    assert "\n" not in str(refusal.value)
    assert "Error parsing" not in str(refusal.value)


@pytest.mark.usefixtures("trainings")
def test_options_make_the_experiment_of_the_first_seed(tmp_path: Path):
    arguments = ("--num-epochs", "3", "--randomness", "native", "--count", "2", "--first-seed", "7")
    command = parse(["seeds", *arguments, "--out", str(tmp_path)])
    command.execute(made_context(Path("none")))
    plan = read_json(tmp_path / "sweep.json", SweepPlan)
    assert plan.experiment == Experiment(num_epochs=3, randomness="native", seed=7)
    assert parse(["seeds"]) == SeedsCommand(experiment=ManySeedsExperiment(randomness="shared"))


@pytest.mark.slow
@pytest.mark.real_data
def test_a_real_sweep_is_interrupted_and_resumed(tmp_path: Path, fashion_mnist_directory: Path):
    folder = tmp_path / "sweep"
    tiny = ("seeds", "--hidden-sizes", "4", "--num-epochs", "1", "--count", "2")
    options = (*tiny, "--data-dir", str(fashion_mnist_directory))
    command = [*PROGRAM, *options, "--out", str(folder)]
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    # A session of its own: its process group is the program and its children, no one else.
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment(), start_new_session=True, **piped
    )
    assert process.stdout is not None
    with ended_after(process):
        assert any(line.startswith("1 of 4: ") for line in process.stdout)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does on Ctrl-C
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 130, output
    assert "interrupted" in output
    assert group_is_gone(process.pid)
    assert "interrupted" in (folder / UNFINISHED).read_text()
    before = state(folder / "trainings")
    assert 1 <= len(before) < 4

    answer = twins(*options, "--resume", folder, cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert f"resuming: {len(before)} of 4 trainings are stored" in answer.stdout
    after = state(folder / "trainings")
    assert stored_names(folder) == all_names(2)
    assert after.items() >= before.items()
    assert not (folder / UNFINISHED).exists()

    results = read_json(folder / "seeds.json", SweepResults)
    assert results.dataset.name == "fashion-mnist"
    losses = {name: [each.test.loss for each in results.of(name)] for name in NAMES}
    # The same draws make nearly the same network, and other seeds another one.
    np.testing.assert_allclose(losses["keras"], losses["jax"], rtol=1e-3)
    assert abs(losses["jax"][0] - losses["jax"][1]) > 1e-2
