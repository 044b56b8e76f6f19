"""Sweeps: both engines alike, what a lost worker or driver leaves, and what is refused."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.command_line import parse
from benchmarks.display.tables import to_markdown
from benchmarks.runner.environment import describe_environment
from benchmarks.runner.processes import run_in_process
from benchmarks.runner.records import read_json
from benchmarks.seeds.measure import SeedTrainer
from benchmarks.seeds.results import SweepResults
from benchmarks.sweeps.cluster import ClusterEngine
from benchmarks.sweeps.crew import Pack, Work
from benchmarks.sweeps.engine import Engine, LocalEngine, News
from benchmarks.sweeps.sweep import SweepPlan
from shared.data.dataset import RawDataset, describe
from shared.data.stand_in import make_stand_in
from shared.errors import InputError, RunFailedError
from shared.experiment import Experiment
from tests.cluster_figures import (
    RESULTS,
    ClusterFigures,
    ClusterLimits,
    KilledSweeps,
    cluster_table,
)
from tests.command import PROGRAM, ROOT, ended_after, environment, group_is_gone, twins
from tests.dask_cluster import Cluster, dask_cluster
from tests.made_trainer import MadeTrainer, wait_with

pytestmark = pytest.mark.slow

TINY = ("--hidden-sizes", "1", "--num-epochs", "1", "--batch-size", "5000")
COMMON = ("dataset", "experiment", "environment")
SEEDS = ("seeds", *TINY, "--count", "2", "--data", "stand-in")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with dask_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


def made_images() -> RawDataset:
    images, labels = np.full((10_000, 1, 1), 7, np.uint8), np.zeros(10_000, np.uint8)
    return RawDataset("stand-in", "made", images, labels, images, labels)


def made_plan() -> SweepPlan:
    return SweepPlan(
        study="seeds",
        dataset=describe(made_images()),
        experiment=Experiment(),
        environment=describe_environment({}, ()),
    )


@pytest.fixture(params=["local", "cluster"])
def open_engine(request, tmp_path: Path) -> Callable[[], Engine]:
    work = Work(make=MadeTrainer, raw=made_images(), settings=(tmp_path,))
    if request.param == "local":
        return lambda: LocalEngine(work, tmp_path, 2)
    address = request.getfixturevalue("cluster").address
    return lambda: ClusterEngine(address, work, made_plan())


def hear(engine: Engine, *packs: Pack) -> list[News]:
    for pack in packs:
        engine.submit(pack)
    return list(engine.news())


def process_ids(folder: Path, key: str) -> list[int]:
    return [int(line) for line in (folder / key).read_text().split()]


def test_engines_train_packs_in_processes_that_stay(open_engine, tmp_path: Path):
    keys = [f"seed {number}" for number in range(6)]
    with closing(open_engine()) as engine:
        packs = [Pack(implementation="jax", keys=(key,)) for key in keys]
        news = hear(engine, *packs, Pack(implementation="jax", keys=("one", "two")))
        results = [result for each in news for result in each.results]
        assert sorted(results) == sorted(f"jax {key} 7" for key in [*keys, "one", "two"])
        assert [each.state for each in news].count("epoch") == 8
        served = {number for key in keys for number in process_ids(tmp_path, key)}
        assert len(served) <= 2
        # Two frameworks never share a process.
        hear(engine, Pack(implementation="keras", keys=("other",)))
        assert not {*process_ids(tmp_path, "other")} & served


def test_a_pack_is_tried_four_times_then_the_sweep_goes_on_without_it(open_engine, tmp_path):
    with closing(open_engine()) as engine:
        packs = [Pack(implementation="jax", keys=(key,)) for key in ("die", "live")]
        news = hear(engine, *packs)
    assert len(set(process_ids(tmp_path, "die"))) == 4
    lost = [each for each in news if each.state == "lost"]
    assert [each.pack.keys for each in lost] == [("die",)]
    assert "the process ended with status -9" in lost[0].why
    assert [each.results for each in news if each.state == "done"] == [("jax live 7",)]


def test_a_training_that_fails_ends_the_sweep(open_engine, tmp_path: Path):
    with (
        closing(open_engine()) as engine,
        pytest.raises(RunFailedError, match="the training diverged"),
    ):
        hear(engine, Pack(implementation="jax", keys=("diverge",)))
    assert len(process_ids(tmp_path, "diverge")) == 1, "tried again in vain"


def test_a_closed_engine_leaves_no_process(open_engine, tmp_path: Path):
    with closing(open_engine()) as engine:
        engine.submit(Pack(implementation="jax", keys=("wait",)))
        for news in engine.news():
            if news.state == "epoch":
                break
    (process_id,) = process_ids(tmp_path, "wait")
    for _ in range(100):
        if not Path(f"/proc/{process_id}").exists():
            return
        time.sleep(0.1)
    pytest.fail("the process still waits")


def test_a_scheduler_that_is_lost_ends_the_sweep(tmp_path: Path):
    work = Work(make=MadeTrainer, raw=made_images(), settings=(tmp_path,))
    with (
        dask_cluster(tmp_path, num_workers=1) as own,
        closing(ClusterEngine(own.address, work, made_plan())) as engine,
    ):
        engine.submit(Pack(implementation="jax", keys=("wait",)))
        news = engine.news()
        assert {next(news).state, next(news).state} == {"started", "epoch"}
        assert own.scheduler is not None
        own.scheduler.kill()
        with pytest.raises(RunFailedError, match="is lost; what is trained is stored"):
            next(news)


def test_workers_of_other_versions_are_refused_and_listed(cluster: Cluster, tmp_path: Path):
    plan, work = made_plan(), Work(make=MadeTrainer, raw=made_images(), settings=(tmp_path,))
    packages = plan.environment.packages | {"jax": "99", "flax": "98"}
    other = replace(plan, environment=replace(plan.environment, packages=packages))
    with pytest.raises(InputError, match=r"flax .*the driver 98; .*jax .*the driver 99") as refusal:
        ClusterEngine(cluster.address, work, other)
    assert "optax" not in str(refusal.value)


def test_a_cluster_that_cannot_be_used_is_one_line(tmp_path: Path):
    address = "tcp://127.0.0.1:9"
    answer = twins(*SEEDS, "--cluster", address, "--out", "out", cwd=tmp_path)
    assert answer.returncode == 2
    assert answer.stderr.startswith(f"twins: no Dask scheduler answers at {address} (")
    assert answer.stderr.count("\n") == 1, answer.stderr
    assert not (tmp_path / "out").exists()
    work = Work(make=MadeTrainer, raw=made_images(), settings=())
    (tmp_path / "scheduler.json").write_text('{"address": 1}')
    for place in ("nonsense", str(tmp_path / "scheduler.json")):
        with pytest.raises(InputError, match=f"no Dask scheduler answers at {place}"):
            ClusterEngine(place, work, made_plan())
    with pytest.raises(InputError, match="give one of the two"):
        parse([*SEEDS, "--cluster", address, "--processes", "2"])


def same_table(one: SweepResults, other: SweepResults) -> bool:
    """To the last bit, whatever the seconds and the order of time."""
    return one.statistics == other.statistics and [
        (each.implementation, each.seed, each.history, each.test) for each in one.trainings
    ] == [(each.implementation, each.seed, each.history, each.test) for each in other.trainings]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> SweepResults:
    """The sweep on this machine's cores, which no one disturbs."""
    folder = tmp_path_factory.mktemp("unbroken")
    answer = twins(*SEEDS, "--out", folder, cwd=folder)
    assert answer.returncode == 0, answer.stderr
    return read_json(folder / "seeds.json", SweepResults)


