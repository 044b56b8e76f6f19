"""The house rules that a machine can check."""

import ast
import subprocess
import sys
from collections import defaultdict
from importlib.metadata import packages_distributions
from pathlib import Path
from pkgutil import resolve_name

import pytest

from benchmarks.implementations import implementation_names
from benchmarks.registry import COMMANDS
from lessons.command import lesson_paths

ROOT = Path(__file__).parent.parent
FRAMEWORKS = {"tensorflow", "keras", "jax", "flax", "optax", "torch", "sklearn"}
IMPLEMENTATIONS = {"keras_impl", "jax_impl", "peers"}
ROOMS = ("shared", "keras_impl", "jax_impl", "peers", "benchmarks", "lessons")
LIBRARY = "parity"
"""Could be published alone: it has names of its own, and knows nobody here."""
EDGES = {
    *("benchmarks/__main__.py", "benchmarks/options.py"),
    *("benchmarks/speed/measure.py", "benchmarks/sweeps/worker.py"),
}
"""The edge of the program, and of processes of their own."""
PROGRAMS = {
    *("lessons/quick_reference.py", "lessons/smallest_keras.py", "lessons/smallest_port.py"),
    *("lessons/exercises/judge.py", "lessons/exercises/stub.py"),
}
"""Programs to be read, run or filled in, and their judge, which build on frameworks openly."""
MIRRORED_MODULES = ("__init__.py", "implementation.py", "model.py", "train.py")


def public_names(path: Path) -> list[str]:
    kinds = (ast.FunctionDef, ast.ClassDef)
    nodes = [node for node in ast.parse(path.read_text()).body if isinstance(node, kinds)]
    return [node.name for node in nodes if not node.name.startswith("_")]


def trees(*folders: str) -> list[tuple[str, ast.Module]]:
    return [
        (path.relative_to(ROOT).as_posix(), ast.parse(path.read_text()))
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]


def imported_packages(folder: str) -> set[str]:
    names: set[str] = set()
    for _, tree in trees(folder):
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module)
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("folders", [ROOMS, (LIBRARY,)])
def test_a_class_name_exists_once(folders: tuple[str, ...]):
    places = defaultdict(list)
    for path, tree in trees(*folders):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and path not in PROGRAMS:
                places[node.name].append(path)
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}


def test_no_arrow_runs_back_up():
    for folder in ("keras_impl", "jax_impl", "peers", "benchmarks", LIBRARY):
        assert "lessons" not in imported_packages(folder)


def test_only_the_edge_reads_or_writes_the_environment():
    readers = {
        path
        for path, tree in trees(*ROOMS, LIBRARY)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
    }
    scripts = {f"lessons/{path.name}" for path in lesson_paths().values()}
    assert readers <= EDGES | scripts


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_a_dataclass_that_runs_itself(name: str):
    command = resolve_name(COMMANDS[name])
    assert command.__doc__
    assert callable(command.execute)
    assert command.__dataclass_params__.frozen  # pyright: ignore[reportAttributeAccessIssue]


def test_no_test_reaches_into_a_private_name():
    reached = []
    for path, tree in trees("tests"):
        for node in ast.walk(tree):
            match node:
                case ast.ImportFrom(names=aliases):
                    names = [alias.name for alias in aliases]
                case ast.Attribute(value=ast.Name(id="self" | "os")):  # its own; and `os._exit`
                    names = []
                case ast.Attribute(attr=name) if not name.startswith("__"):
                    names = [name]
                case _:
                    names = []
            reached += [f"{path}: {name}" for name in names if name.startswith("_")]
    assert reached == []


def test_importing_all_of_shared_benchmarks_and_lessons_loads_no_framework():
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for folder in ("shared", "benchmarks", "lessons")
        for path in (ROOT / folder).rglob("*.py")
        if path not in lesson_paths().values() and path.relative_to(ROOT).as_posix() not in PROGRAMS
    ]
    assert not modules_loaded_by(modules) & FRAMEWORKS


