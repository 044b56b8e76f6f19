"""What every command that trains was asked to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.data.dataset import DataChoice
from shared.data.fashion_mnist import DataPlaces
from shared.experiment import Experiment


@dataclass(frozen=True, kw_only=True)
class Request:
    """The experiment, and everything around it that the edge of the program read.

    out: the output folder; None for a new one under `runs/`.
    variables: the process environment.
    command: the words of the command that was typed.
    """

    experiment: Experiment
    implementations: tuple[str, ...]
    data: DataChoice
    places: DataPlaces
    out: Path | None
    variables: Mapping[str, str]
    command: tuple[str, ...] = ()
