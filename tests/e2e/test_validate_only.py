"""`validateOnly` over every way in: the same edits, and nothing left behind."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format

from allowable.review.v1 import review_service_pb2 as pb
from tests.e2e.partner import Partner, bill, message, unique

pytestmark = pytest.mark.e2e

SECONDS = 30
MEETS_AN_EDIT = [{"cpt": "29881", "charge": 3000.0}, {"cpt": "29877", "charge": 3000.0}]


def asked(**members: Any) -> dict[str, Any]:
    return bill(placeOfService="22", lines=MEETS_AN_EDIT, validateOnly=True, **members)


def by_stream(partner: Partner, *bills: dict[str, Any], key: str = "") -> list[pb.Review]:
    items = [
        pb.StreamReviewsItem(item_id=str(n), bill=message(each), idempotency_key=key if n == 0 else "")
        for n, each in enumerate(bills)
    ]
    batches = iter([pb.StreamReviewsRequest(items=items)])
    answers = partner.reviews.StreamReviews(batches, metadata=partner.metadata(), timeout=SECONDS)
    return [result.review for answer in answers for result in answer.results]


def test_every_way_in_answers_the_same_edits(acme: Partner) -> None:
    by_rest = acme.post(asked()).json()
    by_grpc = acme.reviews.CreateReview(message(asked()), metadata=acme.metadata(), timeout=SECONDS)
    (streamed,) = by_stream(acme, asked())
    for answer in (json_format.MessageToDict(by_grpc), json_format.MessageToDict(streamed)):
        assert answer["edits"] == json_format.MessageToDict(by_grpc)["edits"]
        assert [line["status"] for line in answer["lines"]] == ["validated", "denied"]
    assert [edit["id"] for edit in by_rest["edits"]] == ["ncci:29881:29877"]
    assert [line["status"] for line in by_rest["lines"]] == ["validated", "denied"]


def test_nothing_is_stored_counted_or_used_up(alone: Partner) -> None:
    key, reference = unique("key"), unique("claim")
    before = alone.get("/v1/usage").json()
    assert alone.post(asked(claimReference=reference), idempotency_key=key).status_code == 200
    by_stream(alone, asked(claimReference=reference), key=key)
    assert alone.get("/v1/reviews", claimReference=reference).json()["reviews"] == []
    assert alone.get("/v1/usage").json() == before
    real = alone.post({**asked(claimReference=reference), "validateOnly": False}, idempotency_key=key)
    assert (real.status_code, real.headers.get("idempotent-replayed")) == (200, None)
    assert real.json()["reviewId"]


def test_a_batch_may_hold_both(alone: Partner) -> None:
    validated, priced = by_stream(alone, asked(), bill())
    assert (validated.review_id, validated.status) == ("", "validated")
    assert priced.review_id
