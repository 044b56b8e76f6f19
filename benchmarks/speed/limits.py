"""What the processor can do at most: its rate of float32 matrix products, measured."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.runner.processes import Report, pin_to_core, run_in_process, usable_cores
from benchmarks.speed.results import Limit, Limits
from shared.experiment import Experiment
from shared.operations import product_shapes

LARGE = 2_048
"""Side of the large square product; three such matrices of float32 are 50 MB."""
NUM_REPEATS = 7
SECONDS_PER_REPEAT = 0.1
BILLION = 1e9

Shape = tuple[int, int, int]


def measure_limits(experiment: Experiment, log: Path) -> Limits:
    """Rates on one core and on all, each in a process of its own; log names carry which."""
    cores = usable_cores()
    one = run_in_process(
        measure_rates, experiment, cores[0] if cores else None, log=log.with_stem("limit-one-core")
    )
    everything = run_in_process(measure_rates, experiment, None, log=log.with_stem("limit-machine"))
    return Limits(one_core=one, machine=everything)


def mean_limits(measured: Sequence[Limits]) -> Limits:
    """One pair of limits out of several measurements, whose samples it keeps."""
    return Limits(
        one_core=_mean_limit([limits.one_core for limits in measured]),
        machine=_mean_limit([limits.machine for limits in measured]),
    )


def _mean_limit(measured: Sequence[Limit]) -> Limit:
    large = tuple(limit.large_product for limit in measured)
    network = tuple(limit.network_products for limit in measured)
    return Limit(
        large_product=fmean(large),
        network_products=fmean(network),
        large_product_samples=large,
        network_products_samples=network,
    )


def measure_rates(_report: Report, experiment: Experiment, core: int | None) -> Limit:
    """Rates in GFLOP/s: of the large product, and of the products of a step of this network.

    The step's rate is that of all its products together: operations over seconds. On
    one core when `core` says which.
    """
    if core is not None:
        pin_to_core(core)
    large = (LARGE, LARGE, LARGE)
    shapes = product_shapes(experiment)
    with threadpool_limits(None if core is None else 1):
        return Limit(
            large_product=rate([large], seconds_of(large)),
            network_products=rate(shapes, sum(seconds_of(shape) for shape in shapes)),
        )


def rate(shapes: Iterable[Shape], seconds: float) -> float:
    """GFLOP/s of these products, which took so many seconds together."""
    return sum(2 * m * k * n for m, k, n in shapes) / seconds / BILLION


def seconds_of(shape: Shape) -> float:
    """Seconds of an (m, k) by (k, n) product of float32: the median of several repeats."""
    m, k, n = shape
    generator = np.random.default_rng(0)
    left = generator.random((m, k), dtype=np.float32)
    right = generator.random((k, n), dtype=np.float32)
    product = np.empty((m, n), np.float32)
    np.matmul(left, right, out=product)  # the first one starts threads
    started = time.perf_counter()
    np.matmul(left, right, out=product)
    once = time.perf_counter() - started
    num_times = max(1, round(SECONDS_PER_REPEAT / once))
    repeats = []
    for _ in range(NUM_REPEATS):
        started = time.perf_counter()
        for _ in range(num_times):
            np.matmul(left, right, out=product)
        repeats.append((time.perf_counter() - started) / num_times)
    return float(np.median(repeats))
