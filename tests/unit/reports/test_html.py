"""The HTML page: well formed, allowed by its own policy, and immune to what data says."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from allowable.review.v1.review_service_pb2 import Review
from services.reports import render_html
from tests.unit.reports.samples import sample_page, sample_review
from tests.unit.reports.strings import fill_strings

VOID = {"meta", "br", "rect", "path"}


class Outline(HTMLParser):
    """Checks that tags are balanced; keeps tags, attributes, ids and text."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.style = ""
        self.feed(document)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute twice on {tag}"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["style"]:
            self.style += data
        else:
            self.text.append(data)


def outline(review: Review | None = None) -> Outline:
    return Outline(render_html.html(sample_page(review)).decode())


def test_the_policy_allows_exactly_this_style() -> None:
    style = outline().style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in render_html.CONTENT_SECURITY_POLICY
    assert render_html.CONTENT_SECURITY_POLICY.startswith("default-src 'none';")


def test_nothing_runs_and_nothing_is_fetched() -> None:
    page = outline()
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & {tag for tag, _ in page.tags}
    for tag, attributes in page.tags:
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on") or name == "src"], tag
    assert "url(" not in page.style
    assert "@import" not in page.style


def test_ids_are_unique_and_every_inner_link_has_its_target() -> None:
    page = outline()
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    inner = [a["href"] or "" for tag, a in page.tags if tag == "a" and (a["href"] or "").startswith("#")]
    assert inner
    assert {href[1:] for href in inner} <= set(ids)
    labels = [a["aria-labelledby"] for _, a in page.tags if "aria-labelledby" in a]
    assert set(labels) <= set(ids)


def test_tables_have_captions_and_scopes() -> None:
    page = outline()
    tags = [tag for tag, _ in page.tags]
    assert tags.count("table") == tags.count("caption") > 10
    assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")
    assert page.tags[0] == ("html", {"lang": "en"})


def test_it_says_the_totals_the_reasons_and_the_warnings() -> None:
    text = re.sub(r"\s+", " ", " ".join(outline().text))
    for words in (
        "$9,247.50",
        "$2,260.56",
        "Sandbox.",
        "in force on a date in 2026 is known",
        "Two lines were priced with a conversion factor",
        "secondary",
        "How to verify this report",
        "3 November 2026",
    ):
        assert words in text, words


ATTACK = """"><script>alert(1)</script><img src=x onerror=alert(2)>'{{ 7*7 }}{% raw %}</style><!--"""


def test_markup_in_any_field_stays_text() -> None:
    review = sample_review()
    fill_strings(review, lambda text: ATTACK + text)
    document = render_html.html(sample_page(review)).decode()
    clean, attacked = outline(), Outline(document)
    assert {tag for tag, _ in attacked.tags} <= {tag for tag, _ in clean.tags}
    assert attacked.style == clean.style
    assert "<!--" not in document
    assert "<script" not in document
    assert "{{ 7*7 }}" in document


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(min_size=1, max_size=40))
def test_any_text_in_any_field_gives_a_sound_page(text: str) -> None:
    review = sample_review()
    fill_strings(review, lambda _: text)
    outline(review)
