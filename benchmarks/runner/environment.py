"""The environment of a run: versions, processor, commit, and the flags that steer frameworks."""

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from benchmarks.runner.processes import usable_cores

PACKAGES = (
    *("fashion-twins", "flax", "jax", "jaxlib", "keras", "numpy", "optax", "tensorflow"),
    "torch",
)
FLAG_PREFIXES = (
    *("CUDA_", "JAX_", "KERAS_", "NVIDIA_TF32", "OMP_", "XLA_"),
    *("TF_DETERMINISTIC", "TF_ENABLE", "TF_FORCE", "TF_GPU", "TF_NUM", "TF_XLA"),
)
"""How the names of variables begin that change what frameworks compute, or how fast."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What the run stood on.

    flags: `NAME=value` of variables that steer frameworks.
    command: the words of the command that was typed.
    """

    python: str
    platform: str
    processor: str
    num_cores: int
    packages: dict[str, str]
    git_commit: str
    flags: tuple[str, ...]
    command: tuple[str, ...]


def describe_environment(variables: Mapping[str, str], command: Sequence[str]) -> Environment:
    """Reads versions without importing the frameworks; `variables` are the process environment."""
    steering = sorted(name for name in variables if name.startswith(FLAG_PREFIXES))
    return Environment(
        python=platform.python_version(),
        platform=platform.platform(),
        processor=_processor_name(),
        num_cores=len(usable_cores()) or os.cpu_count() or 1,
        packages=_package_versions(),
        git_commit=_git_commit(),
        flags=tuple(f"{name}={variables[name]}" for name in steering),
        command=tuple(command),
    )


def _processor_name() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _package_versions() -> dict[str, str]:
    versions = {}
    for name in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return versions


def _git_commit() -> str:
    """The project's commit, with `+changes` where files differ from it; empty without git."""
    command = ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=+changes"]
    try:
        answer = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return answer.stdout.strip()
