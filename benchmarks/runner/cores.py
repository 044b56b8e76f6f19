"""The processor's cores: which there are, and how to stay on one of them."""

import os
import sys


def usable_cores() -> list[int]:
    """Numbers of the cores that this process may use; empty where it cannot choose among them."""
    if sys.platform != "linux":
        return []
    return sorted(os.sched_getaffinity(0))


def pin_to_core(core: int) -> None:
    """Keeps this process, and threads started from now on, on one core.

    Frameworks count the cores they may use when they are imported, and start as
    many threads: only a process pinned before that computes with one.
    """
    if sys.platform == "linux":
        os.sched_setaffinity(0, {core})
