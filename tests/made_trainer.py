"""What runs in the worker processes of tests of sweeps; apart, for them to import little."""

import os
import signal
import time
from pathlib import Path

import numpy as np

from benchmarks.runner.processes import Report
from shared.data.dataset import RawDataset
from shared.errors import RunFailedError


class MadeTrainer:
    """What the sweeps of these tests train in a worker process: nothing."""

    def __init__(self, raw: RawDataset, implementation: str, folder: Path) -> None:
        self.raw, self.implementation, self.folder = raw, implementation, folder

    def __call__(self, report: Report, *keys: str) -> tuple[str, ...]:
        for key in keys:
            with (self.folder / key).open("a") as file:
                print(os.getpid(), file=file)
            report(key)
            if key == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if key == "diverge":
                raise RunFailedError("the training diverged")
            if key == "wait":
                time.sleep(600)
        return tuple(f"{self.implementation} {key} {self.raw.train_images.max()}" for key in keys)


def wait_with(_report: Report, array: np.ndarray) -> int:
    time.sleep(1)
    return array.size
