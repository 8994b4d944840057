"""A stored decision computed again: identical today, and identical after the rule data has moved on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date

import grpc
import pytest

from allowable.review.v1 import review_service_pb2 as pb
from services.config import Settings
from services.jurisdictions.editions import Editions
from services.jurisdictions.rulebook import DATA, Rulebook
from services.kernel.call import Call, Principal
from services.kernel.clock import Clock
from services.kernel.db import Database, Tenant
from services.kernel.errors import DomainError
from services.kernel.policy import method_policy
from services.review import wire
from services.review.domain import steps
from services.review.domain.engine import Engine
from services.review.servicer import ReviewServicer
from services.review.store import ReviewStore
from services.review.versions import Engines
from tests.e2e.partner import Partner, bill, message, refusal, unique
from tests.harness.stack import Stack

pytestmark = pytest.mark.e2e

REPLAY = method_policy(pb.DESCRIPTOR.services_by_name["ReviewService"].methods_by_name["ReplayReview"])
FACTOR, RAISED = "32.3465", "33.3465"
"""The Medicare conversion factor of 2025, and what the changed data says instead."""
BILLS = (
    bill(),
    bill(jurisdiction="NC"),
    bill(jurisdiction="NY"),
    bill(jurisdiction="TX", serviceZip="78701"),
    bill(jurisdiction="TX", billType="pharmacy"),
    bill(contract={"percentOfSchedule": 90}),
)


@pytest.fixture(scope="module")
def settings(stack: Stack) -> Settings:
    return Settings.from_environment(stack.environment)


@pytest.fixture(scope="module")
def database(settings: Settings) -> Iterator[Database]:
    opened = Database(settings.database_url, connections=2)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def moved_on(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    """The rule data of a later day: same files, another Medicare conversion factor."""
    folder = tmp_path_factory.mktemp("rules") / "data"
    shutil.copytree(DATA, folder)
    factors = folder / "us_medicare" / "conversion_factors.yaml"
    text = factors.read_text()
    assert FACTOR in text
    factors.write_text(text.replace(FACTOR, RAISED))
    return Rulebook.load(folder, steps.KNOWN)


@pytest.fixture
def later(settings: Settings, database: Database, moved_on: Rulebook) -> ReviewServicer:
    """The review service as a server would run it that was started with the changed data."""
    return ReviewServicer(
        settings=settings,
        engines=Engines(moved_on, database, Editions(settings.editions_dir)),
        store=ReviewStore(settings.master_key),
        link_key=b"k" * 32,
    )


def replay(
    servicer: ReviewServicer, partner: Partner, review_id: str, database: Database
) -> pb.ReplayReviewResponse:
    tenant = Tenant(partner.tenant.org_id, livemode=False)
    call = Call(REPLAY, {}, Clock(), database, request_id=unique("req"))
    call.principal = Principal(
        tenant, partner.tenant.host, "payer", frozenset({"reviews:read"}), "client:test"
    )
    return servicer.replay_review(pb.ReplayReviewRequest(review_id=review_id), call)


@pytest.mark.parametrize("content", BILLS, ids=[f"{b['jurisdiction']} {b['billType']}" for b in BILLS])
def test_a_replay_is_identical(acme: Partner, content: dict[str, object]) -> None:
    review = acme.create(content)
    again = acme.send("POST", f"/v1/reviews/{review['reviewId']}:replay", {})
    assert again.status_code == 200, again.text
    assert again.json() == {
        "reviewId": review["reviewId"],
        "identical": True,
        "differences": [],
        "pinnedVersions": review["versions"],
        "replayVersions": review["versions"],
    }


def test_a_replay_stores_nothing(acme: Partner) -> None:
    claim = unique("claim")
    review = acme.create(bill(claimReference=claim))
    acme.send("POST", f"/v1/reviews/{review['reviewId']}:replay", {})
    assert len(acme.get("/v1/reviews", claimReference=claim).json()["reviews"]) == 1
    assert acme.get(f"/v1/reviews/{review['reviewId']}").json() == review


def test_the_changed_data_decides_otherwise(acme: Partner, moved_on: Rulebook) -> None:
    """Without this the next test would prove nothing."""
    answered = acme.create()
    decided = Engine(moved_on).review(wire.bill_of(message(bill()), date(2026, 1, 1)), allow_recalled=True)
    assert moved_on.version != answered["versions"]["rules"]
    assert float(decided.allowed) > answered["allowedAmount"]


def test_after_the_data_moved_on_a_replay_runs_with_the_pinned_pack(
    acme: Partner, later: ReviewServicer, database: Database, moved_on: Rulebook
) -> None:
    review = acme.create()
    again = replay(later, acme, review["reviewId"], database)
    assert again.identical, list(again.differences)
    assert again.replay_versions.rules == review["versions"]["rules"]
    assert again.replay_versions.rules != moved_on.version


def test_a_replay_without_the_pinned_pack_is_refused(
    acme: Partner, later: ReviewServicer, database: Database, stack: Stack
) -> None:
    review = acme.create()
    versions = (review["versions"]["rules"], review["versions"]["data"])
    drop = "DELETE FROM rule_packs WHERE rule_version = %s AND data_version = %s RETURNING *"
    with stack.owner() as connection:
        kept = connection.execute(drop, versions).fetchone()
        assert kept is not None
        try:
            with pytest.raises(DomainError, match="REPLAY_UNAVAILABLE"):
                replay(later, acme, review["reviewId"], database)
        finally:
            connection.execute("INSERT INTO rule_packs VALUES (%s, %s, %s, %s)", kept)
    assert replay(later, acme, review["reviewId"], database).identical


def test_a_replay_of_nobody(acme: Partner) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        acme.reviews.ReplayReview(
            pb.ReplayReviewRequest(review_id="rv_nobody"), metadata=acme.metadata(), timeout=30
        )
    assert refusal(caught.value) == ("NOT_FOUND", "NOT_FOUND")
