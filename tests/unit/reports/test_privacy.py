"""What a bill says of persons never reaches a report, in whatever form it is asked for."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from allowable.review.v1.rule_trace_pb2 import CalculationInput
from services.reports import render_html
from tests.unit.reports.samples import sample_page, sample_review

canaries = st.text(alphabet="QXZJKVW", min_size=12, max_size=40)


@settings(max_examples=25, deadline=None)
@given(canaries, canaries, canaries)
def test_references_of_the_caller_are_not_shown(claim: str, line_id: str, trace: str) -> None:
    review = sample_review()
    review.claim_reference = claim
    review.rule_trace_reference = trace
    review.report_url = trace
    for line in review.lines:
        line.line_id = line_id
    document = render_html.html(sample_page(review)).decode()
    assert claim not in document
    assert line_id not in document
    assert trace not in document
    assert "caller" not in document


@settings(max_examples=25, deadline=None)
@given(st.dates(date(2008, 1, 1), date(2030, 12, 31)), st.from_regex(r"(?!99213)[0-9]{5}", fullmatch=True))
def test_dates_of_service_and_zip_codes_are_not_shown(service: date, zip_code: str) -> None:
    day = service.isoformat()
    review = sample_review()
    review.warnings.append(f"ZIP code {zip_code} has no payment locality on {day}.")
    step = review.lines[0].calculation_details[0]
    step.formula = f"the factor in force on {day}"
    step.inputs.extend(
        [
            CalculationInput(name="date_of_service", value=day),
            CalculationInput(name="service_zip", value=zip_code),
            CalculationInput(name="edition", value=f"as of {day}"),
        ]
    )
    page = sample_page(review)
    shown = [*page.warnings, page.lines[0].steps[0].formula]
    shown += [figure.value for figure in page.lines[0].steps[0].figures]
    assert not [text for text in shown if day in text or zip_code in text]
    assert day not in render_html.html(page).decode()