def test_worker_and_driver_are_killed_and_the_table_is_the_same(
    cluster: Cluster, unbroken: SweepResults, tmp_path: Path
):
    command = [*PROGRAM, *SEEDS, "--cluster", cluster.address]
    driver = subprocess.Popen(
        [*command, "--out", "out"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert driver.stdout is not None
    with ended_after(driver):
        assert any(line.startswith("1 of 4: ") for line in driver.stdout)
        cluster.kill_worker("a")
        os.killpg(driver.pid, signal.SIGKILL)
        driver.communicate()
    cluster.start_worker("a")
    assert group_is_gone(driver.pid)

    answer = twins(*SEEDS, "--cluster", cluster.address, "--resume", "out", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert "of 4 trainings are stored" in answer.stdout
    assert same_table(read_json(tmp_path / "out" / "seeds.json", SweepResults), unbroken)


def test_a_second_driver_in_a_folder_is_refused(tmp_path: Path):
    driver = subprocess.Popen(
        [*PROGRAM, *SEEDS, "--out", "out"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert driver.stdout is not None
    with ended_after(driver):
        while not (tmp_path / "out" / "sweep.json").exists():
            time.sleep(0.1)
        answer = twins(*SEEDS, "--resume", "out", cwd=tmp_path)
        os.killpg(driver.pid, signal.SIGKILL)
        driver.communicate()
    assert answer.returncode == 2
    assert f"process {driver.pid} on " in answer.stderr


def children_with(log: Path) -> Iterator[int]:
    """This process's children that print to the log."""
    command = ["pgrep", "-P", str(os.getpid())]
    children = subprocess.run(command, capture_output=True, text=True, check=False)
    for child in children.stdout.split():
        output = Path(f"/proc/{child}/fd/1")
        with suppress(OSError):
            if output.readlink() == log:
                yield int(child)


def test_a_worker_that_dies_in_its_first_second_never_hangs_its_parent(tmp_path: Path):
    array = np.zeros(5_000_000)  # more than a pipe holds

    def kill(log: Path, delay: float) -> None:
        while not (children := [*children_with(log)]):
            time.sleep(0.002)
        time.sleep(delay)
        for child in children:
            os.kill(child, signal.SIGKILL)

    def train_and_kill(delay: float) -> str:
        log = tmp_path / f"{delay:.2f}.log"
        threading.Thread(target=kill, args=(log, delay)).start()
        try:
            run_in_process(wait_with, array, log=log)
        except RunFailedError as error:
            return str(error).partition(";")[0]
        return "was not killed"

    with ThreadPoolExecutor(5) as threads:
        outcomes = list(threads.map(train_and_kill, np.arange(0, 1, 0.02)))
    assert set(outcomes) == {"the process ended with status -9"}


def test_seeds_trained_at_once_are_the_same(unbroken: SweepResults, tmp_path: Path):
    arrays = (*make_stand_in(6_000, stream=0), *make_stand_in(1_000, stream=1))
    raw, expected = RawDataset("stand-in", "made", *arrays), unbroken.of("jax")
    plan = SweepPlan(**{name: getattr(unbroken, name) for name in COMMON}, study="seeds")
    # More than there are: some are trained in vain.
    work = Work(make=SeedTrainer, raw=raw, settings=(plan, 3))
    pack = Pack(implementation="jax", keys=tuple(("jax", seed) for seed in unbroken.seeds))
    with closing(LocalEngine(work, tmp_path, 1)) as engine:
        (results,) = [each.results for each in hear(engine, pack) if each.state == "done"]
    assert [(each.history, each.test) for each in results] == [
        (each.history, each.test) for each in expected
    ]


def test_the_document_says_what_was_measured():
    document = (ROOT / "docs" / "cluster.md").read_text()
    figures = read_json(RESULTS / "cluster.json", ClusterFigures)
    assert to_markdown(cluster_table(figures)) in document
    assert all(sweep.is_same for sweep in figures.sweeps[1:])
    killed = read_json(RESULTS / "killed-sweeps.json", KilledSweeps)
    assert f"{killed.num_same} of {len(killed.killed)} random moments" in document
    assert killed.num_same == len(killed.killed)
    limits = read_json(RESULTS / "cluster-limits.json", ClusterLimits)
    for rate in (limits.tasks_per_second, limits.trainings_per_second, limits.stored_per_second):
        assert f"{rate:,.0f}" in document
