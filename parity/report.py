"""What a climb found: its verdict, its table and where two twins part; as text, JSON and a page."""

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from parity.compare import FACTOR, RungComparison, sentence
from parity.twin import Array, ParityError

MADE_HERE = ("<!doctype html><!-- parity -->", '{\n "made_by": "parity"')
"""How a file begins that `Report.save` wrote, and may write again."""
COLUMNS = ("rung", "difference", "tolerance", "")


@dataclass(frozen=True)
class Curve:
    """How far every step's loss is from the reference's, and how far rounding takes it, (S,)."""

    differences: Array
    noise: Array


@dataclass(frozen=True, kw_only=True)
class Report:
    """A climb of the ladder, for two twins.

    titles: the reference's and the port's.
    rungs: those that were reached, the last of which may have failed.
    not_reached: names of the others.
    pairs: names of layers that belong together, the reference's first.
    notes: what a reader should know: what was off, what does not pair up.
    curve: None where no step was taken.
    """

    titles: tuple[str, str]
    dtype: str
    rungs: tuple[RungComparison, ...] = ()
    not_reached: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    curve: Curve | None = None

    @property
    def passed(self) -> bool:
        """Whether every rung was reached and none failed."""
        return bool(self.rungs) and not self.not_reached and self.rungs[-1].passed

    @property
    def first_difference(self) -> str | None:
        """Where the two part, in a sentence; None where they do not."""
        return None if self.passed else sentence(self.rungs[-1])

    @property
    def verdict(self) -> str:
        """PASS or FAIL, in a sentence."""
        both, num_rungs = " and ".join(self.titles), len(self.rungs) + len(self.not_reached)
        if self.passed:
            return f"PASS: all {num_rungs} rungs. {both} are the same program in {self.dtype}."
        finding = "are not the same program" if self.rungs[-1].parting else "could not be compared"
        return (
            f"FAIL: rung “{self.rungs[-1].name}”, number {len(self.rungs)} of {num_rungs}. {both} "
            f"{finding} in {self.dtype}."
        )

    def __str__(self) -> str:
        """What a terminal shows: the table, where the two part, notes, the verdict last."""
        rows = [COLUMNS, *self._rows()]
        widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
        lines = [
            f"{row[0]:{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]}".rstrip()
            for row in rows
        ]
        parting = [self.first_difference] if self.first_difference else []
        return "\n".join([*lines, *parting, *(f"- {note}" for note in self.notes), self.verdict])

    def to_markdown(self) -> str:
        """The table of rungs, to copy."""
        rows = (COLUMNS, ("---", "--:", "--:", "---"), *self._rows())
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)

    def to_json(self) -> str:
        """Everything, with null for what is no number."""
        found = {
            "made_by": "parity",
            "passed": self.passed,
            "first_difference": self.first_difference,
            "factor": FACTOR,
            **asdict(self),
        }
        return json.dumps(_readable(found), indent=1, allow_nan=False)

    def save(self, path: str | Path) -> None:
        """Writes a page, one file that needs no other, or JSON where the name ends so.

        Raises:
            ParityError: something else is there under that name, which is left as it is, or
                nothing can be written there.
        """
        path = Path(path)
        text = self.to_json() if path.suffix == ".json" else self.to_html()
        partial = path.with_name(f".{path.name}.partial")
        try:
            if path.exists() and not path.read_text(errors="replace").startswith(MADE_HERE):
                raise ParityError(f"{path} is no report of a climb: give another name")
            partial.write_text(text, encoding="utf-8")
            partial.replace(path)
        except OSError as error:
            raise ParityError(f"the report cannot be written: {error}") from error

    def to_html(self) -> str:
        """The page: verdict, where the two part, ladder, tensors, curve, and tables to copy."""
        template = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
        tensors = [
            (f"{rung.name}: {plural(len(rung.tensors), 'tensor')}", _table(*_tensor_rows(rung)))
            for rung in self.rungs
        ]
        copies = {
            "the ladder in Markdown": self.to_markdown(),
            "everything in JSON": self.to_json(),
        }
        return template.substitute(
            title=escape(f"{self.titles[0]} and {self.titles[1]}"),
            outcome="good" if self.passed else "bad",
            verdict=escape(self.verdict),
            parting=escape(self.first_difference or ""),
            notes="".join(f"<li>{escape(note)}" for note in self.notes),
            ladder=_table(COLUMNS, self._rows()),
            factor=f"{FACTOR:g}",
            curve=_draw(self.curve) if self.curve else "",
            pairs=_table(self.titles, self.pairs),
            tensors="".join(_folded(name, table) for name, table in tensors),
            copies="".join(_folded(n, f"<pre>{escape(text)}</pre>") for n, text in copies.items()),
        )

    def _rows(self) -> Iterator[Sequence[str]]:
        for rung in self.rungs:
            mark = "✓" if rung.passed else "✗"
            yield rung.name, _figure(rung.difference), _figure(rung.tolerance), mark
        for name in self.not_reached:
            yield name, "not reached", "", ""


def plural(number: int, noun: str) -> str:
    """`1 tensor`, `2 tensors`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _tensor_rows(rung: RungComparison) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    rows = [
        (
            tensor.name,
            _figure(tensor.difference),
            _figure(tensor.tolerance),
            "" if tensor.update_ratio is None else f"{tensor.update_ratio:.6g}",
            "✓" if tensor.passed else "✗",
        )
        for tensor in rung.tensors
    ]
    return ("tensor", "difference", "tolerance", "update / reference's", ""), rows


def _table(columns: Sequence[str], rows: Any) -> str:
    lines = ["".join(f"<td>{escape(cell)}" for cell in row) for row in rows]
    head = "".join(f"<th>{escape(column)}" for column in columns)
    return (
        f"<table><thead><tr>{head}<tbody>" + "".join(f"<tr>{line}" for line in lines) + "</table>"
    )


def _folded(name: str, content: str) -> str:
    return f"<details><summary>{escape(name)}</summary>{content}</details>"


def _figure(value: float | None) -> str:
    if value is None or not np.isfinite(value):
        return "∞"
    return f"{value:.1e}" if value else "0"


def _readable(value: Any) -> Any:
    """The same without arrays, and with None for numbers that JSON has no word for."""
    match value:
        case dict():
            return {name: _readable(each) for name, each in value.items()}
        case list() | tuple() | np.ndarray():
            return [_readable(each) for each in value]
        case float() if not np.isfinite(value):
            return None
        case np.generic():
            return _readable(value.item())
    return value


def _draw(curve: Curve) -> str:
    """The curve of differences over steps as SVG, for a page."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    steps = np.arange(1, len(curve.differences) + 1)
    lines = {"port": curve.differences, "rounding in the reference itself": curve.noise}
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "parity"}):
        figure = Figure(figsize=(7.5, 3), layout="constrained")
        axes = figure.subplots()
        for name, values in lines.items():
            axes.plot(steps, np.where(values > 0, values, np.nan), marker=".", label=name)
        axes.set(yscale="log", xlabel="step", ylabel="difference of the loss")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    drawn = buffer.getvalue()
    return drawn[drawn.index("<svg") :].replace("#000000", "currentColor")
