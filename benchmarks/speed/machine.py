"""What the machine is and how busy it is: all that a time depends on besides the program."""

import os
import platform
import subprocess
from pathlib import Path

from benchmarks.runner.processes import usable_cores
from benchmarks.speed.results import Accelerator, MachineState

CPU_FOLDER = Path("/sys/devices/system/cpu")
KILOHERTZ_PER_MEGAHERTZ = 1_000
MEBIBYTE = 2**20


def describe_machine() -> MachineState:
    """The processor's state now; None for what this system does not tell."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return MachineState(
        affinity=tuple(usable_cores()),
        governor=_text(CPU_FOLDER / "cpu0/cpufreq/scaling_governor"),
        megahertz=_megahertz(),
        load=load,
    )


def find_accelerator() -> Accelerator | None:
    """The first GPU that NVIDIA's tool knows, and its driver; None where there is none."""
    line = _ask_gpu("name,driver_version")
    if line is None:
        return None
    name, _, driver = line.partition(",")
    return Accelerator(name=name.strip(), driver=driver.strip())


def device_memory_bytes() -> int | None:
    """Memory in use on the first GPU by whoever uses it; None where there is none."""
    line = _ask_gpu("memory.used", "--format=csv,noheader,nounits")
    return None if line is None else int(line) * MEBIBYTE


def _ask_gpu(what: str, form: str = "--format=csv,noheader") -> str | None:
    try:
        answer = subprocess.run(
            ["nvidia-smi", f"--query-gpu={what}", form],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    lines = answer.stdout.splitlines()
    return lines[0] if answer.returncode == 0 and lines else None


def _megahertz() -> float | None:
    kilohertz = _text(CPU_FOLDER / "cpu0/cpufreq/scaling_cur_freq")
    if kilohertz is not None:
        return float(kilohertz) / KILOHERTZ_PER_MEGAHERTZ
    information = _text(Path("/proc/cpuinfo")) or ""
    speeds = [
        float(line.partition(":")[2])
        for line in information.splitlines()
        if line.startswith("cpu MHz")
    ]
    return max(speeds, default=None)


def _text(path: Path) -> str | None:
    if platform.system() != "Linux":
        return None
    try:
        return path.read_text().strip()
    except OSError:
        return None
