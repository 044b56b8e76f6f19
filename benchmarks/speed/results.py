"""`speed.json`: raw samples, and beside them what is computed from them for readers of the file."""

from dataclasses import dataclass
from typing import Literal

from benchmarks.runner.environment import Environment
from benchmarks.runner.records import Record, check
from shared.experiment import Experiment
from shared.timing import Device, Measure


@dataclass(frozen=True, kw_only=True)
class Accelerator:
    """A GPU, and its driver's version."""

    name: str
    driver: str


@dataclass(frozen=True, kw_only=True)
class MachineState:
    """What a processor's speed depends on; None where the system does not tell.

    affinity: numbers of the cores that every measured process may use.
    governor: the policy by which the processor chooses its frequency.
    megahertz: of the fastest core.
    load: processes that wanted to run, as a mean over the last minute.
    """

    affinity: tuple[int, ...]
    governor: str | None
    megahertz: float | None
    load: float


@dataclass(frozen=True, kw_only=True)
class SpeedEnvironment(Environment):
    """Versions and flags, and the machine before and after.

    variables: set by this program for every measured process alike, NAME=value.
    tf32: whether float32 products on a GPU may be rounded to 19 bits.
    """

    device: Device
    accelerator: Accelerator | None
    variables: tuple[str, ...]
    tf32: bool
    before: MachineState
    after: MachineState
    why_noisy: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Limit:
    """Rates of float32 matrix products in GFLOP/s, means of samples before and after the ladder.

    large_product: of two square matrices with a side of 2,048.
    network_products: of all products of one training step, in their own shapes.
    """

    large_product: float
    network_products: float
    large_product_samples: tuple[float, ...]
    network_products_samples: tuple[float, ...]

    def __post_init__(self) -> None:
        check(min(self.large_product, self.network_products) > 0, "a rate is above zero")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the processor can do with NumPy, in the same run."""

    one_core: Limit
    machine: Limit


@dataclass(frozen=True, kw_only=True)
class RungTimes:
    """One rung, all its processes together.

    num_seeds: trainings at a time; above 1 the time is that of all over their number.
    epoch_seconds: raw samples, those of one process together: seconds of an epoch of one
        training, without evaluation; of a call with several epochs their mean.
    import_seconds, compile_seconds, first_epoch_seconds: of importing the framework and building
        the model, of tracing and compiling, of an epoch of the first call without that: wall-clock
        time, medians over the processes.
    median, low, high: of `epoch_seconds`, with a 95 % bootstrap interval.
    operations, gflops: of an epoch's matrix products, see `shared/network.py`; over the median.
    share_of_one_core, share_of_machine: of the large product's rate; None on a GPU.
    peak_bytes, device_bytes: largest resident set; memory taken on a GPU since the process began.
    difference: largest weight difference from the oracle after the first call.
    """

    name: str
    framework: str
    idea: str
    measure: Measure
    num_seeds: int
    epoch_seconds: tuple[tuple[float, ...], ...]
    import_seconds: float
    compile_seconds: float
    first_epoch_seconds: float
    median: float
    low: float
    high: float
    operations: int
    gflops: float
    share_of_one_core: float | None
    share_of_machine: float | None
    peak_bytes: int
    device_bytes: int | None
    difference: float

    @property
    def title(self) -> str:
        """For figures and sentences."""
        return f"{self.framework}: {self.idea}"

    def __post_init__(self) -> None:
        counts = set(map(len, self.epoch_seconds))
        are_even = len(counts) == 1 and 0 not in counts
        # What stands on a logarithmic axis is above zero.
        times = (self.median, self.low, self.high, self.operations, *sum(self.epoch_seconds, ()))
        check(are_even and min(times) > 0, "processes of unequal length, or a time not above 0")
        check(self.low <= self.median <= self.high, "a median outside of its interval")


@dataclass(frozen=True, kw_only=True)
class Omission:
    """Why a rung was not measured."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class GrowthPoint:
    """A rung at another batch size or hidden width; `rung` as on the ladder."""

    experiment: Experiment
    rung: RungTimes


@dataclass(frozen=True, kw_only=True)
class SpeedResults(Record):
    """All that was measured; `finished` is False in the file that an interrupted command leaves."""

    study: Literal["speed"] = "speed"
    finished: bool
    environment: SpeedEnvironment
    limits: Limits
    num_rounds: int
    rungs: tuple[RungTimes, ...]
    omitted: tuple[Omission, ...]
    by_batch_size: tuple[GrowthPoint, ...] = ()
    by_width: tuple[GrowthPoint, ...] = ()

    def ran_on(self) -> dict[str, str]:
        """As in `Record.ran_on`: one GPU for all."""
        gpu = self.environment.accelerator
        return {"every rung": f"{gpu.name}, driver {gpu.driver}"} if gpu else {}

    @property
    def device_title(self) -> str:
        """The processor with its cores, or the GPU."""
        environment, gpu = self.environment, self.environment.accelerator
        return gpu.name if gpu else f"{environment.processor}, {environment.num_cores} cores"

    def seconds_at(self, gflops: float) -> float:
        """What an epoch's operations take at that rate."""
        return self.rungs[0].operations / 1e9 / gflops
