"""The report page in a real browser: it loads alone, shows the decision, fits a phone, and prints."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.partner import Partner, bill

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        CHROMIUM is None, reason="no browser: install the package chromium (apt-get install chromium)"
    ),
]

OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SCREENS = {"a desktop": (1280, 900), "a tablet": (768, 1024), "a phone": (375, 812)}
BILLS = {
    "priced": bill(),
    "needs review": bill(jurisdiction="NY"),
    "mixed and long": bill(
        jurisdiction="NC",
        lines=[
            {"cpt": code, "charge": 900.0, "modifiers": modifiers}
            for code in ("99213", "73721", "97110", "J1100", "64721", "99999")
            for modifiers in ([], ["59"], ["26"])
        ],
    ),
}
VIOLATIONS = """
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (e) => window.violations.push(e.violatedDirective));
"""


@dataclass
class Visit:
    """One load of a page, and what the browser said of it."""

    page: Page
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def reviews(acme: Partner) -> dict[str, dict[str, Any]]:
    return {name: acme.create(content) for name, content in BILLS.items()}


@pytest.fixture(params=SCREENS)
def visit(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Visit]:
    width, height = SCREENS[request.param]
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    seen = Visit(page)
    page.on("console", lambda message: seen.console.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: seen.console.append(f"error: {error}"))
    page.on("request", lambda sent: seen.requests.append(sent.url))
    page.add_init_script(VIOLATIONS)
    yield seen
    context.close()


def load(visit: Visit, review: dict[str, Any]) -> None:
    answer = visit.page.goto(review["reportUrl"])
    assert answer is not None
    assert answer.status == 200


def amount(value: float) -> str:
    return f"${value:,.2f}"


@pytest.mark.parametrize("name", BILLS)
def test_it_loads_in_silence_and_alone(visit: Visit, reviews: dict[str, dict[str, Any]], name: str) -> None:
    load(visit, reviews[name])
    visit.page.wait_for_load_state("networkidle")
    assert visit.console == []
    assert visit.page.evaluate("window.violations") == []
    own = urlsplit(reviews[name]["reportUrl"]).netloc
    foreign = [url for url in visit.requests if not url.startswith("data:") and urlsplit(url).netloc != own]
    assert foreign == []


@pytest.mark.parametrize("name", BILLS)
def test_verdict_amount_and_every_line_are_visible(
    visit: Visit, reviews: dict[str, dict[str, Any]], name: str
) -> None:
    load(visit, reviews[name])
    page, review = visit.page, reviews[name]
    verdict = page.locator("section.verdict")
    assert verdict.get_by_role("heading").is_visible()
    assert verdict.get_by_text(amount(review["allowedAmount"]), exact=True).first.is_visible()
    rows = page.locator("table.lines tbody tr")
    assert rows.count() == len(review["lines"])
    for row, line in zip(rows.all(), review["lines"], strict=True):
        assert row.is_visible()
        text = row.inner_text()
        for shown in (line["cpt"], amount(line["charge"]), amount(line["allowedAmount"])):
            assert shown in text, f"line {line['lineNumber']} lacks {shown}"
    assert page.locator("article.line").count() == len(review["lines"])


@pytest.mark.parametrize("name", BILLS)
def test_nothing_is_wider_than_the_screen(
    visit: Visit, reviews: dict[str, dict[str, Any]], name: str
) -> None:
    load(visit, reviews[name])
    width = visit.page.viewport_size["width"] if visit.page.viewport_size else 0
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    beyond = visit.page.evaluate(
        "(width) => [...document.body.querySelectorAll('*')]"
        # On a phone the heads of tables are there for screen readers only, clipped to one point.
        ".filter((e) => !e.closest('thead') && e.getBoundingClientRect().right > width + 1)"
        ".map((e) => e.tagName + '.' + e.getAttribute('class'))",
        width,
    )
    assert beyond == []


def test_it_prints(browser: Browser, reviews: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    page = browser.new_page()
    page.goto(reviews["mixed and long"]["reportUrl"])
    printed = page.pdf(path=tmp_path / "report.pdf", format="Letter")
    page.screenshot(path=tmp_path / "report.png", full_page=True)
    page.close()
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) >= 1
    assert (tmp_path / "report.png").stat().st_size > 10_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_readable_in_both_colour_schemes(
    browser: Browser, reviews: dict[str, dict[str, Any]], scheme: Any
) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(reviews["priced"]["reportUrl"])
    ink, paper = page.evaluate(
        "[getComputedStyle(document.body).color,"
        " ...[document.body, document.documentElement].map((e) => getComputedStyle(e).backgroundColor)"
        "].filter((colour) => colour !== 'rgba(0, 0, 0, 0)').slice(0, 2)"
    )
    context.close()
    assert contrast(ink, paper) >= 4.5


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two CSS colours."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_link_that_ended_shows_no_page(browser: Browser, acme: Partner) -> None:
    review = acme.create()
    acme.send("DELETE", f"/v1/reviews/{review['reviewId']}/report-link")
    page = browser.new_page()
    answer = page.goto(review["reportUrl"])
    text = page.content()
    page.close()
    assert answer is not None
    assert answer.status == 404
    assert review["reviewId"] not in text