def modules_loaded_by(names: list[str]) -> set[str]:
    """Top-level modules of a process that imports these."""
    script = (
        "import importlib, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "print(*sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in answer.stdout.split()}


def test_the_library_knows_nobody_here_and_needs_numpy_alone_until_a_twin_is_made():
    assert not imported_packages(LIBRARY) & {*ROOMS, "tests"}
    installed = set(packages_distributions())
    beside_numpy = modules_loaded_by([LIBRARY]) - modules_loaded_by(["numpy"])
    assert beside_numpy & installed == {LIBRARY}


def test_shared_knows_no_framework_and_nobody_else():
    others = {*IMPLEMENTATIONS, "benchmarks", "lessons", "tests"}
    assert not imported_packages("shared") & (FRAMEWORKS | others)


def test_benchmarks_know_neither_frameworks_nor_implementations():
    assert not imported_packages("benchmarks") & (FRAMEWORKS | IMPLEMENTATIONS)


@pytest.mark.parametrize(
    ("folder", "foreign"),
    [
        ("jax_impl", {"keras", "tensorflow", "torch", "keras_impl", "benchmarks"}),
        ("keras_impl", {"jax", "flax", "optax", "torch", "jax_impl", "benchmarks"}),
        (
            "peers/pytorch",
            (FRAMEWORKS | IMPLEMENTATIONS | {"benchmarks"}) - {"torch", "peers"},
        ),
        ("peers/scikit_learn", (FRAMEWORKS | IMPLEMENTATIONS | {"benchmarks"}) - {"sklearn"}),
    ],
)
def test_implementations_do_not_know_each_other(folder: str, foreign: set[str]):
    assert not imported_packages(folder) & foreign


@pytest.mark.parametrize("module", MIRRORED_MODULES)
def test_the_peer_has_every_public_name_of_jax(module: str):
    only_in_jax = {"JaxTwin", "Classifier", "CompiledEpochs", "run_epoch"}
    jax_names = set(public_names(ROOT / "jax_impl" / module)) - only_in_jax
    only_in_torch = {"TorchTwin", "TorchClassifier"}
    assert jax_names == set(public_names(ROOT / "peers" / "pytorch" / module)) - only_in_torch


def test_keras_code_names_no_backend():
    for name in MIRRORED_MODULES:
        text = (ROOT / "keras_impl" / name).read_text()
        assert not any(backend in text for backend in ("tensorflow", "torch", "import jax"))


@pytest.mark.parametrize("module", MIRRORED_MODULES)
def test_each_public_name_of_keras_stands_in_jax_in_the_same_order(module: str):
    # What only one side needs: Keras opens up `fit`, JAX writes out what `fit` hides.
    only_in_keras = {"BatchLoss", "Observer", "GradientsIntoWeights", "KerasTwin"}
    only_in_keras |= {"build_recording", "build_in_bulk"}
    only_in_jax = {"Classifier", "CompiledEpochs", "JaxTwin", "to_device"}
    only_in_jax |= {"loss_fn", "train_step", "train_epoch", "run_epoch"}
    keras_names = [n for n in public_names(ROOT / "keras_impl" / module) if n not in only_in_keras]
    jax_names = [n for n in public_names(ROOT / "jax_impl" / module) if n not in only_in_jax]
    assert keras_names == jax_names


def test_no_branch_on_the_name_of_a_framework():
    for path, tree in trees("shared", "benchmarks", *IMPLEMENTATIONS):
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare):
                parts = [node.left, *node.comparators]
                literals = {part.value for part in parts if isinstance(part, ast.Constant)}
                assert not literals & (FRAMEWORKS | {"Keras", "JAX"}), path


def test_the_reference_comes_first():
    assert implementation_names() == ("keras", "jax")


def test_the_lock_file_has_a_hash_for_each_package_and_no_address():
    text = (ROOT / "requirements.lock").read_text()
    entries = [entry for entry in text.replace("\\\n", "").splitlines() if entry.strip()]
    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "http" not in text


@pytest.mark.parametrize("folder", ["keras_impl", "jax_impl"])
def test_an_implementation_is_read_in_one_sitting(folder: str):
    files = ("model.py", "train.py", "implementation.py")
    assert sum(len((ROOT / folder / name).read_text().splitlines()) for name in files) < 330
