"""Sentences and figures lose exact dates, ZIP codes and identifiers, and nothing a reader needs."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reports.domain import redaction


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("No value in force on 2026-07-14 is known.", "No value in force on a date in 2026 is known."),
        ("Seen 07/14/2026 and July 14, 2026.", "Seen a date in 2026 and a date in 2026."),
        ("Seen 14 July 2026.", "Seen a date in 2026."),
        ("At 2026-07-14T10:11:12Z sharp", "At a date in 2026 sharp"),
        ("ZIP code 94110 has no locality.", "ZIP code (not shown) has no locality."),
        ("ZIP code 94110-1234 lies in two.", "ZIP code (not shown) lies in two."),
        ("Place 94110-1234", "Place (not shown)"),
        ("Provider 12-3456789", "Provider (not shown)"),
        ("two\nlines\u202e and\u200b marks\x00", "two lines and marks"),
    ],
)
def test_sentences(text: str, shown: str) -> None:
    assert redaction.sentence(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Code 99213 with 97140 at $1,234.50",
        "28 TAC 134.203(c)(1)",
        "RVU26C, locality 04412-11",
        "1.009 \u00d7 70.0632 = 70.69",
        "in force since 2026",
    ],
)
def test_what_points_at_nobody_stays(text: str) -> None:
    assert redaction.sentence(text) == text


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("work_rvu", "1.30", "1.30"),
        ("locality", "04412-11", "04412-11"),
        ("days_of_supply", "30", "30"),
        ("update_factor", "1.02", "1.02"),
        ("service_zip", "94110", "not shown"),
        ("bill:zip5", "94110", "not shown"),
        ("diagnosis.1", "S83.2", "not shown"),
        ("date_of_service", "2026-07-14", "a date in 2026"),
        ("date_of_service", "20260714", "a date in 2026"),
        ("date of service", "yesterday", "not shown"),
        ("edition", "2026-07-01", "a date in 2026"),
    ],
)
def test_figures(name: str, value: str, shown: str) -> None:
    assert redaction.figure(name, value) == shown


@given(
    st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.sampled_from(["%Y-%m-%d", "%m/%d/%Y", "%B %-d, %Y"])
)
def test_no_date_survives_in_any_usual_form(day: date, form: str) -> None:
    text = day.strftime(form)
    assert text not in redaction.sentence(f"The service of {text} is late.")


@given(st.text())
def test_plain_text_is_one_visible_line(text: str) -> None:
    shown = redaction.plain(text)
    assert shown == redaction.plain(shown)
    assert not set(shown) & set("\n\r\t\x00\u202e\u2028")
