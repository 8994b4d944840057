"""Any process may die at any moment: nothing acknowledged is lost or doubled, and service is back soon."""

from __future__ import annotations

import base64
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from services.kernel.seal import derive, digest
from tests.e2e.load import Event, Load, failures
from tests.e2e.partner import EVENTS, Partner, bill, count, newcomer, unique
from tests.e2e.processes import SERVERS, kill, processes, wait_for_successor
from tests.harness.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

# Ten kills, each kind of process in turn.
VICTIMS = ["server-0", "postgres", "gateway", "server-1", "postgres", "gateway"]
VICTIMS += ["server-0", "postgres", "gateway", "server-1"]
CLIENTS = 4
SECONDS_TO_RECOVER = 5.0
ALLOWED = {(502, "upstream_error"), (503, "unavailable"), (504, "deadline_exceeded")}


@dataclass
class Story:
    """What ten kills did."""

    partner: Partner
    events: list[Event]
    outages: list[tuple[str, float]]


@pytest.fixture(scope="module")
def partner(breakable: Stack) -> Partner:
    return newcomer(breakable)


@pytest.fixture(scope="module")
def story(partner: Partner) -> Story:
    outages = []
    with Load(partner, CLIENTS) as load:
        time.sleep(0.3)
        for victim in VICTIMS:
            pid = kill(partner.stack, victim)
            killed = time.monotonic()
            wait_for_successor(partner.stack, victim, pid)
            outages.append((victim, load.outage(killed)))
    return Story(partner, load.events, outages)


def claim_digest(stack: Stack, claim: str) -> bytes:
    text = stack.environment.get("ALLOWABLE_MASTER_KEY")
    key = base64.b64decode(text) if text else Path(stack.state / "master.key").read_bytes()
    return digest(derive(key, "claim references"), claim)


def records(story: Story) -> Counter[bytes]:
    """Stored reviews by claim, as the database has them after everything."""
    with story.partner.stack.owner() as connection:
        rows = connection.execute(
            "SELECT claim_digest, count(*) FROM reviews WHERE org_id = %s GROUP BY 1",
            (story.partner.tenant.org_id,),
        ).fetchall()
    return Counter({bytes(claim): number for claim, number in rows})


def test_service_is_back_within_seconds(story: Story) -> None:
    measured = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in story.outages)
    slowest = max(seconds for _, seconds in story.outages)
    sys.stdout.write(f"\nback after a kill: {measured}; slowest {slowest:.2f} s\n")
    slow = [(name, round(seconds, 2)) for name, seconds in story.outages if seconds > SECONDS_TO_RECOVER]
    assert slow == []


def test_the_kills_were_felt(story: Story) -> None:
    """A quiet run proves nothing: every kill of database and gateway must have failed some call."""
    assert len([event for event in story.events if event.status == 200]) > 300
    assert [name for name, seconds in story.outages if name in ("gateway", "postgres") and not seconds] == []


def test_every_acknowledged_review_is_readable(story: Story) -> None:
    acknowledged = [event for event in story.events if event.status == 200]
    with ThreadPoolExecutor(4) as pool:
        paths = (f"/v1/reviews/{event.review_id}" for event in acknowledged)
        answers = list(pool.map(story.partner.get, paths))
    lost = [e for e, a in zip(acknowledged, answers, strict=True) if a.status_code != 200]
    assert lost == []
    wrong = [e for e, a in zip(acknowledged, answers, strict=True) if a.json()["claimReference"] != e.claim]
    assert wrong == []


def test_every_acknowledged_claim_is_stored_once(story: Story) -> None:
    stored = records(story)
    acknowledged = {event.claim for event in story.events if event.status == 200}
    assert {c for c in acknowledged if stored[claim_digest(story.partner.stack, c)] != 1} == set()


def test_nothing_is_stored_twice_and_nothing_that_nobody_sent(story: Story) -> None:
    stored = records(story)
    sent = {claim_digest(story.partner.stack, event.claim) for event in story.events}
    assert set(stored.values()) == {1}
    assert set(stored) <= sent


def test_each_review_has_its_event(story: Story) -> None:
    query = f"SELECT count(*) FROM {EVENTS} WHERE org_id = %s AND type = 'review.completed'"  # noqa: S608
    assert count(story.partner.stack, query, story.partner.tenant.org_id) == sum(records(story).values())


def test_failures_are_in_our_form(story: Story) -> None:
    """No answer at all is possible while the gateway is down; an answer is one of three."""
    answered = {key: number for key, number in failures(story.events).items() if key[0]}
    assert set(answered) <= ALLOWED, answered


def test_no_call_hangs(story: Story) -> None:
    slow = [round(e.ended - e.started, 1) for e in story.events if e.ended - e.started > SECONDS_TO_RECOVER]
    assert slow == []


def test_servers_killed_in_the_middle_of_a_call_leave_one_record(story: Story) -> None:
    """The call waits at a lock of ours when its server dies; its retry finds the key free or answered."""
    partner, key, claim = story.partner, unique("key"), unique("claim")
    content = bill(claimReference=claim)

    def attempt() -> httpx.Response | None:
        try:
            return partner.post(content, idempotency_key=key)
        except httpx.TransportError:
            return None

    with ThreadPoolExecutor(1) as pool:
        with partner.stack.owner() as connection, connection.transaction():
            connection.execute("LOCK TABLE reviews IN SHARE MODE")
            first = pool.submit(attempt)
            wait_for_waiting(partner.stack)
            pids = {name: kill(partner.stack, name) for name in SERVERS}
            interrupted = first.result(timeout=30)
        assert interrupted is None or interrupted.status_code in (502, 503, 504), interrupted.text
    for name, pid in pids.items():
        wait_for_successor(partner.stack, name, pid)
    end = time.monotonic() + 10
    answers = [attempt()]
    while (answers[-1] is None or answers[-1].status_code != 200) and time.monotonic() < end:
        time.sleep(0.05)
        answers.append(attempt())
    again = attempt()
    assert answers[-1] is not None
    assert answers[-1].status_code == 200, answers[-1].text
    assert again is not None
    assert again.json() == answers[-1].json()
    assert again.headers["idempotent-replayed"] == "true"
    assert records(story)[claim_digest(partner.stack, claim)] == 1


def wait_for_waiting(stack: Stack) -> None:
    """Returns when a server's statement stands at a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    end = time.monotonic() + 5
    while not count(stack, query):
        assert time.monotonic() < end, "no call reached the lock"
        time.sleep(0.02)


def test_everything_runs_again_by_itself(story: Story) -> None:
    found = processes(story.partner.stack)
    assert {name: process.state for name, process in found.items()} == dict.fromkeys(found, "RUNNING")
    assert set(found) == {*SERVERS, "gateway", "postgres"}
