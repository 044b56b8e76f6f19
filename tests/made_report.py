"""Made runs, as files in a folder, and the page of them as a parser sees it."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from benchmarks.report.material import Found, Material
from benchmarks.report.page import render_page
from benchmarks.run.measure import compare_with_documented
from benchmarks.run.results import PREDICTIONS_FILE, WEIGHTS_FILE, Results
from benchmarks.runner.records import read_json
from benchmarks.runner.training import ImplementationRun, confusion_matrix
from shared.data.dataset import RawDataset, describe
from shared.data.fashion_mnist import DataUnavailable
from shared.documented import why_not_applicable
from shared.experiment import Experiment
from shared.parameters import glorot_parameters, save_parameters
from shared.protocol import EpochMetrics, Evaluation

RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"
RUN = read_json(RESULTS / "run.json", Results)
"""The committed run."""
NUM_TEST, NUM_VALIDATION = 300, 7
NAMES = ("keras", "jax")


class Page(HTMLParser):
    """The page as a parser sees it: every tag with its attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]

    @property
    def sections(self) -> list[str | None]:
        return [attributes.get("id") for attributes in self.all("section")]


def made_images(name: str = "fashion-mnist") -> RawDataset:
    """Noise; the first test images, then as many to train on as the first figures show."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (NUM_TEST + 60, 28, 28)).astype(np.uint8)
    labels = generator.integers(0, 10, NUM_TEST + 60).astype(np.uint8)
    return RawDataset(
        name="stand-in" if name == "stand-in" else "fashion-mnist",
        origin="made",
        train_images=images[NUM_TEST:],
        train_labels=labels[NUM_TEST:],
        test_images=images[:NUM_TEST],
        test_labels=labels[:NUM_TEST],
    )


def no_images(_name: str) -> RawDataset:
    raise DataUnavailable("none was made", "a remedy")


def made_probabilities(names: tuple[str, ...] = NAMES) -> dict[str, np.ndarray]:
    """(300, 10) of each implementation, a little apart from one another."""
    generator = np.random.default_rng(1)
    scores = generator.normal(size=(NUM_TEST, 10))
    probabilities = {}
    for name in names:
        own = np.exp(scores + generator.normal(scale=0.1, size=scores.shape))
        probabilities[name] = (own / own.sum(axis=1, keepdims=True)).astype(np.float32)
    return probabilities


def made_history(num_epochs: int, shift: float = 0.0) -> tuple[EpochMetrics, ...]:
    return tuple(
        EpochMetrics(
            epoch=epoch,
            loss=0.9 / epoch + shift,
            accuracy=1 - 0.3 / epoch + shift,
            val_loss=0.8 / epoch + shift,
            val_accuracy=1 - 0.2 / epoch + shift,
        )
        for epoch in range(1, num_epochs + 1)
    )


def made_training(
    probabilities: np.ndarray, num_epochs: int, device: str = "cpu"
) -> ImplementationRun:
    labels, classes = made_images().test_labels, probabilities.argmax(axis=1)
    return replace(
        RUN.runs["keras"],
        device=device,
        history=made_history(num_epochs),
        test=Evaluation(loss=0.4, accuracy=float((classes == labels).mean())),
        first_predictions=tuple(map(int, classes[:3])),
        first_probabilities=tuple(tuple(map(float, row)) for row in probabilities[:3]),
        confusion=confusion_matrix(labels, classes),
    )


def made_run(
    folder: Path,
    names: tuple[str, ...] = NAMES,
    *,
    experiment: Experiment | None = None,
    dataset: str = "fashion-mnist",
    command: tuple[str, ...] = ("twins", "run"),
    device: str = "cpu",
) -> Found[Results]:
    """A run whose predictions and weights lie in the folder, and whose images are the made ones."""
    experiment = experiment or Experiment(num_epochs=4, hidden_sizes=(6,))
    runs = {}
    for name, own in made_probabilities(names).items():
        runs[name] = made_training(own, experiment.num_epochs, device)
        (folder / name).mkdir(parents=True)
        np.save(folder / name / PREDICTIONS_FILE, own)
        parameters = glorot_parameters(experiment, np.random.default_rng(2))
        save_parameters(parameters, folder / name / WEIGHTS_FILE)
    results = Results(
        dataset=replace(describe(made_images(dataset)), num_validation=NUM_VALIDATION),
        experiment=experiment,
        environment=replace(RUN.environment, command=command),
        runs=runs,
        documented=compare_with_documented(runs, experiment, dataset),
        why_not_applicable=why_not_applicable(experiment, dataset),
    )
    return Found(record=results, source=f"{folder.name}/results.json", folder=folder)


def page_of(*found: Found[Results]) -> str:
    """The page of made runs."""
    return render_page(Material(found=found), made_images)
