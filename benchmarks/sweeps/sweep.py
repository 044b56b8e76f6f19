"""A sweep from start to end: what is stored is taken, the rest trained, and each result stored."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.options import STATUS_DONE, Context, SweepOptions
from benchmarks.runner.conduct import conduct
from benchmarks.runner.plan import SWEEP_PLAN, check_same_plan
from benchmarks.runner.progress import show_parts
from benchmarks.runner.records import Record, write_json
from benchmarks.sweeps.crew import Pack, Work
from benchmarks.sweeps.engine import NUM_RETRIES, Engine, LocalEngine, News
from benchmarks.sweeps.store import TRAININGS_FOLDER, Identity, Store
from shared.data.dataset import RawDataset, describe
from shared.errors import InputError
from shared.experiment import Experiment

AnyResult = TypeVar("AnyResult")


@dataclass(frozen=True, kw_only=True)
class SweepPlan(Record):
    """What all trainings of a sweep have in common; written before the first of them.

    The environment is that of the machine where the sweep was started.
    """


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A training that a sweep is to have.

    key: what the sweep's function in a worker process takes for it.
    variant: see `Identity`.
    num_at_once: how many of its implementation are trained together, in a pack.
    """

    title: str
    key: Any
    implementation: str
    experiment: Experiment
    variant: str = ""
    num_at_once: int = 1


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Where a sweep is trained, on which images, and what is asked of it."""

    plan: SweepPlan
    raw: RawDataset
    wanted: Sequence[Wanted]
    options: SweepOptions
    context: Context
    folder: Path

    @property
    def logs(self) -> Path:
        """The folder of the worker processes' logs."""
        logs = self.folder / "logs"
        logs.mkdir(exist_ok=True)
        return logs

    @property
    def num_processes(self) -> int:
        """How many trainings run at a time on this machine."""
        return self.options.processes or self.plan.environment.num_cores

    def kept(self, wanted: Wanted, result_type: type[AnyResult]) -> AnyResult | None:
        """What came of a training, where it is stored."""
        return self._store.get(identity_of(wanted, self.plan), result_type)

    def keep(self, wanted: Wanted, result: object) -> None:
        """Stores what came of a training."""
        self._store_plan()
        self._store.put(identity_of(wanted, self.plan), result)

    def _store_plan(self) -> None:
        if not (self.folder / SWEEP_PLAN).exists():
            write_json(self.plan, self.folder / SWEEP_PLAN)

    @property
    def _store(self) -> Store:
        return Store(self.folder / TRAININGS_FOLDER, self.context.say)

    def train(
        self,
        make: Callable[..., Callable[..., tuple]],
        settings: tuple,
        wanted: Sequence[Wanted],
        result_type: type[AnyResult],
        describe: Callable[[AnyResult], str],
    ) -> dict[Any, AnyResult]:
        """The result of each training by its key, stored or new, without those that are lost.

        make, settings: of the function that trains, see `Work`.
        describe: what to say of a result, after its training's title.

        Raises:
            InputError: the cluster cannot be used.
            RunFailedError: a training cannot be done, or the cluster is lost.
        """
        work = Work(make=make, raw=self.raw, settings=settings)
        stored = {each.key: self.kept(each, result_type) for each in wanted}
        done = {key: result for key, result in stored.items() if result is not None}
        if done:
            self.context.say(f"resuming: {len(done)} of {len(wanted)} trainings are stored")
        missing = {each.key: each for each in wanted if each.key not in done}
        if not missing:
            return done
        num_epochs = self.plan.experiment.num_epochs
        tally = Tally(num_epochs=num_epochs)
        numbers = (len(wanted) * num_epochs, "epochs", len(done) * num_epochs)
        with (
            closing(self._open_engine(work)) as engine,
            show_parts(self.context.console, "epochs of all trainings", *numbers) as show,
        ):
            self._store_plan()  # not before: a cluster that cannot be used leaves nothing
            for pack in _pack_up(missing.values()):
                engine.submit(pack)
            for news in engine.news():
                num = tally.hear(news)
                for key, result in zip(news.pack.keys, news.results, strict=False):
                    self.keep(missing[key], result)
                    done[key] = result
                    outcome = f"{missing[key].title}, {describe(result)}"
                    self.context.say(f"{len(done)} of {len(wanted)}: {outcome}")
                if news.state == "lost":
                    titles = ", ".join(missing[key].title for key in news.pack.keys)
                    self.context.say(f"lost after {1 + NUM_RETRIES} attempts: {titles}; {news.why}")
                show(num=num, state=tally.state)
        if tally.num_lost:
            self.context.say(f"{tally.num_lost} trainings are lost; --resume tries them again")
        return done

    def _open_engine(self, work: Work) -> Engine:
        if self.options.cluster is not None:
            if find_spec("distributed") is None:
                raise InputError("--cluster needs Dask: pip install 'fashion-twins[cluster]'")
            from benchmarks.sweeps.cluster import ClusterEngine

            return ClusterEngine(self.options.cluster, work, self.plan)
        return LocalEngine(work, self.logs, self.num_processes)


