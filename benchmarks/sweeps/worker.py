"""What runs in a Dask worker: it keeps a crew for each sweep, and finds the sweep's images."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from threading import Lock

from distributed import Worker, WorkerPlugin, get_worker
from pooch import os_cache

from benchmarks.options import allow_float64, data_places
from benchmarks.runner.environment import FLAG_PREFIXES, Environment, describe_environment
from benchmarks.runner.processes import WorkerLostError
from benchmarks.sweeps.crew import Crew, Pack, Work
from benchmarks.sweeps.sweep import SweepPlan
from shared.data.dataset import RawDataset, describe, load_dataset
from shared.errors import InputError, RunFailedError

OF_EACH_MACHINE = "CUDA_VISIBLE_DEVICES"
"""A variable that steers a framework and is the worker's own, not the driver's."""


class ImagesLackingError(RunFailedError):
    """The sweep's images are not on the worker's machine, and were not sent."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a worker answers: a pack's results or, where trying again is in vain, why not."""

    worker: str
    results: tuple = ()
    error: InputError | RunFailedError | None = None


class Images(WorkerPlugin):
    """Keeps images on every worker, sent once."""

    idempotent = True

    def __init__(self, raw: RawDataset) -> None:
        self.raw = replace(raw, directory=None)


class CrewOfWorker(WorkerPlugin):
    """Keeps a sweep's crew on every worker.

    make, settings: as in `Work`.
    topic: under which the driver hears of packs that are started, and of epochs.
    """

    def __init__(self, work: Work, plan: SweepPlan, topic: str) -> None:
        self.make, self.settings = work.make, work.settings
        self.plan, self.topic = plan, topic

    def setup(self, worker: Worker) -> None:
        """Called by Dask on the worker."""
        self.worker, self.lock = worker, Lock()

    def teardown(self, worker: Worker) -> None:
        """Called by Dask where the sweep or the worker ends."""
        del worker
        if "crew" in vars(self):
            self.crew.close()

    @cached_property
    def environment(self) -> Environment:
        """What this worker stands on: it may have joined after the driver compared the others."""
        return describe_worker()

    @cached_property
    def crew(self) -> Crew:
        """Made when it is first asked for anything; raises ImagesLackingError."""
        work = Work(make=self.make, raw=self._find_images(), settings=self.settings)
        logs = Path(self.worker.local_directory) / self.topic
        logs.mkdir(exist_ok=True)
        return Crew(work=work, logs=logs, environment=self._variables())

    def train(self, number: int, pack: Pack) -> Answer:
        """Trains a pack; raises WorkerLostError where its process dies."""
        name = str(self.worker.name)
        tell = partial(self._tell, number, name)
        try:
            refuse_differences({name: self.environment}, self.plan.environment)
            with self.lock:
                crew = self.crew
            tell("started")
            return Answer(worker=name, results=crew.run(pack, partial(tell, "epoch")))
        except WorkerLostError:
            raise
        except (InputError, RunFailedError) as error:
            return Answer(worker=name, error=error)

    def _tell(self, number: int, name: str, state: str) -> None:
        self.worker.log_event(self.topic, [number, name, state])

    def _find_images(self) -> RawDataset:
        """This machine's own, known by their sum, or those that were sent."""
        sha256 = self.plan.dataset.sha256
        sent = self.worker.plugins.get(images_name(sha256))
        if isinstance(sent, Images):
            return sent.raw
        cache = Path(os_cache("fashion-twins"))
        places = data_places(None, os.environ, home=Path.home(), cache=cache)
        try:
            raw = load_dataset("fashion-mnist", replace(places, mirrors=()))
        except InputError as error:
            raise ImagesLackingError(str(error)) from error
        if describe(raw).sha256 != sha256:
            raise ImagesLackingError("other images")
        return raw

    def _variables(self) -> dict[str, str]:
        """This machine's variables, but of those that steer frameworks the driver's."""
        variables = {
            name: value
            for name, value in os.environ.items()
            if name == OF_EACH_MACHINE or not name.startswith(FLAG_PREFIXES)
        }
        flags = (flag.partition("=") for flag in self.plan.environment.flags)
        variables |= {name: value for name, _, value in flags if name != OF_EACH_MACHINE}
        allow_float64(self.plan.experiment, variables)
        return variables


def train_on_worker(topic: str, number: int, pack: Pack) -> Answer:
    """The Dask task: has the worker's crew of this sweep train a pack."""
    crew = get_worker().plugins[topic]
    assert isinstance(crew, CrewOfWorker)
    return crew.train(number, pack)


def images_name(sha256: str) -> str:
    """The name of the plugin that keeps these images."""
    return f"fashion-twins-images-{sha256[:16]}"


def describe_worker() -> Environment:
    """The environment of the worker that this runs on."""
    return describe_environment({}, ())


def refuse_differences(workers: dict[str, Environment], driver: Environment) -> None:
    """Raises InputError, listing what differs, where a worker has other versions than the driver.

    Commits are compared where both have one: an installed package has none.
    """
    differences = [
        f"{name} has {what} {theirs or 'not at all'}, the driver {ours or 'not at all'}"
        for name, worker in workers.items()
        for what, theirs, ours in _versions_side_by_side(worker, driver)
        if theirs != ours
    ]
    if differences:
        raise InputError(
            f"versions differ: {'; '.join(differences)}: install the same versions everywhere"
        )


def _versions_side_by_side(
    worker: Environment, driver: Environment
) -> Iterator[tuple[str, str | None, str | None]]:
    yield "Python", worker.python, driver.python
    for package in sorted(worker.packages.keys() | driver.packages.keys()):
        yield package, worker.packages.get(package), driver.packages.get(package)
    if worker.git_commit and driver.git_commit:
        yield "this program's commit", worker.git_commit, driver.git_commit
