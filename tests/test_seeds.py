"""`twins seeds`: what is stored, resumed, refused, computed and drawn."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.command_line import parse
from benchmarks.display import style
from benchmarks.implementations import title_of
from benchmarks.options import Context
from benchmarks.runner.output_folder import UNFINISHED
from benchmarks.runner.records import read_json
from benchmarks.runner.training import Seconds
from benchmarks.seeds import study, sweep
from benchmarks.seeds.analysis import accuracies_of, analyse, documented_test_accuracy
from benchmarks.seeds.command import SeedsCommand
from benchmarks.seeds.figure import DOCUMENTED_LABEL, draw_seeds, swarm
from benchmarks.seeds.options import ManySeedsExperiment
from benchmarks.seeds.results import SEEDS_SCHEMA_VERSION, SeedTraining, SweepResults
from benchmarks.seeds.statistics import equivalence_paired, equivalence_unpaired, summarise
from benchmarks.seeds.study import run_seeds
from benchmarks.seeds.training import SeedJob
from shared.data.dataset import DatasetDescription, RawDataset
from shared.errors import InputError, RunFailedError
from shared.experiment import MAXIMUM_SEED, Experiment
from shared.protocol import EpochMetrics, Evaluation
from tests.contexts import made_context

ROOT = Path(__file__).parent.parent
NAMES = ("keras", "jax")


def made_training(name: str, seed: int, num_epochs: int = 1) -> SeedTraining:
    """Plausible figures that depend on the implementation and the seed only."""
    generator = np.random.default_rng([seed, NAMES.index(name)])
    accuracy = 0.88 + 0.001 * int(generator.integers(0, 9))
    return SeedTraining(
        schema_version=SEEDS_SCHEMA_VERSION,
        implementation=name,
        seed=seed,
        device="cpu",
        history=tuple(
            EpochMetrics(
                epoch=epoch, loss=0.7, accuracy=accuracy, val_loss=0.6, val_accuracy=accuracy
            )
            for epoch in range(1, num_epochs + 1)
        ),
        test=Evaluation(loss=1.2 - accuracy, accuracy=float(np.float32(accuracy))),
        seconds=Seconds(import_=1.0, compile=1.0, epochs=(1.0,) * num_epochs),
        data_sha256="one and the same",
        git_commit="",
    )


def made_trainings(count: int, num_epochs: int) -> dict[str, tuple[SeedTraining, ...]]:
    return {
        name: tuple(made_training(name, seed, num_epochs) for seed in range(count))
        for name in NAMES
    }


def described(name: str = "fashion-mnist") -> DatasetDescription:
    return DatasetDescription(
        name=name,
        origin="made",
        sha256="",
        num_training=55_000,
        num_validation=5_000,
        num_test=10_000,
    )


def made_images(shade: int) -> RawDataset:
    return RawDataset(
        name="stand-in",
        origin="made",
        note="",
        train_images=np.full((6_000, 1, 1), shade, np.uint8),
        train_labels=np.zeros(6_000, np.uint8),
        test_images=np.full((10_000, 1, 1), shade, np.uint8),
        test_labels=np.zeros(10_000, np.uint8),
    )


class MadeTrainings:
    """Stands in for the child processes; knows what it trained, and may break down."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.trained: list[tuple[str, int]] = []
        self.breakdown: BaseException | None = None
        self.break_after = 0
        self.shade = 0
        monkeypatch.setattr(sweep, "run_side_by_side", self.run_side_by_side)
        monkeypatch.setattr(Context, "load_images", lambda *_: made_images(self.shade))

    def run_side_by_side(
        self, _function: object, jobs: list[tuple[SeedJob]], **_: object
    ) -> Iterator[tuple[int, SeedTraining]]:
        for index, (job,) in reversed(list(enumerate(jobs))):
            if self.breakdown is not None and len(self.trained) == self.break_after:
                raise self.breakdown
            self.trained.append((job.implementation, job.experiment.seed))
            yield index, made_training(job.implementation, job.experiment.seed)


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> MadeTrainings:
    return MadeTrainings(monkeypatch)


