"""Made runs for the tests of the report page: everything that a page shows, without training."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.report.material import Found, Material
from benchmarks.report.run_material import RunMaterial, TestPredictions
from benchmarks.run.comparison import compare_with_documented
from benchmarks.run.results import SCHEMA_VERSION, Results
from benchmarks.runner.environment import Environment
from benchmarks.runner.training import ImplementationRun, Seconds, confusion_matrix
from shared.data.dataset import DatasetDescription
from shared.documented import why_not_applicable
from shared.experiment import Experiment
from shared.parameters import glorot_parameters
from shared.protocol import EpochMetrics, Evaluation

RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"
NUM_TEST = 300
NAMES = ("keras", "jax")


def made_predictions(names: tuple[str, ...] = NAMES, *, num_test: int = NUM_TEST):
    """Probabilities that differ a little between implementations; images of noise."""
    generator = np.random.default_rng(0)
    scores = generator.normal(size=(num_test, 10))
    probabilities = {}
    for name in names:
        own = np.exp(scores + generator.normal(scale=0.1, size=scores.shape))
        probabilities[name] = (own / own.sum(axis=1, keepdims=True)).astype(np.float32)
    return TestPredictions(
        probabilities=probabilities,
        images=generator.integers(0, 256, (num_test, 28, 28)).astype(np.uint8),
        labels=generator.integers(0, 10, num_test).astype(np.uint8),
    )


def made_environment(*command: str) -> Environment:
    return Environment(
        python="3.11.7",
        platform="Linux",
        processor="a processor",
        num_cores=2,
        packages={"numpy": "2.0"},
        git_commit="abc",
        flags=("KERAS_BACKEND=jax",),
        command=command,
    )


def made_history(num_epochs: int) -> tuple[EpochMetrics, ...]:
    return tuple(
        EpochMetrics(
            epoch=epoch,
            loss=0.9 / epoch,
            accuracy=1 - 0.3 / epoch,
            val_loss=0.8 / epoch,
            val_accuracy=1 - 0.2 / epoch,
        )
        for epoch in range(1, num_epochs + 1)
    )


def made_run(probabilities: np.ndarray, labels: np.ndarray, num_epochs: int) -> ImplementationRun:
    classes = probabilities.argmax(axis=1)
    return ImplementationRun(
        device="cpu",
        history=made_history(num_epochs),
        test=Evaluation(loss=0.4, accuracy=float((classes == labels).mean())),
        first_predictions=(9, 2, 1),
        first_probabilities=tuple(tuple(map(float, row)) for row in probabilities[:3]),
        confusion=confusion_matrix(labels, classes),
        seconds=Seconds(import_=1.0, compile=1.0, epochs=(1.0,) * num_epochs),
        data_sha256="",
    )


def made_material(
    names: tuple[str, ...] = NAMES,
    *,
    experiment: Experiment | None = None,
    dataset: str = "fashion-mnist",
    command: tuple[str, ...] = ("twins", "run"),
) -> RunMaterial:
    """A run with predictions and weights."""
    experiment = experiment or Experiment(num_epochs=4, hidden_sizes=(6,))
    predictions = made_predictions(names)
    runs = {
        name: made_run(own, predictions.labels, experiment.num_epochs)
        for name, own in predictions.probabilities.items()
    }
    results = Results(
        schema_version=SCHEMA_VERSION,
        dataset=DatasetDescription(
            name=dataset,
            origin="made",
            sha256="0" * 64,
            num_training=55_000,
            num_validation=5_000,
            num_test=NUM_TEST,
        ),
        experiment=experiment,
        environment=made_environment(*command),
        runs=runs,
        documented=compare_with_documented(runs, experiment, dataset),
        why_not_applicable=why_not_applicable(experiment, dataset),
    )
    parameters = {name: glorot_parameters(experiment, np.random.default_rng(1)) for name in names}
    return RunMaterial(results=results, predictions=predictions, parameters=parameters)


def material_of(*records: object) -> Material:
    """Records as if they had been read from files of these numbers."""
    found = tuple(
        Found(record=record, source=f"made/{number}.json", folder=Path())
        for number, record in enumerate(records)
    )
    return Material(found=found, unfinished=(), left_out=())


def found_runs(*materials: RunMaterial) -> tuple[Found[RunMaterial], ...]:
    return tuple(
        Found(record=material, source=f"made/{number}.json", folder=Path())
        for number, material in enumerate(materials)
    )


def with_device(material: RunMaterial, device: str) -> RunMaterial:
    """The same run, computed on another device."""
    runs = {name: replace(run, device=device) for name, run in material.results.runs.items()}
    return replace(material, results=replace(material.results, runs=runs))
