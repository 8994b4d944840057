"""The life of a stored review: read, listed, traced; its idempotency key over both transports."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf import json_format

from allowable.review.v1 import review_service_pb2 as pb
from tests.e2e.partner import EVENTS, Partner, bill, count, message, newcomer, refusal, unique

pytestmark = pytest.mark.e2e

SECONDS = 30
REVIEWS = 23
KINDS = (
    {"jurisdiction": "MEDICARE"},
    {"jurisdiction": "NC"},
    {"jurisdiction": "NY"},
    {"jurisdiction": "MEDICARE", "claimReference": "claim of some"},
)


@pytest.fixture(scope="module")
def history(alone: Partner) -> list[dict[str, Any]]:
    """The reviews of a tenant who made no others, in the order they were made."""
    return [alone.create(bill(**KINDS[n % len(KINDS)])) for n in range(REVIEWS)]


def pages(partner: Partner, **parameters: Any) -> list[list[dict[str, Any]]]:
    """Every page of a list, by its cursor."""
    found, token = [], ""
    while True:
        answer = partner.get("/v1/reviews", pageToken=token, **parameters)
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["reviews"])
        token = answer.json().get("nextPageToken", "")
        if not token:
            return found


def test_a_review_is_read_as_it_was_answered_over_both_transports(acme: Partner) -> None:
    answered = acme.create()
    assert acme.get(f"/v1/reviews/{answered['reviewId']}").json() == answered
    request = pb.GetReviewRequest(review_id=answered["reviewId"])
    native = acme.reviews.GetReview(request, metadata=acme.metadata(), timeout=SECONDS)
    assert native == json_format.ParseDict(answered, pb.Review())


@pytest.mark.parametrize("size", [1, 4, REVIEWS, 200])
def test_a_cursor_walks_every_review_once_newest_first(
    alone: Partner, history: list[dict[str, Any]], size: int
) -> None:
    found = pages(alone, pageSize=size)
    assert all(len(page) == size for page in found[:-1])
    assert [entry["reviewId"] for page in found for entry in page] == [
        review["reviewId"] for review in reversed(history)
    ]


def test_a_page_shows_the_decision_in_short(alone: Partner, history: list[dict[str, Any]]) -> None:
    (entry,) = pages(alone, pageSize=1)[0]
    newest = history[-1]
    assert entry == {
        **{name: newest[name] for name in (
            "reviewId", "status", "jurisdiction", "billType", "totalCharge", "allowedAmount", "createdAt",
            "claimReference",
        )},
        "lineCount": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("filters", "fits"),
    [
        ({"jurisdiction": "NC"}, lambda review: review["jurisdiction"] == "NC"),
        ({"status": "needs_review"}, lambda review: review["status"] == "needs_review"),
        ({"claimReference": "claim of some"}, lambda review: review["claimReference"] == "claim of some"),
        ({"jurisdiction": "NY", "status": "priced"}, lambda _: False),
    ],
    ids=["jurisdiction", "status", "claim reference", "two that exclude each other"],
)
def test_filters(
    alone: Partner,
    history: list[dict[str, Any]],
    filters: dict[str, str],
    fits: Callable[[dict[str, Any]], bool],
) -> None:
    wanted = [review["reviewId"] for review in reversed(history) if fits(review)]
    assert [entry["reviewId"] for page in pages(alone, pageSize=3, **filters) for entry in page] == wanted


@pytest.mark.parametrize("change", ["other filter", "cut", "invented"])
def test_a_page_token_is_good_for_its_own_list_only(
    alone: Partner, history: list[dict[str, Any]], change: str
) -> None:
    assert history
    token = alone.get("/v1/reviews", pageSize=2).json()["nextPageToken"]
    parameters = {
        "other filter": {"pageToken": token, "jurisdiction": "NC"},
        "cut": {"pageToken": token[:-1]},
        "invented": {"pageToken": "AAAA"},
    }[change]
    refused = alone.get("/v1/reviews", **parameters)
    assert refused.status_code == 400
    assert [entry["field"] for entry in refused.json()["errors"]] == ["pageToken"]


def test_reviews_made_during_a_walk_do_not_shift_it(acme: Partner) -> None:
    claim = unique("claim")
    made = [acme.create(bill(claimReference=claim))["reviewId"] for _ in range(4)]
    first = acme.get("/v1/reviews", pageSize=2, claimReference=claim).json()
    acme.create(bill(claimReference=claim))
    token = first["nextPageToken"]
    second = acme.get("/v1/reviews", pageSize=9, claimReference=claim, pageToken=token).json()
    walked = [entry["reviewId"] for page in (first, second) for entry in page["reviews"]]
    assert walked == list(reversed(made))


def test_the_trace_adds_up_and_cites(acme: Partner) -> None:
    review = acme.create()
    trace = acme.get(f"/v1/reviews/{review['reviewId']}/trace").json()
    assert review["ruleTraceReference"].endswith(f"/v1/reviews/{review['reviewId']}/trace")
    assert (trace["reviewId"], trace["lines"]) == (review["reviewId"], review["lines"])
    for line in trace["lines"]:
        amounts = [step["amountAfter"] for step in line["calculationDetails"] if step["amountAfter"]]
        assert float(amounts[-1]) == line["allowedAmount"]
        assert line["ruleCitations"]
        for earlier, later in pairwise([s for s in line["calculationDetails"] if s["amountAfter"]]):
            assert later["amountBefore"] in ("", earlier["amountAfter"])


def test_amounts_as_large_as_the_limits_allow_are_stored(acme: Partner) -> None:
    """The most of everything: units, lines and rates at once, where no edit limits units."""
    line = {"cpt": "99213", "charge": 9999999.99, "units": 9999}
    most = bill(
        jurisdiction="NC", contract={"flatRates": [{"cpt": "99213", "rate": 9999999.99}]}, lines=[line] * 999
    )
    review = acme.reviews.CreateReview(message(most), metadata=acme.metadata(), timeout=SECONDS)
    request = pb.GetReviewRequest(review_id=review.review_id)
    assert acme.reviews.GetReview(request, metadata=acme.metadata(), timeout=SECONDS) == review


def test_a_bill_of_equal_lines_is_read_however_well_it_compresses(acme: Partner) -> None:
    line = {"cpt": "99213", "charge": 175.0}
    answer = acme.post(bill(lines=[line] * 999))
    assert answer.status_code == 200, answer.text


def grpc_create(partner: Partner, content: dict[str, Any], key: str) -> tuple[str, str]:
    """Review id and what the header says of a replay."""
    review, call = partner.reviews.CreateReview.with_call(
        message(content), metadata=partner.metadata(idempotency_key=key), timeout=SECONDS
    )
    return review.review_id, str(dict(call.initial_metadata()).get("idempotent-replayed", ""))


def rest_create(partner: Partner, content: dict[str, Any], key: str) -> tuple[str, str]:
    answer = partner.post(content, idempotency_key=key)
    assert answer.status_code == 200, answer.text
    return answer.json()["reviewId"], answer.headers.get("idempotent-replayed", "")


WAYS = {"grpc": grpc_create, "rest": rest_create}


@pytest.mark.parametrize("again", WAYS)
@pytest.mark.parametrize("first", WAYS)
def test_the_same_key_with_the_same_bill_is_the_same_review(acme: Partner, first: str, again: str) -> None:
    key, content = unique("key"), bill(claimReference=unique("claim"))
    made, fresh = WAYS[first](acme, content, key)
    repeated, replayed = WAYS[again](acme, content, key)
    assert (repeated, fresh, replayed) == (made, "", "true")
    assert len(acme.get("/v1/reviews", claimReference=content["claimReference"]).json()["reviews"]) == 1


def test_a_replayed_answer_is_equal_in_every_member(acme: Partner) -> None:
    key = unique("key")
    first, again = (acme.post(bill(), idempotency_key=key) for _ in range(2))
    assert first.json() == again.json()


def test_the_same_key_with_another_bill_is_refused(acme: Partner) -> None:
    key = unique("key")
    acme.post(bill(), idempotency_key=key)
    other = bill(placeOfService="22")
    refused = acme.post(other, idempotency_key=key)
    assert (refused.status_code, refused.json()["error"]) == (422, "idempotency_key_reused")
    with pytest.raises(grpc.RpcError) as caught:
        grpc_create(acme, other, key)
    assert refusal(caught.value) == ("INVALID_ARGUMENT", "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize("key", ["k" * 256, "with space", "ключ"], ids=["too long", "space", "not ASCII"])
def test_a_key_that_is_none_is_refused(acme: Partner, key: str) -> None:
    headers = {name.encode(): value.encode() for name, value in acme.headers.items()}
    headers[b"idempotency-key"] = key.encode()
    answer = acme.stack.http.post("/v1/api-keys", json={"name": unique("key")}, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_key_of_255_characters_is_taken(acme: Partner) -> None:
    key = (unique("key") + "k" * 255)[:255]
    assert rest_create(acme, bill(), key)[0] == grpc_create(acme, bill(), key)[0]
    with pytest.raises(grpc.RpcError) as caught:
        grpc_create(acme, bill(), f"{key}k")
    assert refusal(caught.value) == ("INVALID_ARGUMENT", "INVALID_REQUEST")


def test_two_at_once_with_one_key_make_one_review(acme: Partner) -> None:
    content, key = bill(claimReference=unique("claim")), unique("key")
    together = threading.Barrier(6)

    def post(_: int) -> httpx.Response:
        together.wait()
        return acme.post(content, idempotency_key=key)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(post, range(6)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert {a.json()["error"] for a in answers if a.status_code == 409} <= {"idempotency_key_in_use"}
    assert len({answer.json()["reviewId"] for answer in answers if answer.status_code == 200}) == 1
    assert len(acme.get("/v1/reviews", claimReference=content["claimReference"]).json()["reviews"]) == 1


def test_a_refused_bill_leaves_its_key_free(acme: Partner) -> None:
    key = unique("key")
    assert acme.post(bill(lines=[]), idempotency_key=key).status_code == 400
    assert rest_create(acme, bill(), key)[1] == ""


def test_every_stored_review_has_its_event_and_its_audit_row(stack: Any) -> None:
    partner = newcomer(stack)
    ids = {partner.create()["reviewId"] for _ in range(3)}
    with stack.owner() as connection:
        events = connection.execute(
            f"SELECT type, data ->> 'review_id', livemode FROM {EVENTS} WHERE org_id = %s".encode(),  # noqa: S608
            (partner.tenant.org_id,),
        ).fetchall()
        audited = connection.execute(
            "SELECT object FROM audit_log WHERE org_id = %s AND action = 'CreateReview'",
            (partner.tenant.org_id,),
        ).fetchall()
    assert sorted(events) == [("review.completed", review_id, False) for review_id in sorted(ids)]
    assert {row[0] for row in audited} == ids
    assert count(stack, "SELECT count(*) FROM reviews WHERE org_id = %s", partner.tenant.org_id) == 3
