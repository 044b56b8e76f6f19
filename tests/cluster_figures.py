"""Measures what sweeps cost on this machine and what kills leave of them.

`python -m tests.cluster_figures costs` writes `benchmarks/results/cluster.json`; give the machine
nothing else to do meanwhile. `kills` writes `killed-sweeps.json` there, `limits` writes
`cluster-limits.json`. With `drive FOLDER ADDRESS COUNT HIDDEN_SIZE` it is one driver.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Literal

import msgspec
from distributed import Client

from benchmarks.__main__ import execute
from benchmarks.display.tables import NO_VALUE, Table
from benchmarks.implementations import build_implementation
from benchmarks.options import Context, SweepOptions
from benchmarks.runner.output_folder import output_folder, resumed_folder
from benchmarks.runner.processes import Report, pin_to_core, run_side_by_side, usable_cores
from benchmarks.runner.records import Record, check, read_json, write_json
from benchmarks.seeds.measure import SeedTrainer, wanted_trainings
from benchmarks.seeds.results import SweepResults
from benchmarks.sweeps.cluster import ClusterEngine
from benchmarks.sweeps.crew import Pack, Work
from benchmarks.sweeps.store import Store
from benchmarks.sweeps.sweep import Sweep, SweepPlan, identity_of
from benchmarks.sweeps.trainer import SeedTraining, describe_training
from shared.data.dataset import RawDataset, describe, split_and_scale
from shared.draws import draw_shared
from shared.experiment import Experiment
from tests.command import ROOT, environment
from tests.dask_cluster import Cluster, dask_cluster

RESULTS = ROOT / "benchmarks" / "results"
LOCAL = "local"
DRIVEN = Experiment(num_epochs=1, randomness="shared")
NUM_SEEDS, NUM_MOMENTS, NUM_BARE = 1_000, 30, 60
SMALL, SECONDS_OF_SMALL = (8, 10), 15.0
"""Seeds and hidden units of a small sweep, and how long one takes at most, start-up included."""
SECONDS_BETWEEN_KILLS = 30.0
DONE = "table.json"
"""What every training reached: history and test, seed by seed, without times."""


@dataclass(frozen=True, kw_only=True)
class MeasuredSweep:
    """One way to train the same seeds.

    seconds: wall-clock time, from the driver's first start to its last end.
    is_same: whether every training is that of the first way, to the last bit; None for that.
    """

    name: str
    num_trainings: int
    seconds: float
    num_workers_killed: int
    num_drivers_killed: int
    is_same: bool | None


@dataclass(frozen=True, kw_only=True)
class KilledSweeps(Record):
    """Small sweeps of which driver, worker or both were killed at a random moment.

    killed: who was, sweep by sweep.
    num_same: how many of them ended, resumed, with every training identical.
    """

    study: Literal["killed sweeps"] = "killed sweeps"
    killed: tuple[str, ...]
    num_same: int


@dataclass(frozen=True, kw_only=True)
class ClusterFigures(Record):
    """Sweeps of the port on one machine, in several ways.

    bare_seconds: of one core for one training, in a plain loop without a sweep.
    """

    study: Literal["cluster"] = "cluster"
    bare_seconds: float
    sweeps: tuple[MeasuredSweep, ...]

    def __post_init__(self) -> None:
        check(bool(self.sweeps) and self.bare_seconds > 0, "no sweep, or nothing to compare with")

    def overhead(self, sweep: MeasuredSweep) -> float:
        """How much longer a core takes for a training than in a plain loop, as a share."""
        seconds = sweep.seconds * self.environment.num_cores / sweep.num_trainings
        return seconds / self.bare_seconds - 1


@dataclass(frozen=True, kw_only=True)
class ClusterLimits(Record):
    """How many trainings a second pass where each takes no time, on two workers of a thread.

    tasks_per_second: of Dask alone, which calls `int`.
    trainings_per_second: of the cluster's engine, each sent to a process that does nothing.
    stored_per_second: results that the driver writes, each to its file.
    """

    study: Literal["cluster limits"] = "cluster limits"
    tasks_per_second: float
    trainings_per_second: float
    stored_per_second: float


def cluster_table(figures: ClusterFigures) -> Table:
    """One row for each way to train the same seeds."""
    return Table(
        "cluster",
        f"{figures.sweeps[0].num_trainings:,} seeds of the port, one epoch, on "
        f"{figures.environment.num_cores} cores; a core alone takes {figures.bare_seconds:.2f} s",
        ("sweep", "seconds", "overhead", "workers killed", "drivers killed", "trainings"),
        [
            (
                sweep.name,
                f"{sweep.seconds:.0f}",
                f"{figures.overhead(sweep):+.1%}",
                str(sweep.num_workers_killed),
                str(sweep.num_drivers_killed),
                NO_VALUE if sweep.is_same is None else "identical" if sweep.is_same else "others",
            )
            for sweep in figures.sweeps
        ],
    )


class Driver:
    """A command as the program's edge runs it, of one implementation's seeds."""

    def __init__(self, folder: Path, address: str, count: int, hidden_size: int) -> None:
        self.folder, self.address, self.count = folder, address, count
        sizes = (hidden_size,) if hidden_size else DRIVEN.hidden_sizes
        self.experiment = replace(DRIVEN, hidden_sizes=sizes)

    def execute(self, context: Context) -> int:
        options = SweepOptions(cluster=None if self.address == LOCAL else self.address)
        raw = context.load_images(options.images)
        plan = SweepPlan(
            study="seeds",
            dataset=describe(raw),
            experiment=self.experiment,
            environment=context.describe_environment(),
        )
        seeds = wanted_trainings(plan.experiment, tuple(range(self.count)), 1)
        wanted = [each for each in seeds if each.implementation == "jax"]
        open_folder = resumed_folder if self.folder.exists() else output_folder
        with open_folder(self.folder, "seeds") as folder:
            sweep = Sweep(
                plan=plan, raw=raw, wanted=wanted, options=options, context=context, folder=folder
            )
            trained = sweep.train(SeedTrainer, (plan, 1), wanted, SeedTraining, describe_training)
            table = [(each.key[1], trained[each.key]) for each in wanted if each.key in trained]
            reached = [(seed, training.history, training.test) for seed, training in table]
            (folder / DONE).write_bytes(msgspec.json.encode(reached))
        return 0


def start_driver(folder: Path, address: str, count: int, hidden_size: int = 0) -> subprocess.Popen:
    words = ["drive", str(folder), address, str(count), str(hidden_size)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.cluster_figures", *words],
        cwd=ROOT,
        env=environment(FASHION_MNIST_DIR=os.environ["FASHION_MNIST_DIR"]),
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def end_driver(driver: subprocess.Popen) -> None:
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()


def measure_sweep(
    name: str, folder: Path, address: str, expected: bytes | None, *, cluster: Cluster | None = None
) -> tuple[MeasuredSweep, bytes]:
    """Trains all seeds; with a cluster, a worker is killed every half minute, the driver twice."""
    started = time.perf_counter()
    driver = start_driver(folder, address, NUM_SEEDS)
    num_workers, num_drivers = 0, 0
    while driver.poll() is None:
        try:
            driver.wait(SECONDS_BETWEEN_KILLS if cluster else None)
        except subprocess.TimeoutExpired:
            assert cluster is not None
            worker = sorted(cluster.workers)[num_workers % len(cluster.workers)]
            cluster.kill_worker(worker)
            cluster.start_worker(worker)
            num_workers += 1
            if num_workers in (4, 9):
                end_driver(driver)
                driver, num_drivers = start_driver(folder, address, NUM_SEEDS), num_drivers + 1
    seconds = time.perf_counter() - started
    assert driver.returncode == 0, name
    table = (folder / DONE).read_bytes()
    sweep = MeasuredSweep(
        name=name,
        num_trainings=NUM_SEEDS,
        seconds=seconds,
        num_workers_killed=num_workers,
        num_drivers_killed=num_drivers,
        is_same=None if expected is None else table == expected,
    )
    print(sweep, flush=True)
    return sweep, table


def train_bare(_report: Report, raw: RawDataset, seeds: range, core: int) -> float:
    """Seconds for each of these seeds on one core, one after the other, after a first one."""
    pin_to_core(core)
    experiment = DRIVEN
    twin, dataset = build_implementation("jax", experiment), split_and_scale(raw, "float32")
    started = 0.0
    for seed in (seeds[0], *seeds):
        draws = draw_shared(replace(experiment, seed=seed))
        twin.set_parameters(draws.parameters)
        twin.fit(
            dataset.training,
            validation=dataset.validation,
            orders=draws.orders,
            on_epoch=lambda _: None,
        )
        twin.evaluate(dataset.test)
        started = started or time.perf_counter()
    return (time.perf_counter() - started) / len(seeds)


def kill_at_a_random_moment(
    chance: random.Random, folder: Path, cluster: Cluster
) -> tuple[str, bytes]:
    """Who was killed, driver, worker or both, and the table of the small sweep, resumed."""
    driver = start_driver(folder, cluster.address, *SMALL)
    time.sleep(chance.uniform(0, SECONDS_OF_SMALL))
    whom = chance.choice(("driver", "worker", "both"))
    if whom != "driver":
        worker = chance.choice(sorted(cluster.workers))
        cluster.kill_worker(worker)
        cluster.start_worker(worker)
    if whom != "worker":
        end_driver(driver)
        driver = start_driver(folder, cluster.address, *SMALL)
    assert driver.wait() == 0, whom
    return whom, (folder / DONE).read_bytes()


def kill_small_sweeps(num_moments: int, folder: Path, cluster: Cluster) -> tuple[list[str], int]:
    """Who was killed at each moment, and how many sweeps ended as the one that nobody kills."""
    whole = start_driver(folder / "whole", LOCAL, *SMALL)
    assert whole.wait() == 0
    expected = (folder / "whole" / DONE).read_bytes()
    killed, num_same = [], 0
    for moment in range(num_moments):
        whom, table = kill_at_a_random_moment(random.Random(moment), folder / str(moment), cluster)
        killed.append(whom)
        num_same += table == expected
        print(moment, whom, table == expected, flush=True)
    return killed, num_same


class EmptyTrainer:
    """What a worker process trains to measure all that is around it: nothing."""

    def __init__(self, _raw: RawDataset, _implementation: str) -> None: ...

    def __call__(self, report: Report, *keys: int) -> tuple[int, ...]:
        report(1)
        return keys


def rate_of_tasks(cluster: Cluster) -> float:
    with Client(scheduler_file=cluster.address) as client:
        client.wait_for_workers(2)

        def run_tasks(num: int) -> None:
            client.gather([client.submit(int, place, pure=False) for place in range(num)])

        return rate_of(run_tasks)


def rate_of_trainings(plan: SweepPlan, raw: RawDataset, cluster: Cluster) -> float:
    work = Work(make=EmptyTrainer, raw=raw, settings=())
    with closing(ClusterEngine(cluster.address, work, plan)) as engine:

        def run_trainings(num: int) -> None:
            for place in range(num):
                engine.submit(Pack(implementation="jax", keys=(place,)))
            assert sum(news.state == "done" for news in engine.news()) == num

        return rate_of(run_trainings)


def rate_of_storing(plan: SweepPlan, folder: Path) -> float:
    store = Store(folder / "store", print)
    (wanted, *_) = wanted_trainings(plan.experiment, (0,), 1)
    training = read_json(RESULTS / "seeds.json", SweepResults).trainings[0]

    def store_results(num: int) -> None:
        for place in range(num):
            own = replace(wanted, experiment=replace(plan.experiment, seed=place))
            store.put(identity_of(own, plan), training)

    return rate_of(store_results)


def rate_of(run: Callable[[int], None], num: int = 2_000) -> float:
    run(100)
    started = time.perf_counter()
    run(num)
    return num / (time.perf_counter() - started)


@dataclass(frozen=True)
class Measurement:
    """A command that measures `costs`, `kills` or `limits`."""

    what: str

    def execute(self, context: Context) -> int:
        raw = context.load_images(SweepOptions().images)
        command = ("python", "-m", "tests.cluster_figures", self.what)
        plan = SweepPlan(
            study="seeds",
            dataset=describe(raw),
            experiment=DRIVEN,
            environment=replace(context.describe_environment(), command=command),
        )
        images = str(Path(os.environ["FASHION_MNIST_DIR"]).resolve())
        measure = {"costs": measure_costs, "kills": measure_kills, "limits": measure_limits}
        with tempfile.TemporaryDirectory() as name:
            measure[self.what](plan, raw, Path(name), images)
        return 0


def common_to_all(plan: SweepPlan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in ("dataset", "experiment", "environment")}


def measure_costs(plan: SweepPlan, raw: RawDataset, folder: Path, images: str) -> None:
    bare_seconds = measure_bare(raw, folder)
    local, table = measure_sweep("this machine's cores", folder / "local", LOCAL, None)
    with dask_cluster(folder, 4, 2, FASHION_MNIST_DIR=images) as cluster:
        where = (cluster.address, table)
        four, _ = measure_sweep("four workers", folder / "four", *where)
        name = "four workers, killed"
        killed, _ = measure_sweep(name, folder / "killed", *where, cluster=cluster)
    sweeps = (local, four, killed)
    figures = ClusterFigures(**common_to_all(plan), bare_seconds=bare_seconds, sweeps=sweeps)
    write_json(figures, RESULTS / "cluster.json")


def measure_kills(plan: SweepPlan, _raw: RawDataset, folder: Path, images: str) -> None:
    with dask_cluster(folder, FASHION_MNIST_DIR=images) as cluster:
        killed, num_same = kill_small_sweeps(NUM_MOMENTS, folder, cluster)
    small = replace(plan, experiment=replace(DRIVEN, hidden_sizes=(SMALL[1],)))
    figures = KilledSweeps(**common_to_all(small), killed=tuple(killed), num_same=num_same)
    write_json(figures, RESULTS / "killed-sweeps.json")


def measure_limits(plan: SweepPlan, raw: RawDataset, folder: Path, images: str) -> None:
    with dask_cluster(folder, FASHION_MNIST_DIR=images) as cluster:
        limits = ClusterLimits(
            **common_to_all(plan),
            tasks_per_second=rate_of_tasks(cluster),
            trainings_per_second=rate_of_trainings(plan, raw, cluster),
            stored_per_second=rate_of_storing(plan, folder),
        )
    write_json(limits, RESULTS / "cluster-limits.json")


def measure_bare(raw: RawDataset, folder: Path) -> float:
    """Seconds of a core for a training, each core training in a plain loop."""
    jobs = [(raw, range(NUM_BARE), core) for core in usable_cores()]
    done = run_side_by_side(train_bare, jobs, log=folder / "bare.log", num_processes=len(jobs))
    seconds = sum(seconds for _, seconds in done) / len(jobs)
    print(f"bare: {seconds:.3f} s", flush=True)
    return seconds


def main(words: list[str]) -> int:
    if words[:1] == ["drive"]:
        folder, address, count, hidden_size = words[1:]
        command = Driver(Path(folder), address, int(count), int(hidden_size))
        return execute(command, ("seeds",))
    return execute(Measurement(*words), ("seeds", *words))


if __name__ == "__main__":
    # By its name, under which worker processes find what they are to do.
    sys.exit(resolve_name("tests.cluster_figures:main")(sys.argv[1:]))