def run(
    *,
    out: Path | None = None,
    resume: Path | None = None,
    count: int = 3,
    first_seed: int = 0,
    **experiment,
) -> SweepResults:
    chosen = {"num_epochs": 1, "randomness": "shared"} | experiment
    command = SeedsCommand(
        experiment=ManySeedsExperiment(**chosen),
        count=count,
        first_seed=first_seed,
        processes=2,
        out=out,
        resume=resume,
    )
    return run_seeds(command, made_context(Path("none")))


def stored_state(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Bytes and time of change of each stored training."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in (folder / "trainings").iterdir()
    }


def all_names(count: int) -> set[str]:
    return {f"{name}-{seed}.json" for name in NAMES for seed in range(count)}


def test_a_sweep_stores_every_training_and_its_results(tmp_path: Path, trainings: MadeTrainings):
    results = run(out=tmp_path / "sweep")
    folder = tmp_path / "sweep"
    assert set(stored_state(folder)) == all_names(3)
    assert not (folder / UNFINISHED).exists()
    assert (folder / "figures" / "seeds.png").read_bytes().startswith(b"\x89PNG")
    assert read_json(folder / "seeds.json", SweepResults) == results
    assert results.seeds == (0, 1, 2)
    # Trainings ended in another order; the record has them by name and seed, so pairs match.
    assert [(each.implementation, each.seed) for each in results.trainings] == [
        (name, seed) for name in NAMES for seed in range(3)
    ]
    assert trainings.trained[0] == ("jax", 2)
    pair = results.statistics.equivalence[0]
    assert (pair.other, pair.reference) == ("jax", "keras")
    values = {name: accuracies_of(results.of(name), 10_000) for name in NAMES}
    assert pair.paired == equivalence_paired(values["jax"], values["keras"])
    assert pair.unpaired == equivalence_unpaired(values["jax"], values["keras"])
    assert results.statistics.test_accuracy["jax"] == summarise(values["jax"])


@pytest.mark.parametrize("breakdown", [KeyboardInterrupt(), RunFailedError("made to fail")])
def test_a_broken_sweep_keeps_what_is_finished_and_resumes_there(
    tmp_path: Path, trainings: MadeTrainings, breakdown: BaseException
):
    folder = tmp_path / "sweep"
    trainings.breakdown, trainings.break_after = breakdown, 2
    with pytest.raises(type(breakdown)):
        run(out=folder)
    assert (folder / UNFINISHED).exists()
    assert not (folder / "seeds.json").exists()
    before = stored_state(folder)
    assert len(before) == 2

    trainings.breakdown = None
    results = run(resume=folder)
    assert len(trainings.trained) == len(set(trainings.trained)) == 6, "nothing trained twice"
    assert {name: stored_state(folder)[name] for name in before} == before
    assert not (folder / UNFINISHED).exists()
    assert results.statistics == run(out=tmp_path / "in one go").statistics


def test_a_finished_sweep_grows_by_more_seeds(tmp_path: Path, trainings: MadeTrainings):
    folder = tmp_path / "sweep"
    run(out=folder, count=2)
    before = stored_state(folder)
    results = run(resume=folder, count=4)
    assert len(trainings.trained) == 8
    assert set(stored_state(folder)) == all_names(4)
    assert {name: stored_state(folder)[name] for name in before} == before
    assert results.statistics.test_accuracy["keras"].num_seeds == 4
    assert read_json(folder / "seeds.json", SweepResults) == results


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"num_epochs": 2}, "num epochs: stored 1, asked 2"),
        ({"randomness": "native"}, "randomness: stored shared, asked native"),
        ({"hidden_sizes": (4,)}, "hidden sizes"),
        ({"learning_rate": 0.02}, "learning rate"),
        ({"dtype": "float64"}, "dtype"),
        ({"count": 2}, "keras 2"),
        ({"first_seed": 1}, "keras 0"),
    ],
)
@pytest.mark.usefixtures("trainings")
def test_another_sweep_is_refused_and_left_as_it_was(tmp_path: Path, asked: dict, message: str):
    folder = tmp_path / "sweep"
    run(out=folder)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    with pytest.raises(InputError, match=message):
        run(resume=folder, **asked)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_other_images_are_refused(tmp_path: Path, trainings: MadeTrainings):
    run(out=tmp_path / "sweep")
    trainings.shade = 1
    with pytest.raises(InputError, match="images' sha256"):
        run(resume=tmp_path / "sweep")


