"""The report page in a real browser, headless: nothing fails, everything can be read and used."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page

from benchmarks.report.material import Material, read_material
from benchmarks.report.page import write_page
from benchmarks.run.results import Results
from shared.documented import PUBLISHED_VALIDATION
from shared.experiment import Experiment
from tests.made_report import RESULTS, made_history, made_images, made_run

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
CONTRAST = 4.5
"""Of text against its background, at least. Source: WCAG 2.2, criterion 1.4.3."""
UNNAMED_DRAWINGS = """
() => [...document.querySelectorAll("svg:not(svg svg)")].filter((svg) => {
  if (svg.getAttribute("aria-hidden") === "true") return false;
  const names = (svg.getAttribute("aria-labelledby") || "").split(" ");
  return svg.getAttribute("role") !== "img"
    || names.length < 2
    || !names.every((name) => svg.querySelector(`#${name}`)?.textContent.trim());
}).length
"""


@pytest.fixture(scope="module")
def page_file(tmp_path_factory) -> Path:
    """A page with every section: the committed records, and a run with images and weights."""
    committed = read_material([RESULTS]).found
    others = [each for each in committed if not isinstance(each.record, Results)]
    folder = tmp_path_factory.mktemp("page")
    run = made_run(folder / "run", experiment=Experiment())
    return write_page(folder, Material(found=(run, *others)), made_images)


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained of, and every request for anything but the page."""
    return []


@pytest.fixture
def page(browser: Browser, page_file: Path, complaints: list[str]) -> Iterator[Page]:
    page = opened(browser, page_file, complaints)
    yield page
    page.context.close()
    assert complaints == []


def opened(browser: Browser, path: Path, complaints: list[str], **options) -> Page:
    context = browser.new_context(**{"viewport": DESK, **options})
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith("data:") or request.url.partition("#")[0] == path.as_uri()
            else complaints.append(request.url)
        ),
    )
    page.goto(path.as_uri())
    return page


def curves_chart(page: Page) -> Locator:
    return page.locator("#run .chart").first


def shown(charts: Locator, group: str) -> int:
    """Curves of a group that are to be seen in two panels."""
    curves = charts.locator(f"svg.drawing [data-group='{group}']")
    return sum(curves.nth(index).is_visible() for index in range(curves.count()))


def test_the_documented_figures_fit_a_phone_without_scrolling_sideways(browser, tmp_path):
    run = made_run(tmp_path / "run", ("keras", "jax", "torch"), experiment=Experiment())
    path = write_page(tmp_path, Material(found=(run,)), made_images)
    page = opened(browser, path, [], viewport=PHONE)
    region = page.locator("#run .scroll").first
    assert "test accuracy" in region.inner_text()
    assert region.evaluate("(region) => region.scrollWidth - region.clientWidth") <= 0
    page.context.close()


def test_a_long_gallery_folds_after_the_first_twelve(page: Page):
    gallery = page.locator("#run ul.cards")
    assert [gallery.nth(index).locator("> li").count() for index in (-2, -1)] == [12, 12]
    assert gallery.nth(-2).is_visible()
    assert not gallery.nth(-1).is_visible()
    page.get_by_text("12 more").click()
    assert gallery.nth(-1).is_visible()


def test_the_page_opens_without_a_complaint_and_shows_its_pictures(page: Page):
    page.wait_for_load_state("networkidle")  # the fixture hears of complaints and requests
    sizes = page.locator("img").evaluate_all("(all) => all.map((each) => each.naturalWidth)")
    assert len(sizes) > 24
    assert set(sizes) == {28}


def test_the_switch_shows_what_was_chosen(page: Page):
    charts = curves_chart(page)
    assert shown(charts, "training") == shown(charts, "validation") - 2 == 4
    for choice, expected in (("training", (4, 0)), ("validation", (0, 6)), ("both", (4, 6))):
        page.get_by_label(choice, exact=True).check()
        assert (shown(charts, "training"), shown(charts, "validation")) == expected


def test_the_pointer_reads_the_nearest_epoch(page: Page):
    chart = curves_chart(page)
    reading = chart.locator(".reading")
    assert "Point at the chart" in reading.inner_text()
    chart.scroll_into_view_if_needed()
    _, loss = json.loads(chart.locator("script").text_content() or "")
    drawing = chart.locator("svg.drawing")
    box = drawing.bounding_box()
    assert box
    width = float(str(drawing.get_attribute("viewBox")).split()[2])
    page.mouse.move(box["x"] + loss["places"][9] / width * box["width"] + 3, box["y"] + 80)
    text = reading.inner_text()
    assert text.startswith("epoch 10")
    assert f"published run, validation {PUBLISHED_VALIDATION[9][0]:.4f}" in text
    assert "Keras, training 0.0900" in text
    page.get_by_label("validation", exact=True).check()
    assert "training" not in reading.inner_text()
    assert "Keras, validation 0.0800" in reading.inner_text()
    # A dot lies upon each curve that is shown.
    assert chart.locator("circle").count() == 3
    dot = chart.locator("circle").first
    assert float(str(dot.get_attribute("cx"))) == loss["places"][9]
    assert float(str(dot.get_attribute("cy"))) == loss["curves"][1]["heights"][9]


