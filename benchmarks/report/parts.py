"""What a page is put together from. Each part names the template that draws it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, TypeVar

from benchmarks.display.tables import Outcome
from benchmarks.report.material import Found

Record = TypeVar("Record")


class Part(Protocol):
    """Anything with a template."""

    template: ClassVar[str]


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """Plain text."""

    template: ClassVar[str] = "paragraph.html"
    text: str
    tone: Literal["plain", "quiet", "bad"] = "plain"


@dataclass(frozen=True, kw_only=True)
class Points:
    """Short sentences, one below another."""

    template: ClassVar[str] = "points.html"
    items: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One sentence of the verdict; `key` names the section that shows the evidence."""

    text: str
    outcome: Outcome
    key: str


@dataclass(frozen=True, kw_only=True)
class Findings:
    """The verdict's sentences."""

    template: ClassVar[str] = "findings.html"
    findings: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one implementation takes an image for."""

    implementation: str
    class_name: str
    probability: float
    is_right: bool


@dataclass(frozen=True, kw_only=True)
class Card:
    """A test image with its true class and the answers; `source` is a data URI.

    number: of the image in the test set, counted from 1 as everywhere people read it.
    """

    number: int
    source: str
    class_name: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, kw_only=True)
class Cards:
    """Test images, as many as are shown; those beyond the first rows wait behind a line."""

    template: ClassVar[str] = "cards.html"
    cards: tuple[Card, ...]
    num_open: int = 12


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A command, and names with what they stand for.

    command: as it is typed in a terminal.
    summary: the line that opens the facts; empty where they are always shown.
    """

    template: ClassVar[str] = "facts.html"
    command: str
    summary: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Block:
    """What a section says of one record; the heading is empty where there is only one."""

    heading: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading with its blocks; `key` is what links name."""

    key: str
    title: str
    blocks: tuple[Block, ...]


def section_of(
    key: str,
    title: str,
    found: Iterable[Found[Record]],
    parts_of: Callable[[Record, str], Iterable[Part]],
) -> Section:
    """A section with a block for each record; `parts_of` also takes a key for the block's parts."""
    found = tuple(found)
    return Section(
        key=key,
        title=title,
        blocks=tuple(
            Block(
                heading=each.source if len(found) > 1 else "",
                parts=tuple(parts_of(each.record, f"{key}-{number}")),
            )
            for number, each in enumerate(found, start=1)
        ),
    )
