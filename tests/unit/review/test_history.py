"""Earlier reviews of a claim: which count, what they change, and when a rule asks for them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf import json_format

from allowable.review.v1 import review_service_pb2 as pb
from services.review.history import History, history, is_wanted, opened, written
from services.review.servicer import decide
from services.review.store import ClaimReview
from tests.harness import bills

NOW = datetime(2026, 11, 20, tzinfo=UTC)
REFERENCES = {"claimReference": "a claim", "providerTaxId": "123456789"}


def request(*lines: dict[str, Any], **bill: Any) -> pb.CreateReviewRequest:
    made = bills.medicare(*lines, **{"placeOfService": "22", **REFERENCES, **bill})
    return json_format.ParseDict(made, pb.CreateReviewRequest())


def stored(sent: pb.CreateReviewRequest, review_id: str = "rv_1") -> ClaimReview:
    """As reviews were stored before their services stood beside them."""
    response = decide(bills.engine(), sent, pb.Review(review_id=review_id), today=bills.TODAY)
    return ClaimReview(review_id, NOW, b"", sent.SerializeToString(), response)


def decided(sent: pb.CreateReviewRequest, *earlier: pb.CreateReviewRequest) -> pb.Review:
    known = history(sent, [opened(stored(each)) for each in earlier])
    head = pb.Review(review_id="rv_2")
    return pb.Review.FromString(decide(bills.engine(), sent, head, today=bills.TODAY, known=known))


def outcome(review: pb.Review) -> list[tuple[str, str]]:
    return [(line.status, line.reduction_reasons[0].carc) for line in review.lines]


OPERATION = {"cpt": "23412", "charge": 1200.0}
VISIT = {"cpt": "99213", "charge": 200.0, "dateOfService": "2025-06-20"}


def test_a_visit_after_an_operation_of_an_earlier_bill_belongs_to_it() -> None:
    review = decided(request(VISIT), request(OPERATION))
    assert outcome(review) == [("denied", "97")]
    assert review.earlier_reviews == ["rv_1"]


def test_an_unrelated_visit_does_not() -> None:
    review = decided(request({**VISIT, "modifiers": ["24"]}), request(OPERATION))
    assert review.lines[0].allowed_amount == 73.35


@pytest.mark.parametrize(
    ("operation", "wanted"),
    [
        ({"modifiers": ["22"]}, "needs_review"),
        ({"modifiers": ["GZ"]}, "priced"),
        ({"modifiers": ["80"]}, "priced"),
    ],
)
def test_what_became_of_the_operation_decides(operation: dict[str, Any], wanted: str) -> None:
    review = decided(request(VISIT), request({**OPERATION, **operation}))
    assert review.lines[0].status == wanted


def test_a_service_of_an_earlier_bill_is_not_paid_twice() -> None:
    film = {"cpt": "73030", "charge": 90.0, "modifiers": ["26", "RT"]}
    assert outcome(decided(request(film), request(film))) == [("denied", "18")]
    review = decided(request({**film, "modifiers": ["26", "RT", "76"]}), request(film))
    assert review.lines[0].status == "priced"
    review = decided(request({**film, "charge": 80.0}), request(film))
    assert review.lines[0].status == "needs_review"


def test_a_denied_service_may_be_billed_again() -> None:
    visit = {"cpt": "99213", "charge": 200.0}
    assert decided(request(visit), request({**visit, "modifiers": ["GZ"]})).lines[0].status == "priced"


def test_only_the_same_provider_and_kind_of_bill_count() -> None:
    bill = request(VISIT)
    others = [request(OPERATION, providerTaxId="987654321"), request(OPERATION, billType="outpatient")]
    assert history(bill, [opened(stored(each)) for each in others]) == History()
    hyphenated = stored(request(OPERATION, providerTaxId="12-3456789"))
    assert history(bill, [opened(hyphenated)]).review_ids == ("rv_1",)


def test_the_services_stored_beside_a_review_are_those_of_its_bill_and_answer() -> None:
    everything = request(
        {**OPERATION, "modifiers": ["RT", "58"], "units": 2, "charge": 1200.5, "placeOfService": "24"},
        {"cpt": "J1885", "charge": 30.0, "ndc": "00409-3795-01"},
        {"cpt": "99213", "charge": 200.0, "modifiers": ["GZ"]},
        VISIT,
    )
    whole = opened(stored(everything))
    assert {(each.priced, each.denied) for each in whole.services} == {
        (True, False), (False, True), (False, False),
    }  # fmt: skip
    assert opened(ClaimReview("rv_1", NOW, written(whole))) == whole


@pytest.mark.parametrize(
    ("bill", "wanted"),
    [
        ({}, True),
        ({"claimReference": ""}, False),
        ({"providerTaxId": ""}, False),
        ({"jurisdiction": "NC"}, False),
        ({"jurisdiction": "TX"}, True),
        ({"jurisdiction": "ZZ"}, False),
    ],
)
def test_earlier_reviews_are_looked_for_only_where_a_rule_asks(bill: dict[str, Any], *, wanted: bool) -> None:
    assert is_wanted(bills.engine(), request(VISIT, **bill)) is wanted


def test_a_second_operation_of_the_day_waits_for_its_rank() -> None:
    """Paid in full on each of two bills, the lower of two operations would lose its reduction."""
    first, second = request({"cpt": "29881"}), request({"cpt": "64721"})
    assert [line.status for line in decided(second, first).lines] == ["needs_review"]
    another_day = request({"cpt": "64721"}, dateOfService="2025-09-30")
    assert [line.status for line in decided(another_day, first).lines] == ["priced"]


def test_a_primary_code_of_an_earlier_bill_carries_its_add_on() -> None:
    assert [line.status for line in decided(request({"cpt": "64484"})).lines] == ["denied"]
    first, second = request({"cpt": "64483"}), request({"cpt": "64484"})
    assert [line.status for line in decided(second, first).lines] == ["priced"]
    denied = request({"cpt": "64483", "modifiers": ["GZ"]})
    assert [line.status for line in decided(second, denied).lines] == ["denied"]