def test_arrow_keys_walk_along_the_curves(page: Page):
    chart = curves_chart(page)
    reading = chart.locator(".reading")
    chart.locator(".scroll").focus()
    for key, expected in (
        ("ArrowLeft", "epoch 30"),
        ("ArrowLeft", "epoch 29"),
        ("ArrowRight", "epoch 30"),
        ("ArrowRight", "epoch 30"),
        ("Home", "epoch 1"),
        ("ArrowLeft", "epoch 1"),
        ("End", "epoch 30"),
        ("Home", "epoch 1"),
        ("ArrowDown", "epoch 1"),
    ):
        page.keyboard.press(key)
        assert reading.locator("strong").inner_text() == expected
    assert "Keras, training 0.9000" in reading.inner_text()  # the loss, below accuracy
    assert reading.get_attribute("aria-live") == "polite"


def test_without_script_all_is_shown_and_no_switch(browser: Browser, page_file: Path):
    page = opened(browser, page_file, [], java_script_enabled=False)
    charts = curves_chart(page)
    assert (shown(charts, "training"), shown(charts, "validation")) == (4, 6)
    assert not page.locator(".switch").is_visible()
    page.get_by_text("loss: values as a table").first.click()
    rows = page.locator("[aria-label='loss: values as a table'] tbody tr")
    assert rows.count() == 30
    history = made_history(30)
    cells = rows.nth(4).locator("td").all_inner_texts()
    assert cells[:2] == [f"{history[4].loss:.4f}", f"{history[4].val_loss:.4f}"]
    assert cells[-1] == f"{PUBLISHED_VALIDATION[4][0]:.4f}"
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_nothing_is_wider_than_the_page(browser: Browser, page_file: Path, size, scheme):
    page = opened(browser, page_file, [], viewport=size, color_scheme=scheme)
    page.locator("details").evaluate_all("(all) => all.forEach((each) => (each.open = true))")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    beyond = page.evaluate(
        """(width) => [...document.querySelectorAll("main *:not(.unseen)")]
          .filter((each) => !each.closest(".scroll"))
          .filter((each) => each.getBoundingClientRect().right > width + 1)
          .map((each) => each.outerHTML.slice(0, 80))""",
        size["width"],
    )
    assert beyond == []
    page.context.close()


def luminance(colour: str) -> float:
    """Of a colour as browsers write it, 0 to 1. Source: WCAG 2.2, relative luminance."""
    shares = np.array(re.findall(r"[\d.]+", colour)[:3], float) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_in_dark(browser: Browser, page_file: Path, scheme: str):
    page = opened(browser, page_file, [], color_scheme=scheme)
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")
    for selector in ("main p", ".quiet", "nav a", ".good", ".bad", ".words td"):
        ink = page.locator(selector).first.evaluate("(element) => getComputedStyle(element).color")
        darker, lighter = sorted((luminance(ink), luminance(paper)))
        assert (lighter + 0.05) / (darker + 0.05) >= CONTRAST, selector
    page.context.close()


def test_the_page_is_labelled_for_who_cannot_see_it(page: Page):
    assert page.evaluate(UNNAMED_DRAWINGS) == 0
    headings = page.locator("h1, h2, h3, h4").evaluate_all("(all) => all.map((h) => h.tagName)")
    levels = [int(heading[1]) for heading in headings]
    assert levels[0] == levels.count(1) == 1
    assert max(np.diff(levels)) <= 1
    assert page.locator("svg[role=img]").count() >= 6
    assert page.locator("img:not([alt]), img[alt='']").count() == 0
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("th:not([scope])").count() == 0
    # What scrolls can be reached with the keyboard.
    reachable = page.locator(".scroll[tabindex='0'][role=region][aria-label]")
    assert reachable.count() == page.locator(".scroll").count() > 10
    assert page.locator("table:not(:has(caption))").count() == 0
    assert page.locator("section:not([aria-labelledby])").count() == 0
    identifiers = page.locator("[id]").evaluate_all("(all) => all.map((each) => each.id)")
    assert len(identifiers) == len(set(identifiers))
    for link in page.locator("a[href^='#']").all():
        assert str(link.get_attribute("href"))[1:] in identifiers


def test_on_paper_the_environment_is_open_and_controls_are_gone(page: Page):
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator(".switch").is_visible()
    assert not page.locator(".reading").first.is_visible()
    assert page.locator("#environment table").first.is_visible()
    ink = page.evaluate("getComputedStyle(document.body).color")
    assert ink == "rgb(28, 32, 38)"