def identity_of(wanted: Wanted, plan: SweepPlan) -> Identity:
    """All that decides a training."""
    return Identity(
        implementation=wanted.implementation,
        experiment=wanted.experiment,
        variant=wanted.variant,
        data_sha256=plan.dataset.sha256,
        python=plan.environment.python,
        packages=plan.environment.packages,
        flags=plan.environment.flags,
    )


@dataclass(kw_only=True)
class Tally:
    """How a sweep stands: epochs of each pack, packs that run, trainings done by each worker."""

    num_epochs: int
    num_lost: int = 0
    epochs: Counter[Pack] = field(default_factory=Counter)
    running: dict[Pack, str] = field(default_factory=dict)
    done_by: Counter[str] = field(default_factory=Counter)

    def hear(self, news: News) -> int:
        """Counts the news; returns by how many epochs more is done, or less, where one is lost."""
        pack, before = news.pack, self.epochs[news.pack]
        self.running.pop(pack, None)
        match news.state:
            case "started" | "epoch":
                self.running[pack] = news.worker
                self.epochs[pack] = 0 if news.state == "started" else before + len(pack.keys)
            case "done":
                self.done_by[news.worker] += len(pack.keys)
                self.epochs[pack] = self.num_epochs * len(pack.keys)
            case "lost":
                self.num_lost += len(pack.keys)
                self.epochs[pack] = 0
        return self.epochs[pack] - before

    @property
    def state(self) -> str:
        """For people: what runs, what is lost, and who has done how many."""
        by_worker = ", ".join(f"{worker} {num}" for worker, num in sorted(self.done_by.items()))
        num_running = sum(len(pack.keys) for pack in self.running)
        return f"{num_running} running, {self.num_lost} lost, done by {by_worker or 'none'}"


def conduct_sweep(
    context: Context,
    options: SweepOptions,
    wanted: Sequence[Wanted],
    measure: Callable[[Sweep], Record],
    *,
    study: str,
    experiment: Experiment,
    apart_from: Sequence[str] = (),
) -> int:
    """Conducts a study that is a sweep, in a fresh folder or in one that it goes on in.

    wanted: all trainings that the study is made of.
    apart_from: what of the experiment may differ in trainings of one sweep.

    Raises:
        InputError: images or a folder cannot be used, or what `measure` raises.
        RunFailedError: what `measure` raises.
    """
    raw = context.load_images(options.images)
    plan = SweepPlan(
        study=study,
        experiment=experiment,
        dataset=describe(raw),
        environment=context.describe_environment(),
    )

    def in_folder(folder: Path) -> Record:
        where = {"options": options, "context": context, "folder": folder}
        return measure(Sweep(plan=plan, raw=raw, wanted=wanted, **where))

    if options.resume is not None:
        check_resumable(options.resume, plan, wanted, apart_from)
    conduct(context, study, options.out, in_folder, options.resume)
    return STATUS_DONE


def check_resumable(
    folder: Path, plan: SweepPlan, wanted: Sequence[Wanted], apart_from: Sequence[str]
) -> None:
    """Refuses what cannot be gone on with, and leaves it as it was.

    Trainings that are not wanted, for example, would silently be left out of the statistics.
    """
    check_same_plan(folder / SWEEP_PLAN, plan, "sweep", apart_from)
    names = {identity_of(each, plan).file_name for each in wanted}
    strangers = Store(folder / TRAININGS_FOLDER).names() - names
    if strangers:
        raise InputError(
            f"the sweep in {folder} holds trainings that are not asked for, "
            f"{', '.join(sorted(strangers))}: choose the options so that none is left out"
        )


def _pack_up(wanted: Iterable[Wanted]) -> Iterator[Pack]:
    """Packs of one implementation each, which follow each other for their processes to stay."""
    by_implementation = sorted(wanted, key=lambda each: each.implementation, reverse=True)
    for implementation, group in groupby(by_implementation, lambda each: each.implementation):
        of_one = list(group)
        for first in range(0, len(of_one), of_one[0].num_at_once):
            together = of_one[first : first + of_one[0].num_at_once]
            keys = tuple(each.key for each in together)
            yield Pack(implementation=implementation, keys=keys)
