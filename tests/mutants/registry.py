"""What a mutant is, and how the source of an example is changed."""

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from tests.mutants import mistakes

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
NETWORK, CNN, TRANSFORMER = "documented_network", "cnn", "transformer"
OPTIONS = "predict=predict)"
"""How every example ends the call that makes its twin."""
Change = tuple[str, str]


@dataclass(frozen=True)
class Mutant:
    """A port with one mistake.

    change: what stands in the example's source, once, and what takes its place.
    rung, layer: where it must be found; the layer by its name in Keras, empty for none.
    remark: why it was found elsewhere, or not at all; written after the climbs.
    others: further places that change with the first.
    """

    name: str
    change: Change
    rung: str
    layer: str
    remark: str = ""
    others: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Variant:
    """A port that is written otherwise and is no mistake."""

    name: str
    change: Change
    others: tuple[Change, ...] = ()


def step(text: str) -> Change:
    """A step of the port's own, in place of the one that a twin makes."""
    return OPTIONS, f"predict=predict, train_step=mistakes.{text})"


def load_example(example: str, *changes: Change) -> ModuleType:
    """An example as a module, its source changed.

    Raises:
        ValueError: what is to be changed does not stand there once.
    """
    path = EXAMPLES / f"{example}.py"
    source = path.read_text()
    for old, new in changes:
        if source.count(old) != 1:
            raise ValueError(f"{path.name} has {old!r} {source.count(old)} times, expected once")
        source = source.replace(old, new)
    module = ModuleType(f"{example}_changed")
    module.__dict__["mistakes"] = mistakes
    exec(compile(source, path, "exec"), module.__dict__)
    return module