@pytest.mark.usefixtures("trainings")
def test_other_versions_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run(out=tmp_path / "sweep")
    describe = study.describe_environment

    def with_another_jax(variables, typed):
        environment = describe(variables, typed)
        return replace(environment, packages=environment.packages | {"jax": "99"})

    monkeypatch.setattr(study, "describe_environment", with_another_jax)
    with pytest.raises(InputError, match=r"jax: stored .*, asked 99"):
        run(resume=tmp_path / "sweep")


@pytest.mark.usefixtures("trainings")
def test_a_folder_without_a_sweep_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="holds no sweep"):
        run(resume=tmp_path)
    with pytest.raises(InputError, match="holds no sweep"):
        run(resume=tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("trainings")
def test_an_existing_sweep_is_not_started_over_with_out(tmp_path: Path):
    run(out=tmp_path / "sweep")
    before = stored_state(tmp_path / "sweep")
    with pytest.raises(InputError, match="not empty"):
        run(out=tmp_path / "sweep")
    assert stored_state(tmp_path / "sweep") == before


@pytest.mark.parametrize("damage", ["truncated", "misnamed"])
@pytest.mark.usefixtures("trainings")
def test_a_damaged_training_is_named_not_used(tmp_path: Path, damage: str):
    run(out=tmp_path / "sweep")
    path = tmp_path / "sweep" / "trainings" / "jax-1.json"
    other = path.with_name("jax-0.json").read_bytes()
    path.write_bytes(path.read_bytes()[:50] if damage == "truncated" else other)
    with pytest.raises(InputError, match=r"jax-1\.json"):
        run(resume=tmp_path / "sweep")


def test_two_sweeps_in_one_folder_never_overwrite_each_other(
    tmp_path: Path, trainings: MadeTrainings, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "sweep"
    trainings.breakdown, trainings.break_after = KeyboardInterrupt(), 2
    with pytest.raises(KeyboardInterrupt):
        run(out=folder)
    trainings.breakdown = None
    before = stored_state(folder)
    # What another sweep stores after this one has looked.
    monkeypatch.setattr(sweep, "stored_trainings", lambda _: {})
    with pytest.raises(RunFailedError, match="only one"):
        run(resume=folder)
    assert stored_state(folder) == before


def test_trainings_on_different_data_are_not_compared(
    tmp_path: Path, trainings: MadeTrainings, monkeypatch: pytest.MonkeyPatch
):
    made = trainings.run_side_by_side

    def with_one_odd(*arguments, **options):
        for index, training in made(*arguments, **options):
            yield index, replace(training, data_sha256=f"{index == 0}")

    monkeypatch.setattr(sweep, "run_side_by_side", with_one_odd)
    with pytest.raises(RunFailedError, match="different data"):
        run(out=tmp_path / "sweep")


def test_accuracies_are_whole_images_not_float32():
    trainings = tuple(made_training("jax", seed) for seed in range(9))
    for training, accuracy in zip(trainings, accuracies_of(trainings, 10_000), strict=True):
        assert accuracy * 10_000 == pytest.approx(round(accuracy * 10_000), abs=1e-9)
        assert accuracy == pytest.approx(training.test.accuracy, abs=1e-6)


def test_documented_figures_are_located_in_the_documented_experiment_of_any_seed():
    experiment = Experiment(seed=0, randomness="shared")
    statistics = analyse(made_trainings(4, 30), experiment, described())
    assert statistics.why_not_applicable is None
    located = {(each.figure, each.implementation): each for each in statistics.documented}
    assert len(located) == 6 * len(NAMES)
    accuracy = located["test accuracy", "keras"]
    values = [training.test.accuracy for training in made_trainings(4, 30)["keras"]]
    assert accuracy.documented == 0.8824
    assert accuracy.sample == summarise(values)
    assert documented_test_accuracy(experiment, "fashion-mnist") == 0.8824


def test_of_another_number_of_epochs_only_the_first_epoch_is_documented():
    experiment = Experiment(seed=0, randomness="shared", num_epochs=2)
    statistics = analyse(made_trainings(4, 2), experiment, described())
    assert {each.figure for each in statistics.documented} == {
        "accuracy, epoch 1",
        "validation accuracy, epoch 1",
    }
    assert documented_test_accuracy(experiment, "fashion-mnist") is None


@pytest.mark.parametrize(
    ("change", "dataset_name"),
    [
        ({"hidden_sizes": (4,)}, "fashion-mnist"),
        ({"batch_size": 64}, "fashion-mnist"),
        ({}, "stand-in"),
    ],
)
def test_documented_figures_say_nothing_of_another_experiment(change: dict, dataset_name: str):
    experiment = Experiment(randomness="shared", **change)
    statistics = analyse(made_trainings(3, 30), experiment, described(dataset_name))
    assert statistics.documented == ()
    assert statistics.why_not_applicable
    assert documented_test_accuracy(experiment, dataset_name) is None


def drawn(tmp_path: Path, count: int, dataset_name: str, num_epochs: int) -> Any:
    """The figure of made trainings, as it was saved."""
    experiment = Experiment(randomness="shared", num_epochs=num_epochs)
    by_name = made_trainings(count, num_epochs)
    results = SweepResults(
        schema_version=SEEDS_SCHEMA_VERSION,
        experiment=experiment,
        environment=study.describe_environment({}, ()),
        dataset=described(dataset_name),
        seeds=tuple(range(count)),
        trainings=tuple(each for of_one in by_name.values() for each in of_one),
        statistics=analyse(by_name, experiment, described(dataset_name)),
    )
    figure = draw_seeds(results)
    style.save_figure(figure, tmp_path / "seeds.png", dataset_name)
    return figure


def test_the_figure_shows_every_seed_and_the_documented_value(tmp_path: Path):
    figure = drawn(tmp_path, count=7, dataset_name="fashion-mnist", num_epochs=30)
    by_seed, spread, differences, documented = figure.axes
    lines = {str(line.get_label()): line for line in by_seed.get_lines()}
    expected = {name: accuracies_of(of, 10_000) for name, of in made_trainings(7, 30).items()}
    for name in NAMES:
        line = lines[title_of(name)]
        assert list(line.get_xdata()) == list(range(7))
        np.testing.assert_allclose(line.get_ydata(), 100 * np.array(expected[name]))
    assert lines[f"{DOCUMENTED_LABEL}, 88.24 %"].get_ydata()[0] == pytest.approx(88.24)
    np.testing.assert_allclose(spread.get_lines()[0].get_ydata(), 100 * np.array(expected["keras"]))
    shown = next(line for line in differences.get_lines() if len(line.get_xdata()) == 7)
    np.testing.assert_allclose(
        shown.get_xdata(), 100 * np.subtract(expected["jax"], expected["keras"])
    )
    assert len(documented.get_yticks()) == 6
    assert figure.get_suptitle() == ""


def test_the_figure_of_the_stand_in_says_so(tmp_path: Path):
    figure = drawn(tmp_path, count=2, dataset_name="stand-in", num_epochs=1)
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
        (["--count", "1"], "--count takes"),
        (["--first-seed", str(MAXIMUM_SEED)], "--first-seed takes"),
        (["--first-seed", "-1"], "--first-seed takes"),
        (["--processes", "0"], "--processes takes"),
        (["--out", "a", "--resume", "b"], "one of the two"),
        (["--seed", "3"], "--seed"),
        (["--num-epochs", "0"], "number of epochs 0"),
    ],
)
def test_unusable_options_are_refused_in_one_line(arguments: list[str], message: str):
    with pytest.raises(InputError, match=message) as refusal:
        parse(["seeds", *arguments])
    assert "\n" not in str(refusal.value)
    assert "Error parsing" not in str(refusal.value)


