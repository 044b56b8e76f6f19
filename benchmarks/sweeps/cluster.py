"""The engine of a Dask cluster, on the driver's side; `worker.py` has the other.

A worker trains as many packs at a time as it has threads, each in a process of its own on a
core of its own, as this machine would. Dask moves packs from workers that are lost to others.
"""

import logging
import socket
import warnings
from contextlib import suppress
from functools import partial
from pathlib import Path
from uuid import uuid4

import msgspec
from distributed import Client, Future, KilledWorker
from distributed.client import FutureCancelledError
from distributed.comm.addressing import get_address_host_port

from benchmarks.runner.environment import Environment
from benchmarks.runner.processes import WorkerLostError
from benchmarks.sweeps.crew import Pack, Work
from benchmarks.sweeps.engine import NUM_RETRIES, Engine, News
from benchmarks.sweeps.sweep import SweepPlan
from benchmarks.sweeps.worker import (
    Answer,
    CrewOfWorker,
    Images,
    ImagesLackingError,
    describe_worker,
    images_name,
    refuse_differences,
    train_on_worker,
)
from shared.errors import InputError, RunFailedError

SECONDS_TO_CONNECT = 20


class ClusterEngine(Engine):
    """Trains on the workers of a Dask scheduler."""

    def __init__(self, address: str, work: Work, plan: SweepPlan) -> None:
        """Connects, and sends the workers what all trainings have in common but the images.

        address: of the scheduler, or its file.

        Raises:
            InputError: no scheduler answers, no worker is there, or versions differ.
        """
        super().__init__()
        self._images = Images(work.raw)
        self._images_name = images_name(plan.dataset.sha256)
        self._topic = f"fashion-twins-{uuid4()}"
        self._packs: list[Pack] = []
        self._futures: set[Future] = set()
        self._address, self._client = address, _connect(address)
        try:
            refuse_differences(_describe_workers(self._client), plan.environment)
            self._client.subscribe_topic(self._topic, self._hear)
            self._client.register_plugin(CrewOfWorker(work, plan, self._topic), name=self._topic)
        except BaseException:
            self.close()
            raise

    def start(self, pack: Pack) -> None:
        """As in `Engine`."""
        self._packs.append(pack)
        self._send(len(self._packs) - 1)

    def close(self) -> None:
        """As in `Engine`."""
        if self._client.status == "running":
            self._client.cancel(list(self._futures))
            with suppress(ValueError):  # it was refused before it was registered
                self._client.unregister_worker_plugin(self._topic)
        self._client.close()

    def _send(self, number: int) -> None:
        future = self._client.submit(
            *(train_on_worker, self._topic, number, self._packs[number]),
            pure=False,
            retries=NUM_RETRIES,
        )
        self._futures.add(future)
        future.add_done_callback(partial(self._take, number))

    def _hear(self, event: tuple) -> None:
        _, (number, worker, state) = event
        self.told.put(News(pack=self._packs[number], worker=worker, state=state))

    def _take(self, number: int, future: Future) -> None:
        """Tells of a pack that has come back; called by Dask in a thread of its own."""
        pack = self._packs[number]
        self._futures.discard(future)
        try:
            answer: Answer = future.result()
        except (WorkerLostError, KilledWorker) as error:
            why = str(error).partition("\n")[0]
            self.told.put(News(pack=pack, worker="", state="lost", why=why))
        except FutureCancelledError:
            self.told.put(
                RunFailedError(
                    f"the scheduler at {self._address} is lost; what is trained is stored: go on "
                    "with --resume when it is there again"
                )
            )
        except Exception as error:
            self.told.put(RunFailedError(f"a worker failed: {type(error).__name__}: {error}"))
        else:
            match answer.error:
                case None:
                    done = News(
                        pack=pack, worker=answer.worker, state="done", results=answer.results
                    )
                    self.told.put(done)
                case ImagesLackingError():
                    self._client.register_plugin(self._images, name=self._images_name)
                    self._send(number)
                case error:
                    self.told.put(error)


def _connect(place: str) -> Client:
    # What they have to say of a scheduler is said in one line here; versions are compared.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module="distributed")
    try:
        is_file = Path(place).is_file()
        address = msgspec.json.decode(Path(place).read_bytes())["address"] if is_file else place
        # Asked first: where nobody listens, a client takes long to give up.
        with socket.create_connection(get_address_host_port(address), SECONDS_TO_CONNECT):
            pass
        client = Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"no Dask scheduler answers at {place} ({error}): --cluster takes its address, "
            "tcp://HOST:8786, or its file"
        ) from error
    try:
        client.wait_for_workers(1, timeout=SECONDS_TO_CONNECT)
    except TimeoutError as error:
        client.close()
        raise InputError(
            f"the scheduler at {place} has no worker: start some with `dask worker {address}`"
        ) from error
    return client


def _describe_workers(client: Client) -> dict[str, Environment]:
    try:
        return client.run(describe_worker)  # pyright: ignore[reportReturnType]
    except Exception as error:
        raise InputError(
            f"a worker cannot run this program ({type(error).__name__}: {error}): install the same "
            "version there, pip install 'fashion-twins[cluster]'"
        ) from error
