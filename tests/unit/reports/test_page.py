"""What the page says: sums that add up, sentences, and every source once."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.reports.domain import wording
from services.reports.domain.notes import web_address
from services.reports.wire import report_of
from tests.unit.reports.samples import SampleNames, sample_page, sample_review


def cents(text: str) -> Decimal:
    return Decimal(text.replace("$", "").replace(",", "").replace(wording.MINUS, "-"))


def test_the_reasons_add_up_to_the_difference() -> None:
    page = sample_page()
    assert sum(cents(part.amount) for part in page.parts) == cents(page.difference)
    assert cents(page.charge) - cents(page.allowed) == cents(page.difference)


def test_the_shares_add_up_to_the_charge_and_fill_the_bar() -> None:
    page = sample_page()
    assert sum(cents(share.amount) for share in page.shares) == cents(page.charge)
    assert sum(share.width for share in page.shares) == 1000
    assert [share.kind for share in page.shares] == ["allowed", "reduced", "denied", "open"]


def test_the_verdict_counts_the_lines() -> None:
    assert sample_page().sentence == (
        "Of $9,247.50 charged, $2,260.56 is allowed so far. 7 lines are priced, 2 lines are denied"
        " and 1 line still needs a person\u2019s review."
    )


def test_a_bill_that_is_denied_says_so() -> None:
    review = sample_review()
    review.status = "denied"
    assert (
        sample_page(review).sentence == "Nothing of the $9,247.50 charged is allowed: every line is denied."
    )


def test_every_source_has_one_number_and_the_lines_that_use_it() -> None:
    page = sample_page()
    assert [note.number for note in page.notes] == [1, 2, 3, 4, 5, 6]
    assert len({(note.title, note.section) for note in page.notes}) == 6
    assert page.notes[4].lines == (4, 8)
    assert page.lines[0].notes == (1, 2, 3, 4)
    assert all(figure.note <= 6 for line in page.lines for step in line.steps for figure in step.figures)


def test_a_bill_without_lines_or_charges_still_reads() -> None:
    review = sample_review()
    del review.lines[:]
    review.total_charge = review.allowed_amount = 0
    page = sample_page(review)
    assert page.shares == ()
    assert page.sentence.endswith("The bill has no lines.")


def test_a_part_without_reason_code_is_not_hidden() -> None:
    review = sample_review()
    del review.lines[0].reduction_reasons[:]
    page = sample_page(review)
    assert ("No reason code given", (1,)) in [(part.words, part.lines) for part in page.parts]
    assert sum(cents(part.amount) for part in page.parts) == cents(page.difference)


def test_the_sandbox_is_named_and_live_is_not() -> None:
    review = sample_review()
    assert sample_page(review).banner
    review.livemode = True
    assert not sample_page(review).banner


def test_a_citation_out_of_range_is_no_note() -> None:
    review = sample_review()
    review.lines[0].calculation_details[0].inputs[0].citation = 99
    assert sample_page(review).lines[0].steps[0].figures[0].note == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("199.19", "$199.19"),
        ("199.1", "$199.10"),
        ("1999", "$1,999.00"),
        ("57.391234", "$57.391234"),
        ("-12.5", "\u2212$12.50"),
        ("", ""),
        ("1e9", "1e9"),
        ("NaN", "NaN"),
    ],
)
def test_step_amounts_keep_every_digit(text: str, shown: str) -> None:
    assert wording.step_amount(text) == shown


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("work_rvu", "Work RVU"),
        ("tx:conversion_factor.office", "Conversion factor, office (TX)"),
        ("us_medicare:conversion_factor", "Conversion factor (US Medicare)"),
        ("", ""),
    ],
)
def test_figures_have_readable_names(name: str, words: str) -> None:
    assert wording.figure_name(name) == words


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//example.gov",
        "ftp://example.gov",
        "https://",
        "http://[",
        " https://a.gov/ b",
    ],
)
def test_only_web_addresses_become_links(url: str) -> None:
    assert web_address(url) == ""


def test_the_view_names_the_jurisdiction() -> None:
    report = report_of(sample_review(), SampleNames())
    assert report.jurisdiction_name == "Texas"
    assert sample_page().jurisdiction == "Texas (TX)"
