"""Runs the program as a user does: a process of its own, its output, its exit status."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROGRAM = [sys.executable, "-m", "benchmarks"]


def environment(**changes: str) -> dict[str, str]:
    """The tests' environment, without what would decide where data come from."""
    kept = {name: value for name, value in os.environ.items() if name != "FASHION_MNIST_DIR"}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "120", **changes}


def twins(*arguments: object, cwd: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """Runs `twins` with the given arguments and changes of the environment."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        cwd=cwd,
        env=environment(**changes),
        capture_output=True,
        text=True,
        check=False,
    )
