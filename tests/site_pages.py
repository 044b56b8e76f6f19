"""Builds the lessons' site as `make lessons` does, and reads its pages."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

from tests.command import environment


def build(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lessons.site", *map(str, arguments)],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


class Page(HTMLParser):
    """What a page links to, loads, names and says."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.names: set[str] = set()
        self.codes: list[str] = []
        self.images_without_text = 0
        self._in_code = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if "id" in values:
            self.names.add(values["id"])
        if tag == "a":
            self.links.append(values["href"])
        self.loaded += [values[name] for name in ("src", "srcset", "data") if name in values]
        if tag == "link":
            self.loaded.append(values["href"])
        if tag == "img" and not values.get("alt"):
            self.images_without_text += 1
        if tag == "pre":
            self.codes.append("")
            self._in_code = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "pre":
            self._in_code = False

    def handle_data(self, data: str) -> None:
        if self._in_code:
            self.codes[-1] += data


def assert_sound(site: Path) -> None:
    """Every link leads somewhere, and nothing comes from elsewhere."""
    pages = {path.name: Page(path) for path in site.glob("*.html")}
    assert {"index.html", "bring-your-own-port.html"} < set(pages)
    for name, page in pages.items():
        assert all(address.startswith("data:") for address in page.loaded), name
        text = (site / name).read_text(encoding="utf-8")
        assert not re.search(r"@import|url\(|<script|<iframe", text), name
        assert page.images_without_text == 0
        for link in page.links:
            if link.startswith("https://"):  # said in the text, and loaded only when followed
                continue
            file, _, anchor = link.partition("#")
            assert (site / (file or name)).is_file(), (name, link)
            if anchor:
                assert anchor in pages[file or name].names, (name, link)
