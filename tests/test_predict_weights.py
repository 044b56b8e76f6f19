"""Which weights predict: of the latest run, of a named one, of a file; and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from benchmarks.predict.weights import find_weights, latest_run
from benchmarks.runner.records import write_json
from shared.errors import InputError
from shared.experiment import Experiment
from shared.parameters import Parameters, glorot_parameters, largest_difference, save_parameters
from tests import made_report


def made_parameters(*hidden_sizes: int, dtype: str = "float32", seed: int = 0) -> Parameters:
    experiment = Experiment(hidden_sizes=hidden_sizes)
    return glorot_parameters(experiment, np.random.default_rng(seed)).astype(dtype)


def made_run(folder: Path, *names: str, dataset_name: str = "fashion-mnist") -> Path:
    """A folder such as `twins run` writes, as far as anyone looks who predicts."""
    experiment = Experiment(hidden_sizes=(4,), num_epochs=1)
    found = made_report.made_run(folder, names, experiment=experiment, dataset=dataset_name)
    for seed, name in enumerate(names):
        save_parameters(made_parameters(4, seed=seed), folder / name / "weights.safetensors")
    write_json(found.record, folder / "results.json")
    return folder


def test_the_latest_finished_run_is_the_last_by_name(tmp_path: Path):
    for name in ("2025-02-02-000000-seeds", "2025-02-03-000000-run", "mine", "run", "2026-run"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").touch()
    (tmp_path / "2025-02-03-000000-run" / "UNFINISHED.txt").touch()
    (tmp_path / "2025-02-04-000000-run").mkdir()
    (tmp_path / "2027-01-01-000000-run").touch()
    for home in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError, match=r"`twins run`.*--run.*--weights"):
            latest_run(home)
    for name in ("2025-01-31-235959-run", "2025-02-01-000000-run", "2025-02-01-000000-run-2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").touch()
        assert latest_run(tmp_path).name == name


def test_by_default_each_implementation_takes_its_own_weights_of_the_latest_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    made_run(tmp_path / "runs" / "2025-01-01-000000-run", "jax")
    run = tmp_path / "runs" / "2025-01-02-000000-run"
    made_run(run, "jax", "keras", dataset_name="stand-in")
    monkeypatch.chdir(tmp_path)
    weights = find_weights(None, None, ())
    assert "2025-01-02-000000-run" in weights.source
    of_file = find_weights(None, run / "keras" / "weights.safetensors", ())
    assert weights.dataset_name == of_file.dataset_name == "stand-in"
    assert weights.experiment.hidden_sizes == (4,)
    assert list(weights.parameters) == ["keras", "jax"]
    assert largest_difference(weights.parameters["jax"], made_parameters(4, seed=0)) == 0
    assert largest_difference(weights.parameters["keras"], made_parameters(4, seed=1)) == 0


def test_of_a_named_run_those_implementations_predict_that_it_trained(tmp_path: Path):
    run = made_run(tmp_path / "any-name", "jax")
    assert list(find_weights(run, None, ()).parameters) == ["jax"]
    with pytest.raises(InputError, match="no weights of 'keras': --impl takes jax"):
        find_weights(run, None, ("keras",))


def test_what_is_no_finished_run_or_no_file_is_refused(tmp_path: Path):
    (made_run(tmp_path / "marked", "jax") / "UNFINISHED.txt").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "a file").touch()
    for name in ("marked", "empty", "a file", "nowhere"):
        with pytest.raises(InputError, match=f"{name} holds no finished run: give --run"):
            find_weights(tmp_path / name, None, ())
    for name in ("marked", "nowhere"):
        with pytest.raises(InputError, match=f"{name} is no file: --weights takes"):
            find_weights(None, tmp_path / name, ("jax",))


def test_a_files_shapes_say_which_network_it_holds(tmp_path: Path):
    file = tmp_path / "any-name.safetensors"
    wide = Experiment(hidden_sizes=(5, 7), dtype="float64")
    for experiment in (Experiment(hidden_sizes=(3,)), wide, Experiment(hidden_sizes=(2, 1, 9))):
        parameters = made_parameters(*experiment.hidden_sizes, dtype=experiment.dtype)
        save_parameters(parameters, file)
        weights = find_weights(None, file, ("jax", "keras"))
        assert (weights.experiment, weights.dataset_name) == (experiment, "")
        assert list(weights.parameters) == ["keras", "jax"]
        for each in weights.parameters.values():
            assert largest_difference(each, parameters) == 0


def saved(dtype: str = "float32", **changes: np.ndarray | None) -> bytes:
    """A file of a sound network with some arrays replaced or, by None, left out."""
    named = dict(made_parameters(4, 6, dtype=dtype).named_arrays())
    named |= {name.replace("__", "/"): array for name, array in changes.items()}
    return save({name: array for name, array in named.items() if array is not None})


def floats(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


OTHER = "holds another network than one of dense layers from 784 pixels to 10 classes"
UNUSABLE = {
    "no bias": (saved(output__bias=None), OTHER),
    "a gap": (saved(hidden_1__bias=None, hidden_1__kernel=None), OTHER),
    "one more": (saved(extra=floats(2)), OTHER),
    "other pixels": (saved(hidden_1__kernel=floats(100, 4)), OTHER),
    "a bias of two axes": (saved(hidden_1__bias=floats(4, 1)), OTHER),
    "an empty layer": (saved(hidden_1__kernel=floats(784, 0), hidden_1__bias=floats(0)), OTHER),
    "no hidden layer": (save({"output/kernel": floats(784, 10), "output/bias": floats(10)}), OTHER),
    "half precision": (saved("float16"), "holds F16, not"),
    "two types": (saved(output__bias=np.zeros(10)), "holds F32, F64, not"),
    "no arrays": (save({}), "holds nothing, not"),
    "no number": (saved(output__bias=floats(10) * np.nan), "holds values in output/bias that are"),
    "nothing": (b"", "is no readable safetensors file"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "is no readable safetensors file"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_file_of_something_else_is_one_clear_line(tmp_path: Path, name: str):
    content, says = UNUSABLE[name]
    file = tmp_path / "weights.safetensors"
    file.write_bytes(content)
    with pytest.raises(InputError, match=rf"\A{file} {says}.*: name one that `twins run` wrote\Z"):
        find_weights(None, file, ("jax",))
