"""The calls of the family: endpoints, their log, the feed; and tenants apart."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.kernel import outbox
from services.kernel.clock import rfc3339
from services.webhooks.endpoints import MOST_ENDPOINTS
from tests.harness.calls import refused
from tests.unit.webhooks.conftest import DOWN, NUMBERS, TAKEN, World


def test_the_secret_is_shown_once(world: World, org: str) -> None:
    endpoint = world.endpoint(org)
    assert endpoint.secret.startswith("whsec_")
    assert not world.run(org, "GetWebhookEndpoint", webhook_endpoint_id=endpoint.id).HasField("secret")
    assert not world.run(org, "ListWebhookEndpoints").webhook_endpoints[0].HasField("secret")


@pytest.mark.parametrize(
    "url", ["http://example.com/", "https://127.0.0.1/", "https://metadata.google.internal/"]
)
def test_an_address_inside_is_refused_when_it_is_written(world: World, org: str, url: str) -> None:
    with refused("INVALID_REQUEST"):
        world.run(org, "CreateWebhookEndpoint", url=url, event_types=["*"])
    endpoint = world.endpoint(org)
    with refused("INVALID_REQUEST"):
        world.run(org, "UpdateWebhookEndpoint", webhook_endpoint_id=endpoint.id, base_version=1, url=url)


def test_there_are_never_three_secrets(world: World, org: str) -> None:
    endpoint = world.endpoint(org)
    world.run(org, "RotateWebhookEndpointSecret", webhook_endpoint_id=endpoint.id)
    with refused("INVALID_STATE"):
        world.run(org, "RotateWebhookEndpointSecret", webhook_endpoint_id=endpoint.id)


def test_there_are_so_many_endpoints_and_no_more(world: World, org: str) -> None:
    made = [world.endpoint(org) for _ in range(MOST_ENDPOINTS)]
    with refused("LIMIT_EXCEEDED"):
        world.endpoint(org)
    world.run(org, "DeleteWebhookEndpoint", webhook_endpoint_id=made[0].id)
    world.endpoint(org)


def test_a_ping_goes_to_its_endpoint_alone(world: World, org: str) -> None:
    endpoint = world.endpoint(org, "bill.created")
    world.endpoint(org, "*")
    world.run(org, "PingWebhookEndpoint", webhook_endpoint_id=endpoint.id)
    world.sender.run()
    assert [sent.url for sent in world.receivers.sent] == [endpoint.url]
    assert [(d.event_type, d.status) for d in world.deliveries(org, endpoint)] == [
        ("webhook.ping", "delivered")
    ]


@pytest.mark.parametrize("method", ["PingWebhookEndpoint", "RedeliverMissedEvents", "RedeliverEvent"])
def test_nothing_is_queued_for_a_disabled_endpoint(world: World, org: str, method: str) -> None:
    endpoint = world.endpoint(org)
    world.run(org, "UpdateWebhookEndpoint", webhook_endpoint_id=endpoint.id, base_version=1, enabled=False)
    with refused("INVALID_STATE"):
        request = {"since": "2026-01-01T00:00:00Z"} if method == "RedeliverMissedEvents" else {}
        world.run(org, method, webhook_endpoint_id=endpoint.id, **request)


def test_a_delivery_is_sent_again_under_its_id(world: World, org: str) -> None:
    endpoint = world.endpoint(org)
    world.publish(org)
    world.sender.run()
    (delivery,) = world.deliveries(org, endpoint)
    again = world.run(org, "RedeliverEvent", webhook_endpoint_id=endpoint.id, delivery_id=delivery.id)
    assert (again.status, again.HasField("next_attempt_at")) == ("pending", True)
    world.sender.run()
    one, two = world.receivers.sent
    assert one.headers["webhook-id"] == two.headers["webhook-id"]
    assert [a.outcome for a in world.deliveries(org, endpoint)[0].attempts] == ["delivered"] * 2


def test_one_that_waits_gets_its_next_attempt_now(world: World, org: str) -> None:
    endpoint = world.endpoint(org)
    world.receivers.answers[endpoint.url] = lambda: DOWN
    world.publish(org)
    world.sender.run()
    world.receivers.answers[endpoint.url] = lambda: TAKEN
    (delivery,) = world.deliveries(org, endpoint)
    world.run(org, "RedeliverEvent", webhook_endpoint_id=endpoint.id, delivery_id=delivery.id)
    world.sender.run()
    assert [d.status for d in world.deliveries(org, endpoint)] == ["delivered"]


def test_what_was_missed_while_disabled_is_sent_and_nothing_else(world: World, org: str) -> None:
    endpoint = world.endpoint(org, "review.completed")
    world.publish(org)
    world.sender.run()
    world.run(org, "UpdateWebhookEndpoint", webhook_endpoint_id=endpoint.id, base_version=1, enabled=False)
    world.publish(org, number=2)
    world.publish(org, "bill.created")
    world.sender.run()
    world.run(org, "UpdateWebhookEndpoint", webhook_endpoint_id=endpoint.id, base_version=2, enabled=True)
    since = rfc3339(world.clock.now() - timedelta(hours=1))
    request = {"webhook_endpoint_id": endpoint.id, "since": since}
    assert world.run(org, "RedeliverMissedEvents", **request).queued == 2
    assert world.run(org, "RedeliverMissedEvents", **request).queued == 0
    world.sender.run()
    assert [d.status for d in world.deliveries(org, endpoint)] == ["delivered"] * 3


def test_the_feed_pages_in_order_and_goes_on_behind_the_last_event(world: World, org: str) -> None:
    for number in range(5):
        world.publish(org, review_id=f"rv_{number}")
    world.sender.run()
    seen: list[Any] = []
    token = ""
    while True:
        page = world.run(org, "ListEvents", page_size=2, page_token=token)
        seen += page.events
        token = page.next_page_token
        if not token:
            break
    assert [event.data["review_id"] for event in seen] == [f"rv_{number}" for number in range(5)]
    assert list(world.run(org, "ListEvents", after=seen[-1].id).events) == []
    world.publish(org, review_id="rv_5")
    world.sender.run()
    assert [e.data["review_id"] for e in world.run(org, "ListEvents", after=seen[-1].id).events] == ["rv_5"]
    newest = world.run(org, "ListEvents", sort_order="desc", page_size=1).events[0]
    assert newest.data["review_id"] == "rv_5"


def test_a_place_that_is_no_more_is_told_instead_of_skipping(world: World, org: str) -> None:
    with refused("INVALID_REQUEST"):
        world.run(org, "ListEvents", after="evt_gone")


def test_the_feed_narrows_by_type(world: World, org: str) -> None:
    world.publish(org)
    world.publish(org, "bill.created", bill_id="bill_1")
    world.sender.run()
    (found,) = world.run(org, "ListEvents", type="bill.created").events
    assert world.run(org, "GetEvent", event_id=found.id) == found
    assert (found.type, dict(found.data), found.livemode) == ("bill.created", {"bill_id": "bill_1"}, False)


def test_another_tenant_sees_and_moves_nothing(world: World, org: str) -> None:
    stranger = f"org_{next(NUMBERS)}"
    endpoint = world.endpoint(org)
    world.publish(org)
    world.sender.run()
    (delivery,) = world.deliveries(org, endpoint)
    named = {"webhook_endpoint_id": endpoint.id}
    calls: dict[str, dict[str, Any]] = {
        "GetWebhookEndpoint": named,
        "UpdateWebhookEndpoint": {**named, "base_version": 1, "description": "taken over"},
        "DeleteWebhookEndpoint": named,
        "RotateWebhookEndpointSecret": named,
        "PingWebhookEndpoint": named,
        "RedeliverMissedEvents": {**named, "since": "2026-01-01T00:00:00Z"},
        "ListDeliveries": named,
        "GetDelivery": {**named, "delivery_id": delivery.id},
        "RedeliverEvent": {**named, "delivery_id": delivery.id},
        "GetEvent": {"event_id": delivery.event_id},
    }
    for method, request in calls.items():
        with refused("NOT_FOUND"):
            world.run(stranger, method, **request)
    assert not world.run(stranger, "ListWebhookEndpoints").webhook_endpoints
    assert not world.run(stranger, "ListEvents").events
    with refused("INVALID_REQUEST"):
        world.run(stranger, "ListEvents", after=delivery.event_id)
    own = world.endpoint(stranger)
    with refused("NOT_FOUND"):
        world.run(stranger, "GetDelivery", webhook_endpoint_id=own.id, delivery_id=delivery.id)


def test_events_go_to_endpoints_of_their_tenant_and_mode_only(world: World, org: str) -> None:
    stranger = f"org_{next(NUMBERS)}"
    world.endpoint(stranger)
    own = world.endpoint(org)
    world.publish(org)
    call = world.call(org, livemode=True)
    with call.transaction() as transaction:
        outbox.publish(transaction, call, "review.completed", {"review_id": "rv_live"})
    world.sender.run()
    assert [sent.url for sent in world.receivers.sent] == [own.url]


def test_a_new_address_starts_afresh(world: World, org: str) -> None:
    endpoint = world.endpoint(org)
    world.receivers.answers[endpoint.url] = lambda: DOWN
    world.publish(org)
    world.sender.run()
    change = {"webhook_endpoint_id": endpoint.id, "base_version": 1}
    same = world.run(org, "UpdateWebhookEndpoint", **change, url=endpoint.url)
    moved = world.run(org, "UpdateWebhookEndpoint", **change, url="https://elsewhere.example.com/")
    assert (same.HasField("failing_since"), moved.HasField("failing_since")) == (True, False)
