"""Reviews of one claim and provider know of one another: over REST, in one batch of a stream, in a replay."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.partner import Partner, bill, unique
from tests.e2e.test_stream import item, open_stream

pytestmark = pytest.mark.e2e

OPERATION = {"cpt": "20610", "charge": 300.0}
VISIT = {"cpt": "99213", "charge": 200.0}


def of_claim(claim: str, *lines: dict[str, Any], provider: str = "123456789") -> dict[str, Any]:
    return bill(claimReference=claim, providerTaxId=provider, lines=list(lines))


def test_a_visit_is_told_by_the_operation_of_an_earlier_review(acme: Partner) -> None:
    claim = unique("claim")
    first = acme.create(of_claim(claim, OPERATION))
    review = acme.create(of_claim(claim, VISIT))
    assert (first["earlierReviews"], review["earlierReviews"]) == ([], [first["reviewId"]])
    assert (first["allowedAmount"], review["status"]) == (77.41, "denied")
    assert review["lines"][0]["reductionReasons"][0]["carc"] == "97"


def test_another_provider_s_and_another_tenant_s_do_not_count(acme: Partner, bluefern: Partner) -> None:
    claim = unique("claim")
    acme.create(of_claim(claim, OPERATION))
    other = acme.create(of_claim(claim, VISIT, provider="987654321"))
    stranger = bluefern.create(of_claim(claim, VISIT))
    for review in (other, stranger):
        assert (review["earlierReviews"], review["allowedAmount"]) == ([], 109.15)


def test_bills_of_one_batch_know_of_one_another(acme: Partner) -> None:
    claim = unique("claim")
    bills = (of_claim(claim, OPERATION), of_claim(claim, VISIT))
    with open_stream(acme) as stream:
        first, second = [each.review for each in stream.exchange([item(**members) for members in bills])]
    assert list(second.earlier_reviews) == [first.review_id]
    assert (first.status, second.status) == ("priced", "denied")


def test_a_replay_looks_at_the_same_reviews(acme: Partner) -> None:
    claim = unique("claim")
    acme.create(of_claim(claim, OPERATION))
    review = acme.create(of_claim(claim, VISIT))
    acme.create(of_claim(claim, {**OPERATION, "modifiers": ["76"]}))
    again = acme.send("POST", f"/v1/reviews/{review['reviewId']}:replay", {}).json()
    assert (again["identical"], again["differences"]) == (True, [])
