"""The report page as a parser sees it, and what its tests have in common."""

from html.parser import HTMLParser
from pathlib import Path

from benchmarks.defaults.results import DefaultsResults
from benchmarks.drift.results import Drift
from benchmarks.parity.results import ParityReport
from benchmarks.report.page import render_page
from benchmarks.report.run_material import RunMaterial
from benchmarks.run.results import Results
from benchmarks.seeds.results import SweepResults
from benchmarks.speed.results import SpeedResults
from benchmarks.swap.results import SCHEMA_VERSION, SwapReport, SwapResult
from shared.data.fashion_mnist import DataPlaces
from tests.made_report import found_runs, material_of

COMMITTED = {
    "run.json": Results,
    "parity-float64.json": ParityReport,
    "drift.json": Drift,
    "seeds.json": SweepResults,
    "defaults.json": DefaultsResults,
    "speed.json": SpeedResults,
}
"""The committed results, and the record that each file holds."""
RUN_SECTIONS = ["curves", "differing", "wrong", "confusion", "weights"]
SWAP = SwapReport(
    schema_version=SCHEMA_VERSION,
    dtype="float32",
    passed=True,
    swaps=(
        SwapResult(
            trained_in="keras",
            evaluated_in="jax",
            home_loss=0.34,
            loss=0.34,
            num_differing_predictions=0,
            passed=True,
        ),
    ),
)


class Page(HTMLParser):
    """The page as a parser sees it: every tag with its attributes, ids, headings and text."""

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


def page_of_runs(*materials: RunMaterial) -> str:
    return render_page(found_runs(*materials), material_of(*(each.results for each in materials)))


def nowhere(tmp_path: Path) -> DataPlaces:
    return DataPlaces(named_directory=None, named_by="", cache=tmp_path, keras_cache=tmp_path)
