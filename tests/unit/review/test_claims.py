"""The claims of bills on a real PostgreSQL: what is read, in how many statements, and of whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from alembic import command
from google.protobuf import json_format
from sqlalchemy import create_engine

from allowable.review.v1 import review_service_pb2 as pb
from services.kernel.call import Call
from services.kernel.clock import Clock
from services.kernel.db import Database
from services.kernel.seal import Sealer
from services.migrations.run import configuration, driver_url, upgrade
from services.review.servicer import ReviewServicer
from services.review.store import ReviewStore
from services.review.stream import BatchLane
from tests.harness import bills
from tests.harness.calls import make_call, policy_of, principal_of

POLICY = policy_of(pb.DESCRIPTOR, "CreateReview")
NUMBERS = count(1)
MASTER_KEY = b"m" * 32
OPERATION = {"cpt": "23412", "charge": 1200.0}
VISIT = {"cpt": "99213", "charge": 200.0, "dateOfService": "2025-06-20"}

READ, WRITE = "SELECT * FROM reviews_of_claims", "SELECT store_review"
WRITE_FIRST = "SELECT * FROM store_first_review"
SET_TENANT = "SELECT set_config"

Caller = Callable[[], Call]


@pytest.fixture
def servicer() -> ReviewServicer:
    settings = SimpleNamespace(report_days=30, public_url="https://example.test")
    engines = SimpleNamespace(current=bills.engine())
    return ReviewServicer(cast("Any", settings), cast("Any", engines), ReviewStore(MASTER_KEY), b"k" * 32)


@pytest.fixture
def caller(database: Database) -> Caller:
    """Calls of a tenant of the test's own."""
    principal = principal_of(f"org-{next(NUMBERS)}")
    return lambda: make_call(POLICY, database, Clock(), principal)


