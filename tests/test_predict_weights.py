"""Which weights predict: of the latest run, of a named one, of a file; and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from benchmarks.predict.weights import find_weights, latest_run
from benchmarks.runner.records import write_json
from shared.errors import InputError
from shared.experiment import DType, Experiment
from shared.parameters import Parameters, glorot_parameters, save_parameters
from tests.test_figures import made_results


def made_parameters(*hidden_sizes: int, dtype: str = "float32", seed: int = 0) -> Parameters:
    experiment = Experiment(hidden_sizes=hidden_sizes)
    return glorot_parameters(experiment, np.random.default_rng(seed)).astype(dtype)


def made_run(folder: Path, *names: str, dataset_name: str = "fashion-mnist") -> Path:
    """A folder such as `twins run` writes, as far as anyone looks who predicts."""
    results = made_results(
        names,
        experiment=Experiment(hidden_sizes=(4,), num_epochs=1),
        dataset_name=dataset_name,
        reason=None,
    )
    for seed, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        save_parameters(made_parameters(4, seed=seed), folder / name / "weights.safetensors")
    write_json(results, folder / "results.json")
    return folder


def assert_same(found: Parameters, expected: Parameters) -> None:
    pairs = zip(found.named_arrays(), expected.named_arrays(), strict=True)
    assert all(np.array_equal(one, other) for (_, one), (_, other) in pairs)


# --- a run's


def test_the_latest_finished_run_is_the_last_by_name(tmp_path: Path):
    for name in (
        *("2025-01-31-235959-run", "2025-02-01-000000-run", "2025-02-01-000000-run-2"),
        *("2025-02-02-000000-seeds", "2025-02-03-000000-run", "2025-02-04-000000-run"),
        *("mine", "run", "2026-run"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").touch()
    (tmp_path / "2025-02-03-000000-run" / "UNFINISHED.txt").touch()
    (tmp_path / "2025-02-04-000000-run" / "results.json").unlink()
    (tmp_path / "2027-01-01-000000-run").touch()
    assert latest_run(tmp_path).name == "2025-02-01-000000-run-2"


def test_without_any_run_the_remedy_is_named(tmp_path: Path):
    for home in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError, match=r"`twins run`.*--run.*--weights"):
            latest_run(home)


def test_by_default_each_implementation_takes_its_own_weights_of_the_latest_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    made_run(tmp_path / "runs" / "2025-01-01-000000-run", "jax")
    made_run(tmp_path / "runs" / "2025-01-02-000000-run", "jax", "keras", dataset_name="stand-in")
    monkeypatch.chdir(tmp_path)
    weights = find_weights(None, None, ())
    assert "2025-01-02-000000-run" in weights.source
    assert weights.dataset_name == "stand-in"
    assert weights.experiment.hidden_sizes == (4,)
    assert list(weights.parameters) == ["keras", "jax"]
    assert_same(weights.parameters["jax"], made_parameters(4, seed=0))
    assert_same(weights.parameters["keras"], made_parameters(4, seed=1))


def test_of_a_named_run_those_implementations_predict_that_it_trained(tmp_path: Path):
    run = made_run(tmp_path / "any-name", "jax")
    assert list(find_weights(run, None, ()).parameters) == ["jax"]
    with pytest.raises(InputError, match="no weights of 'keras': --impl takes jax"):
        find_weights(run, None, ("keras",))


@pytest.mark.parametrize("spoil", ["marked", "empty", "missing", "a file"])
def test_what_is_no_finished_run_is_refused(tmp_path: Path, spoil: str):
    run = tmp_path / "run"
    if spoil == "marked":
        (made_run(run, "jax") / "UNFINISHED.txt").touch()
    elif spoil == "empty":
        run.mkdir()
    elif spoil == "a file":
        run.touch()
    with pytest.raises(InputError, match="holds no finished run: give --run"):
        find_weights(run, None, ())


# --- a file's


@pytest.mark.parametrize(
    ("hidden_sizes", "dtype"), [((3,), "float32"), ((5, 7), "float64"), ((2, 1, 9), "float32")]
)
def test_a_files_shapes_say_which_network_it_holds(
    tmp_path: Path, hidden_sizes: tuple[int, ...], dtype: DType
):
    file = tmp_path / "any-name.safetensors"
    parameters = made_parameters(*hidden_sizes, dtype=dtype)
    save_parameters(parameters, file)
    weights = find_weights(None, file, ("jax", "keras"))
    assert weights.experiment == Experiment(hidden_sizes=hidden_sizes, dtype=dtype)
    assert weights.dataset_name == ""
    assert list(weights.parameters) == ["keras", "jax"]
    for each in weights.parameters.values():
        assert_same(each, parameters)


def test_a_file_of_a_run_on_the_stand_in_is_known_as_such(tmp_path: Path):
    run = made_run(tmp_path / "run", "keras", dataset_name="stand-in")
    weights = find_weights(None, run / "keras" / "weights.safetensors", ())
    assert weights.dataset_name == "stand-in"


def arrays(**changes: np.ndarray | None) -> dict[str, np.ndarray]:
    """A sound network's arrays, some of them replaced or, by None, left out."""
    named = dict(made_parameters(4, 6).named_arrays())
    named |= {name.replace("__", "/"): array for name, array in changes.items()}
    return {name: array for name, array in named.items() if array is not None}


