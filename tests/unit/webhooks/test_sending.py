"""From the outbox to the receiver: who gets what, how often, and what is written down."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from services.webhooks import store
from services.webhooks.domain import signature
from services.webhooks.domain.schedule import DELAYS, GIVEN_UP_AFTER, JITTER_PARTS
from services.webhooks.sender import LEASE, Sender
from services.webhooks.transport import Outcome, Transport
from tests.unit.webhooks.conftest import DOWN, TAKEN, World


def next_attempt(world: World, org: str, endpoint: object) -> timedelta:
    (delivery,) = world.deliveries(org, endpoint)  # type: ignore[arg-type]
    return datetime.fromisoformat(delivery.next_attempt_at) - datetime.now(UTC)


def test_an_event_reaches_each_endpoint_that_subscribes_to_its_type(world: World, org: str) -> None:
    first, every = world.endpoint(org, "review.completed"), world.endpoint(org, "*")
    world.endpoint(org, "bill.created")
    world.publish(org)
    world.sender.run()
    assert sorted(sent.url for sent in world.receivers.sent) == sorted([first.url, every.url])
    assert [d.status for d in world.deliveries(org, first)] == ["delivered"]


def test_a_message_is_signed_with_the_secret_that_was_shown(world: World, org: str) -> None:
    endpoint = world.endpoint(org)
    world.publish(org)
    world.sender.run()
    (sent,) = world.receivers.sent
    message, moment = sent.headers["webhook-id"], int(sent.headers["webhook-timestamp"])
    assert signature.headers([endpoint.secret], message, moment, sent.body) == sent.headers
    assert message == world.run(org, "ListEvents").events[0].id


def test_two_secrets_sign_while_they_overlap_and_one_after(world: World, org: str) -> None:
    endpoint = world.endpoint(org)
    second = world.run(
        org, "RotateWebhookEndpointSecret", webhook_endpoint_id=endpoint.id, overlap_seconds=60
    )
    world.publish(org)
    world.sender.run()
    world.clock.ahead = timedelta(seconds=61)
    world.publish(org)
    world.sender.run()
    both, one = world.receivers.sent
    for sent, keys in ((both, [second.secret, endpoint.secret]), (one, [second.secret])):
        moment = int(sent.headers["webhook-timestamp"])
        assert signature.headers(keys, sent.headers["webhook-id"], moment, sent.body) == sent.headers


def test_a_secret_is_sealed_at_rest(world: World, org: str) -> None:
    endpoint = world.endpoint(org)
    with world.call(org).transaction() as transaction:
        rows = transaction.driver.execute(
            "SELECT w::text, w.secret_sealed FROM webhook_endpoints w"
        ).fetchall()
    assert all(endpoint.secret not in text and endpoint.secret.encode() not in raw for text, raw in rows)


def test_a_failure_is_tried_again_with_the_same_id_and_body(world: World, org: str) -> None:
    endpoint = world.endpoint(org)
    answers = iter([DOWN, TAKEN])
    world.receivers.answers[endpoint.url] = lambda: next(answers)
    world.publish(org)
    world.sender.run()
    wait = next_attempt(world, org, endpoint)
    assert DELAYS[0] - timedelta(seconds=2) < wait < DELAYS[0] * (1000 + JITTER_PARTS) / 1000
    world.due(org)
    world.sender.run()
    one, two = world.receivers.sent
    assert (one.headers["webhook-id"], one.body) == (two.headers["webhook-id"], two.body)
    (delivery,) = world.deliveries(org, endpoint)
    assert delivery.status == "delivered"
    assert [(a.outcome, a.http_status) for a in delivery.attempts] == [("refused", 500), ("delivered", 200)]


def test_a_longer_wait_that_is_asked_for_is_kept(world: World, org: str) -> None:
    endpoint = world.endpoint(org)
    world.receivers.answers[endpoint.url] = lambda: Outcome("refused", 503, "600")
    world.publish(org)
    world.sender.run()
    assert timedelta(seconds=590) < next_attempt(world, org, endpoint) <= timedelta(seconds=600)


def test_after_the_last_attempt_a_delivery_has_failed(world: World, org: str) -> None:
    endpoint = world.endpoint(org)
    world.receivers.answers[endpoint.url] = lambda: DOWN
    world.publish(org)
    for _ in range(len(DELAYS) + 3):
        world.sender.run()
        world.due(org)
    assert len(world.receivers.sent) == len(DELAYS) + 1
    assert [d.status for d in world.deliveries(org, endpoint)] == ["failed"]


def test_410_disables_the_endpoint_and_says_so_to_the_others(world: World, org: str) -> None:
    endpoint, other = world.endpoint(org), world.endpoint(org, "webhook_endpoint.disabled")
    world.receivers.answers[endpoint.url] = lambda: Outcome("refused", 410)
    world.publish(org)
    world.sender.run()
    world.publish(org)
    world.sender.run()
    assert [sent.url for sent in world.receivers.sent] == [endpoint.url, other.url]
    found = world.run(org, "GetWebhookEndpoint", webhook_endpoint_id=endpoint.id)
    assert (found.status, found.disabled_reason, found.version) == ("disabled", "gone", 2)
    disabled = world.run(org, "ListEvents", type="webhook_endpoint.disabled").events
    assert [dict(e.data) for e in disabled] == [{"webhook_endpoint_id": endpoint.id, "reason": "gone"}]


def test_three_days_of_failure_disable_the_endpoint(world: World, org: str) -> None:
    endpoint = world.endpoint(org)
    world.receivers.answers[endpoint.url] = lambda: DOWN
    world.publish(org)
    world.sender.run()
    world.clock.ahead = GIVEN_UP_AFTER - timedelta(minutes=1)
    world.due(org)
    world.sender.run()
    assert world.run(org, "GetWebhookEndpoint", webhook_endpoint_id=endpoint.id).status == "enabled"
    world.clock.ahead = GIVEN_UP_AFTER + timedelta(minutes=1)
    world.due(org)
    world.sender.run()
    found = world.run(org, "GetWebhookEndpoint", webhook_endpoint_id=endpoint.id)
    assert (found.status, found.disabled_reason) == ("disabled", "failing")


def test_one_success_in_between_starts_the_three_days_afresh(world: World, org: str) -> None:
    endpoint = world.endpoint(org)
    world.receivers.answers[endpoint.url] = lambda: DOWN
    world.publish(org)
    world.sender.run()
    world.receivers.answers[endpoint.url] = lambda: TAKEN
    world.publish(org)
    world.sender.run()
    assert not world.run(org, "GetWebhookEndpoint", webhook_endpoint_id=endpoint.id).HasField("failing_since")


def test_what_a_dead_process_had_in_hand_is_sent_by_another(world: World, org: str) -> None:
    endpoint = world.endpoint(org)
    world.publish(org)
    store.relay(world.database, 500)
    assert len(store.claim(world.database, 16, [], LEASE)) == 1
    world.sender.run()
    assert world.receivers.sent == []
    world.due(org)  # the lease is over
    world.sender.run()
    assert [d.status for d in world.deliveries(org, endpoint)] == ["delivered"]


def test_processes_share_the_work_and_send_nothing_twice(world: World, org: str) -> None:
    for _ in range(5):
        world.endpoint(org)
    world.publish(org, number=20)
    others = [
        Sender(world.database, world.clock, world.sealer, cast("Transport", world.receivers))
        for _ in range(2)
    ]
    barrier = threading.Barrier(3)

    def run(sender: Sender) -> None:
        barrier.wait()
        sender.run()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(run, [world.sender, *others]))
    for sender in others:
        sender.close()
    pairs = [(sent.url, sent.headers["webhook-id"]) for sent in world.receivers.sent]
    assert (len(pairs), len(set(pairs))) == (100, 100)


def test_an_endpoint_that_fails_gets_one_message_at_a_time(world: World, org: str) -> None:
    endpoint = world.endpoint(org)
    world.publish(org, number=6)
    store.relay(world.database, 500)
    world.owner("UPDATE webhook_endpoints SET failing_since = now() WHERE id = %s", endpoint.id)
    assert len(store.claim(world.database, 16, [], LEASE)) == 1
    assert store.claim(world.database, 16, [endpoint.id], LEASE) == []
    world.owner("UPDATE webhook_endpoints SET failing_since = NULL WHERE id = %s", endpoint.id)
    assert len(store.claim(world.database, 16, [], LEASE)) == 4


@pytest.mark.parametrize("state", ["disabled", "deleted"])
def test_nothing_is_sent_to_an_endpoint_that_takes_nothing(world: World, org: str, state: str) -> None:
    endpoint = world.endpoint(org)
    world.publish(org)
    store.relay(world.database, 500)
    if state == "deleted":
        world.run(org, "DeleteWebhookEndpoint", webhook_endpoint_id=endpoint.id)
    else:
        change = {"webhook_endpoint_id": endpoint.id, "base_version": 1, "enabled": False}
        world.run(org, "UpdateWebhookEndpoint", **change)
    world.publish(org)
    world.sender.run()
    assert world.receivers.sent == []
    assert len(world.deliveries(org, endpoint)) == 1


def test_events_older_than_thirty_days_are_forgotten_with_their_deliveries(world: World, org: str) -> None:
    endpoint = world.endpoint(org)
    world.publish(org, number=2)
    world.sender.run()
    old = world.run(org, "ListEvents").events[0].id
    world.owner("UPDATE events SET timestamp = now() - interval '31 days' WHERE id = %s", old)
    store.forget_old(world.database)
    assert len(world.run(org, "ListEvents").events) == len(world.deliveries(org, endpoint)) == 1


def test_who_writes_into_the_outbox_pays_for_nothing_else(world: World) -> None:
    """No index but the key and no trigger: a review is stored as fast as without webhooks."""
    with world.database.transaction() as transaction:
        run = transaction.driver.execute
        indexes = run("SELECT indexname FROM pg_indexes WHERE tablename = 'outbox'").fetchall()
        triggers = run("SELECT tgname FROM pg_trigger WHERE tgrelid = 'outbox'::regclass").fetchall()
    assert (indexes, triggers) == ([("outbox_pkey",)], [])