@pytest.fixture
def statements(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The first words of every statement, once however many rows travel with it."""
    sent: list[str] = []
    database.ping()  # a pool's first connection asks the server for its types

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def execute(cursor: object, statement: bytes | str, *arguments: Any, **options: Any) -> Any:
            text = statement.decode() if isinstance(statement, bytes) else statement
            sent.append(text.partition("(")[0])
            return function(cursor, statement, *arguments, **options)

        return execute

    for name in ("execute", "executemany"):
        monkeypatch.setattr(psycopg.Cursor, name, counted(getattr(psycopg.Cursor, name)))
    return sent


def request(*lines: dict[str, Any], claim: str = "a claim", **bill: Any) -> pb.CreateReviewRequest:
    references = {"claimReference": claim, "providerTaxId": "123456789", "placeOfService": "22"}
    return json_format.ParseDict(bills.medicare(*lines, **{**references, **bill}), pb.CreateReviewRequest())


def created(servicer: ReviewServicer, call: Call, sent: pb.CreateReviewRequest) -> pb.Review:
    return pb.Review.FromString(servicer.create_review(sent, call).SerializeToString())


def streamed(servicer: ReviewServicer, call: Call, *batches: list[pb.CreateReviewRequest]) -> list[pb.Review]:
    def requests() -> Iterator[pb.StreamReviewsRequest]:
        for batch in batches:
            yield pb.StreamReviewsRequest(items=[pb.StreamReviewsItem(bill=bill) for bill in batch])

    lane = BatchLane(servicer.creator, POLICY, streams=1)
    answers = [
        pb.StreamReviewsResponse.FromString(answer.SerializeToString())
        for answer in lane.stream_reviews(requests(), call)
    ]
    results = [result for answer in answers for result in answer.results]
    assert all(result.HasField("review") for result in results), results
    return [result.review for result in results]


@pytest.mark.parametrize(
    ("bill", "wanted"), [({}, WRITE_FIRST), ({"claim": ""}, WRITE), ({"jurisdiction": "NC"}, WRITE)]
)
def test_the_first_review_of_a_claim_costs_one_round_trip(
    servicer: ReviewServicer, caller: Caller, statements: list[str], bill: dict[str, Any], wanted: str
) -> None:
    """No BEGIN and no COMMIT: the statement is a transaction."""
    created(servicer, caller(), request(VISIT, **bill))
    assert statements == [wanted]


@pytest.mark.parametrize("provider", ["123456789", "987654321"])
def test_a_later_review_costs_another_and_is_stored_once(
    servicer: ReviewServicer, caller: Caller, statements: list[str], provider: str
) -> None:
    created(servicer, caller(), request(VISIT))
    statements.clear()
    later = created(servicer, caller(), request(VISIT, providerTaxId=provider))
    assert statements == [WRITE_FIRST, WRITE]
    listed = servicer.list_reviews(pb.ListReviewsRequest(claim_reference="a claim"), caller()).reviews
    assert [each.review_id for each in listed][:1] == [later.review_id]
    assert len(listed) == 2


def test_with_an_idempotency_key_it_is_stored_in_the_key_s_transaction(
    servicer: ReviewServicer, caller: Caller
) -> None:
    call = caller()
    with suppress(KeyError), call.transaction():
        created(servicer, call, request(OPERATION))
        raise KeyError
    with call.transaction():
        first = created(servicer, call, request(OPERATION))
        second = created(servicer, call, request(VISIT))
    assert (list(first.earlier_reviews), list(second.earlier_reviews)) == ([], [first.review_id])


def test_only_checking_a_bill_asks_the_database_nothing(
    servicer: ReviewServicer, caller: Caller, statements: list[str]
) -> None:
    created(servicer, caller(), request(VISIT, validateOnly=True))
    assert statements == []


@pytest.mark.parametrize("size", [2, 40])
def test_a_batch_costs_the_same_statements_whatever_its_size(
    servicer: ReviewServicer, caller: Caller, statements: list[str], size: int
) -> None:
    batch = [request(VISIT, claim=f"claim {number}") for number in range(size)]
    streamed(servicer, caller(), batch)
    assert statements == [READ, SET_TENANT, WRITE]


def test_bills_of_a_batch_know_of_those_before_them_and_of_what_is_stored(
    servicer: ReviewServicer, caller: Caller
) -> None:
    stored = created(servicer, caller(), request({"cpt": "73030", "charge": 90.0}))
    next_day = {**VISIT, "dateOfService": "2025-06-21"}
    visit, operation, later = streamed(
        servicer, caller(), [request(VISIT), request(OPERATION), request(next_day)]
    )
    assert list(visit.earlier_reviews) == [stored.review_id]
    assert set(later.earlier_reviews) == {stored.review_id, visit.review_id, operation.review_id}
    assert (visit.status, later.lines[0].reduction_reasons[0].carc) == ("priced", "97")


def test_a_review_that_looks_at_nothing_is_seen_by_those_that_do(
    servicer: ReviewServicer, caller: Caller
) -> None:
    elsewhere, here = streamed(servicer, caller(), [request(VISIT, jurisdiction="NC"), request(VISIT)])
    assert list(here.earlier_reviews) == [elsewhere.review_id]


def test_batches_of_one_stream_know_of_one_another(servicer: ReviewServicer, caller: Caller) -> None:
    first, second = streamed(servicer, caller(), [request(OPERATION)], [request(VISIT)])
    assert (list(second.earlier_reviews), second.status) == ([first.review_id], "denied")


def test_a_claim_of_fifty_reviews_costs_no_more(
    servicer: ReviewServicer, caller: Caller, statements: list[str]
) -> None:
    days = [request({**VISIT, "dateOfService": f"2025-{1 + n // 25:02}-{1 + n % 25:02}"}) for n in range(49)]
    known = streamed(servicer, caller(), [*days, request(OPERATION)])
    statements.clear()
    review = created(servicer, caller(), request(VISIT))
    assert statements == [WRITE_FIRST, WRITE]
    assert list(review.earlier_reviews) == sorted((each.review_id for each in known), reverse=True)
    assert review.lines[0].reduction_reasons[0].carc == "97"


def test_of_a_claim_the_newest_are_read(servicer: ReviewServicer, caller: Caller) -> None:
    bills_of_claim = [request(VISIT, providerTaxId="987654321") for _ in range(200)]
    streamed(servicer, caller(), [request(OPERATION)], bills_of_claim[:-1])
    assert created(servicer, caller(), request(VISIT)).status == "denied"
    assert created(servicer, caller(), request(VISIT)).status == "priced"


def test_two_tenants_may_have_the_same_claim_reference(servicer: ReviewServicer, database: Database) -> None:
    ours, theirs = (make_call(POLICY, database, Clock(), principal_of(f"org-{next(NUMBERS)}")) for _ in "12")
    live = make_call(POLICY, database, Clock(), principal_of(ours.caller.tenant.org_id, livemode=True))
    first = created(servicer, ours, request(OPERATION))
    for stranger in (theirs, live):
        assert list(created(servicer, stranger, request(VISIT)).earlier_reviews) == []
        batch = streamed(servicer, stranger, [request(VISIT, claim="another"), request(VISIT)])
        assert first.review_id not in batch[1].earlier_reviews
    assert list(created(servicer, ours, request(VISIT)).earlier_reviews) == [first.review_id]


def test_a_review_stored_before_services_stood_beside_it_counts_the_same(
    servicer: ReviewServicer, caller: Caller, database_url: str
) -> None:
    """Taken back and applied again, the revision leaves reviews as they were before it."""
    first = created(servicer, caller(), request(OPERATION))
    engine = create_engine(driver_url(database_url))
    with engine.connect() as connection:
        command.downgrade(configuration(connection), "0003")
    engine.dispose()
    upgrade(database_url)
    with psycopg.connect(database_url) as owner:
        assert owner.execute("SELECT count(services) FROM reviews").fetchone() == (0,)
    review = created(servicer, caller(), request(VISIT))
    assert (list(review.earlier_reviews), review.status) == ([first.review_id], "denied")


def test_answers_are_compressed_and_those_stored_whole_still_open(
    servicer: ReviewServicer, caller: Caller, database_url: str
) -> None:
    review = created(servicer, caller(), request(VISIT))
    call = caller()
    kept = servicer.get_review(pb.GetReviewRequest(review_id=review.review_id), call)
    assert kept == review
    with psycopg.connect(database_url) as owner:
        find = "SELECT response FROM reviews WHERE review_id = %s"
        ((sealed,),) = owner.execute(find, (review.review_id,)).fetchall()
        assert len(sealed) < review.ByteSize() / 2
        whole = Sealer(MASTER_KEY, "reviews").seal(review.SerializeToString(), review.review_id)
        owner.execute("UPDATE reviews SET response = %s WHERE review_id = %s", (whole, review.review_id))
    assert servicer.get_review(pb.GetReviewRequest(review_id=review.review_id), call) == review


def test_a_claim_reference_is_listed_as_it_was_sent(servicer: ReviewServicer, caller: Caller) -> None:
    created(servicer, caller(), request(VISIT, claim="\0 claim"))
    listed = servicer.list_reviews(pb.ListReviewsRequest(claim_reference="\0 claim"), caller())
    assert [each.claim_reference for each in listed.reviews] == ["\0 claim"]


def test_the_services_are_sealed_and_only_where_a_claim_could_ask(
    servicer: ReviewServicer, caller: Caller, database_url: str
) -> None:
    of_a_claim = created(servicer, caller(), request(VISIT))
    without = created(servicer, caller(), request(VISIT, claim=""))
    with psycopg.connect(database_url) as owner:
        rows = owner.execute(
            "SELECT review_id, services FROM reviews WHERE review_id = ANY(%s)",
            ([of_a_claim.review_id, without.review_id],),
        ).fetchall()
    found: dict[str, bytes] = dict(rows)
    assert found[without.review_id] is None
    assert b"99213" not in found[of_a_claim.review_id]
    assert b"123456789" not in found[of_a_claim.review_id]