def floats(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


UNUSABLE = {
    "no bias": arrays(output__bias=None),
    "no output": arrays(output__bias=None, output__kernel=None),
    "a gap": arrays(hidden_1__bias=None, hidden_1__kernel=None),
    "one more": arrays(extra=floats(2)),
    "other pixels": arrays(hidden_1__kernel=floats(100, 4)),
    "other classes": arrays(output__kernel=floats(6, 3), output__bias=floats(3)),
    "a flat kernel": arrays(hidden_1__kernel=floats(784 * 4)),
    "a bias of two axes": arrays(hidden_1__bias=floats(4, 1)),
    "a bias of none": arrays(hidden_1__bias=floats()),
    "layers that do not fit": arrays(hidden_2__kernel=floats(5, 6)),
    "an empty layer": arrays(
        hidden_1__kernel=floats(784, 0), hidden_1__bias=floats(0), hidden_2__kernel=floats(0, 6)
    ),
    "no hidden layer": {"output/kernel": floats(784, 10), "output/bias": floats(10)},
    "half precision": {name: array.astype(np.float16) for name, array in arrays().items()},
    "two types": arrays(output__bias=np.zeros(10)),
    "whole numbers": {name: array.astype(np.int32) for name, array in arrays().items()},
    "no number": arrays(output__bias=np.full(10, np.nan, np.float32)),
    "nothing": {},
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_file_of_another_network_is_one_clear_line(tmp_path: Path, name: str):
    file = tmp_path / "weights.safetensors"
    save_file(UNUSABLE[name], file)
    assert_one_clear_line(file)


@pytest.mark.parametrize("content", [b"", b"\xff" * 200, b"\x89PNG\r\n\x1a\n" + b"\0" * 99])
def test_a_file_of_something_else_is_one_clear_line(tmp_path: Path, content: bytes):
    file = tmp_path / "weights.safetensors"
    file.write_bytes(content)
    assert_one_clear_line(file)


def test_a_folder_or_nothing_is_one_clear_line(tmp_path: Path):
    assert_one_clear_line(tmp_path)
    assert_one_clear_line(tmp_path / "nowhere")


def assert_one_clear_line(file: Path) -> None:
    with pytest.raises(InputError, match=file.name) as caught:
        find_weights(None, file, ("jax",))
    assert "\n" not in str(caught.value)
    assert "`twins run`" in str(caught.value) or "--weights" in str(caught.value)