def test_options_make_the_experiment_of_any_seed():
    chosen = parse(["seeds", "--num-epochs", "3", "--randomness", "native", "--count", "5"])
    assert isinstance(chosen, SeedsCommand)
    assert chosen.experiment.with_seed(7) == Experiment(num_epochs=3, randomness="native", seed=7)
    assert parse(["seeds"]) == SeedsCommand()
    assert SeedsCommand().experiment.with_seed(0) == Experiment(seed=0, randomness="shared")


TINY = ("--hidden-sizes", "4", "--num-epochs", "1", "--count", "2", "--data", "fashion-mnist")


def start_twins(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks", "seeds", *TINY, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


LONGEST_WAIT = 300
"""Seconds; a wait that ends a test which would hang, far above what any machine needs."""


def wait_for(condition, process: subprocess.Popen | None = None) -> None:
    """Waits until the condition holds, while the process runs if one is given; not for ever."""
    deadline = time.monotonic() + LONGEST_WAIT
    while not condition():
        if process is not None:
            assert process.poll() is None, process.communicate(timeout=120)[0]
        assert time.monotonic() < deadline, f"nothing came of it in {LONGEST_WAIT} seconds"
        time.sleep(0.05)


def members_of_group(group: int) -> list[int]:
    """The processes of a group that are no zombies."""
    members = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, its_group = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:  # it ended meanwhile
            continue
        if int(its_group) == group and state != "Z":
            members.append(int(path.parent.name))
    return members


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for orphans in /proc")
def test_a_real_sweep_is_interrupted_without_orphans_and_resumed(
    tmp_path: Path, fashion_mnist_directory: Path
):
    data = ("--data-dir", str(fashion_mnist_directory))
    folder = tmp_path / "sweep"
    process = start_twins(*data, "--out", str(folder))
    wait_for(lambda: list((folder / "trainings").glob("*.json")), process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does on Ctrl-C
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 130, output
    assert "interrupted" in output
    # Children end with their parent, not before it.
    wait_for(lambda: not members_of_group(process.pid))
    assert "KeyboardInterrupt" in (folder / UNFINISHED).read_text()
    before = stored_state(folder)
    assert 1 <= len(before) < 4

    process = start_twins(*data, "--resume", str(folder), "--num-epochs", "2")
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "num epochs: stored 1, asked 2" in output

    process = start_twins(*data, "--resume", str(folder))
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert f"resuming: {len(before)} of 4 trainings are stored" in output
    after = stored_state(folder)
    assert set(after) == all_names(2)
    assert {name: after[name] for name in before} == before
    assert not (folder / UNFINISHED).exists()
    check_real_results(read_json(folder / "seeds.json", SweepResults))


def check_real_results(results: SweepResults) -> None:
    assert results.dataset.name == "fashion-mnist"
    assert all(len(training.history) == 1 for training in results.trainings)
    assert len({training.data_sha256 for training in results.trainings}) == 1
    by_seed = {name: [each.test.loss for each in results.of(name)] for name in NAMES}
    # The same draws make nearly the same network, and other seeds another one.
    np.testing.assert_allclose(by_seed["keras"], by_seed["jax"], rtol=1e-3)
    assert abs(by_seed["jax"][0] - by_seed["jax"][1]) > 1e-2
    assert results.statistics.why_not_applicable is not None
