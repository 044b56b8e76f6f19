"""What a time depends on besides the program: the machine, its limits, settings alike for all."""

import os
import re
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from timeit import Timer

import numpy as np
from rich.console import Console
from threadpoolctl import threadpool_limits

from benchmarks.runner.environment import Environment
from benchmarks.runner.processes import Report, pin_to_core, run_in_process, usable_cores
from benchmarks.speed.results import Accelerator, Limit, Limits, MachineState, SpeedEnvironment
from shared.experiment import Experiment
from shared.network import product_shapes
from shared.timing import Device

FREQUENCY_FOLDER = Path("/sys/devices/system/cpu/cpu0/cpufreq")
MEBIBYTE = 2**20
LARGE = 2_048
"""Side of the large square product; three such matrices of float32 are 50 MB."""
NUM_REPEATS = 7
SECONDS_PER_REPEAT = 0.1

Rates = tuple[float, float]
"""GFLOP/s: of the large product, and of the products of a step of this network."""


def describe_conditions(software: Environment, device: Device, *, tf32: bool) -> SpeedEnvironment:
    """Everything as it is before the first measurement.

    Each framework may use every core that this process may use. A framework's own
    settings for fewer threads are left alone: JAX has none to be relied on.
    """
    variables = {"OMP_NUM_THREADS": str(len(usable_cores()) or 1), "TF_CPP_MIN_LOG_LEVEL": "2"}
    if device == "cpu":
        variables |= {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "-1"}
    else:  # memory is taken as it is needed, so that what was taken can be told
        variables |= {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}
    if not tf32:
        # Without these a product of float32 matrices on a recent GPU keeps 10 bits
        # of each factor's fraction, and each framework chooses by itself.
        variables |= {"NVIDIA_TF32_OVERRIDE": "0", "JAX_DEFAULT_MATMUL_PRECISION": "highest"}
    state = describe_machine()
    return SpeedEnvironment(
        **vars(software),
        device=device,
        accelerator=find_accelerator() if device == "gpu" else None,
        variables=tuple(f"{name}={value}" for name, value in sorted(variables.items())),
        tf32=tf32,
        before=state,
        after=state,
        why_noisy=(),
    )


def describe_machine() -> MachineState:
    """The processor's state now."""
    return MachineState(
        affinity=tuple(usable_cores()),
        governor=_text(FREQUENCY_FOLDER / "scaling_governor"),
        megahertz=_megahertz(),
        load=os.getloadavg()[0],
    )


def find_accelerator() -> Accelerator | None:
    """The first GPU that NVIDIA's tool knows, and its driver; None where there is none."""
    name, _, driver = _ask_gpu("name,driver_version").partition(",")
    return Accelerator(name=name.strip(), driver=driver.strip()) if name else None


def device_memory_bytes() -> int | None:
    """Memory in use on the first GPU by whoever uses it; None where there is none."""
    mebibytes = _ask_gpu("memory.used")
    return int(mebibytes) * MEBIBYTE if mebibytes else None


def measure_limits(experiment: Experiment, logs: Path, console: Console) -> tuple[Rates, Rates]:
    """Rates on one core and on all, each in a process of its own, whose log says which."""
    console.print("measuring the machine's limits")
    core = next(iter(usable_cores()), None)
    one_core = run_in_process(measure_rates, experiment, core, log=logs / "limit-one-core.log")
    machine = run_in_process(measure_rates, experiment, None, log=logs / "limit-machine.log")
    return one_core, machine


def measure_rates(_report: Report, experiment: Experiment, core: int | None) -> Rates:
    """Rates in this process; on one core when `core` says which."""
    if core is not None:
        pin_to_core(core)
    with threadpool_limits(None if core is None else 1):
        return _rate([(LARGE, LARGE, LARGE)]), _rate(product_shapes(experiment))


def limits_of(*measured: tuple[Rates, Rates]) -> Limits:
    """The means of what was measured, at different times, on one core and on all."""
    one_core, machine = map(_limit_of, zip(*measured, strict=True))
    return Limits(one_core=one_core, machine=machine)


def _limit_of(rates: Sequence[Rates]) -> Limit:
    large, network = zip(*rates, strict=True)
    return Limit(
        large_product=fmean(large),
        network_products=fmean(network),
        large_product_samples=large,
        network_products_samples=network,
    )


def _rate(shapes: Sequence[tuple[int, int, int]]) -> float:
    """GFLOP/s of (m, k) by (k, n) products of float32 together; each takes its median time."""
    generator = np.random.default_rng(0)
    operations, seconds = 0, 0.0
    for m, k, n in shapes:
        left = generator.random((m, k), dtype=np.float32)
        right = generator.random((k, n), dtype=np.float32)
        timer = Timer(partial(np.matmul, left, right, out=np.empty((m, n), np.float32)))
        timer.timeit(1)  # the first one starts threads
        num_times = max(1, round(SECONDS_PER_REPEAT / timer.timeit(1)))
        seconds += float(np.median(timer.repeat(NUM_REPEATS, num_times))) / num_times
        operations += 2 * m * k * n
    return operations / seconds / 1e9


def _ask_gpu(what: str) -> str:
    """What NVIDIA's tool says of the first GPU; nothing where it finds none."""
    command = ["nvidia-smi", f"--query-gpu={what}", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return answer.stdout.partition("\n")[0]


def _megahertz() -> float | None:
    kilohertz = _text(FREQUENCY_FOLDER / "scaling_cur_freq")
    if kilohertz is not None:
        return float(kilohertz) / 1_000
    speeds = re.findall(r"^cpu MHz\s*:(.*)$", _text(Path("/proc/cpuinfo")) or "", re.MULTILINE)
    return max(map(float, speeds), default=None)


def _text(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None
