"""What all tests share: the real data set, loaded once."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from shared.data.dataset import RawDataset, load_dataset
from shared.data.fashion_mnist import DataPlaces

ROOT = Path(__file__).parent.parent

# A program started in the background may be told to ignore Ctrl-C, and hands that
# on to its children: without this, tests of Ctrl-C would wait for ever there.
signal.signal(signal.SIGINT, signal.default_int_handler)

# JAX compiles the same few programs for dozens of tests and their child processes;
# kept in a folder, each is compiled once. Set before anything imports JAX. Each
# test process has a folder of its own, so that none reads what another just writes.
COMPILED = ROOT / ".pytest_cache" / f"jax-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
os.environ["JAX_COMPILATION_CACHE_DIR"] = str(COMPILED)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

# Each of two test processes on two cores, with what it starts, computes in one thread: threads
# of several processes get into each other's way. JAX keeps its own, among which it splits sums.
COUNTS_OF_THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
os.environ |= dict.fromkeys(COUNTS_OF_THREADS, "1")

# A proxy of the machine's is not asked for servers on the machine itself.
os.environ["NO_PROXY"] = "127.0.0.1"

# No clock decides a test: machines are shared. And the same examples every time.
hypothesis.settings.register_profile(
    "house",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("house")


LONG = ("test_examples.py", "test_parity.py")
"""Files that take minutes, though none of their tests is slow."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files come first: no process is left with one when the other has done all."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path.name not in LONG and item.path not in slow)


@pytest.fixture(scope="session")
def fashion_mnist_directory() -> Path:
    """Where the four files are; without them tests skip or, where they are required, fail."""
    named = os.environ.get("FASHION_MNIST_DIR")
    directory = Path(named) if named else ROOT.parent / "shared" / "fashion-mnist"
    if directory.is_dir():
        return directory.resolve()
    message = "the real Fashion-MNIST is needed: set FASHION_MNIST_DIR to its folder"
    if os.environ.get("FASHION_TWINS_REQUIRE_DATA") == "1":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def raw_dataset(fashion_mnist_directory: Path, tmp_path_factory) -> RawDataset:
    """The real data set as published."""
    nowhere = tmp_path_factory.mktemp("no-cache")
    places = DataPlaces(
        named_directory=fashion_mnist_directory,
        named_by="FASHION_MNIST_DIR",
        cache=nowhere,
        keras_cache=nowhere,
    )
    return load_dataset("fashion-mnist", places)


@pytest.fixture(scope="module")
def browser() -> Iterator:
    """A headless Chromium; without one tests skip or, where it is required, fail."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    if program is None:
        message = "no chromium is installed: apt-get install chromium"
        if os.environ.get("FASHION_TWINS_REQUIRE_BROWSER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield running
        running.close()
