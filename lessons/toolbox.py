"""What a lesson uses: its evidence, a few rows and starting weights, and the project's own code.

`near`, `equal` and `fails` print one line, `✓ what was looked at: what was found`, and end
the lesson where what was found is not what is taught: a framework has changed then.
"""

import ast
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from shared.data.dataset import BRIGHTEST_PIXEL, split_and_scale
from shared.data.stand_in import make_stand_in
from shared.errors import InputError
from shared.experiment import Experiment
from shared.network import NUM_CLASSES
from shared.parameters import Parameters, glorot_parameters
from shared.protocol import Examples, Orders


def near(text: str, taught: float, found: Any, *, within: float) -> None:
    """A number is what the lesson teaches, up to `within` (absolute)."""
    found = float(found)
    decimals = next(count for count in range(17) if 10**-count <= within)
    _judge(text, f"{taught:.{decimals}f}", f"{found:.{decimals}f}", abs(found - taught) <= within)


def equal(text: str, taught: object, found: object) -> None:
    """A value is exactly what the lesson teaches."""
    _judge(text, str(taught), str(found), bool(taught == found))


def fails(text: str, error_type: str, fragment: str, call: Callable, *values, **options) -> None:
    """A call with these arguments ends in an error of this name that holds the fragment."""
    try:
        found, holds = f"no error, but {call(*values, **options)}", False
    except Exception as error:
        name, lines = type(error).__name__, str(error).splitlines() or [""]
        telling = next((line for line in lines if fragment in line), lines[0])
        found = f"{name}: {shorten(telling, 200, placeholder=' …')}"  # TensorFlow writes pages
        holds = name == error_type and fragment in str(error)
    _judge(text, f"{error_type}: … {fragment} …", found, holds)


def _judge(text: str, taught: str, found: str, holds: bool) -> None:
    print(f"{'✓' if holds else '✗'} {text}: {found}", flush=True)
    if not holds:
        raise AssertionError(f"{text}: the lesson teaches {taught}, this run found {found}")


def load_fashion_mnist() -> tuple[Examples, Examples]:
    """55,000 rows to train and 10,000 to test, float32, from where `twins` takes them.

    Where they cannot be had the program ends with one line and status 2.
    """
    # The command line is not worth waiting for in lessons, which need no files.
    from benchmarks.__main__ import read_context
    from benchmarks.options import DataOptions

    try:
        raw = read_context(tuple(sys.argv)).load_images(DataOptions())
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    dataset = split_and_scale(raw, "float32")
    return dataset.training, dataset.test


def draw_rows(num_rows: int) -> Examples:
    """Garments made by rule: images, float32, (num_rows, 28, 28); labels, int32, (num_rows,).

    The same rows each time, and no file needed; what is learned from them is not the matter.
    """
    images, labels = make_stand_in(-(-num_rows // NUM_CLASSES), stream=0)
    scaled = images.astype(np.float32) / np.float32(BRIGHTEST_PIXEL)
    return Examples(images=scaled, labels=labels.astype(np.int32)).rows(slice(num_rows))


def draw_weights() -> Parameters:
    """Glorot-uniform kernels and zero biases of 784→300→100→10, float32, the same each time."""
    return glorot_parameters(Experiment(), np.random.default_rng(42))


def build_alike(implementation: Callable[[Experiment], Any]) -> Any:
    """The documented experiment by `KerasTwin`, say, ready to train from `draw_weights()`."""
    twin = implementation(Experiment())
    twin.set_parameters(draw_weights())
    return twin


def weights_after(implementation: Callable, rows: Examples, orders: Orders) -> Parameters:
    """The weights that one epoch for each of the orders makes of `draw_weights()`."""
    twin = build_alike(implementation)
    twin.fit(rows, validation=rows, orders=orders, on_epoch=lambda _metrics: None)
    return twin.get_parameters()


@dataclass(frozen=True)
class ShownCode:
    """Functions or classes as they stand in the project: side by side on a page, else in turn."""

    sources: tuple[tuple[str, str], ...]
    """The place of each, `jax_impl/train.py:40`, and its text."""

    def __repr__(self) -> str:
        return "\n".join(f"# {place}\n{text}" for place, text in self.sources)

    def _repr_html_(self) -> str:
        columns = (
            f"<figure><figcaption><code>{place}</code></figcaption>"
            f"{highlight(text, PythonLexer(), HtmlFormatter())}</figure>"
            for place, text in self.sources
        )
        return f'<div class="side-by-side">{"".join(columns)}</div>'


def show(*names: str) -> ShownCode:
    """The source of each, named like `jax_impl.train:train_epoch`; imports none of them.

    Raises:
        LookupError: there is no such module, or nothing of that name at its top.
    """
    return ShownCode(tuple(map(_source, names)))


def _source(name: str) -> tuple[str, str]:
    module, _, attribute = name.partition(":")
    origin = getattr(find_spec(module), "origin", None)
    if origin is None:
        raise LookupError(f"there is no module {module}")
    text = Path(origin).read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if getattr(node, "name", None) == attribute:
            first = min(part.lineno for part in (node, *getattr(node, "decorator_list", [])))
            lines = text.splitlines()[first - 1 : node.end_lineno]
            return f"{module.replace('.', '/')}.py:{first}", "\n".join(lines)
    raise LookupError(f"nothing is called {attribute} in {module}")
