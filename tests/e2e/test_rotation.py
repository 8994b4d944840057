"""Credentials change while everything runs: keys overlap, and revocations reach every process.

A revocation may take 60 seconds. All of them are made at once and watched in the background, directly at
each server process and through the gateway, while the tests of signing keys run.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import grpc
import httpx
import pytest

from allowable.review.v1 import review_service_pb2 as pb
from allowable.review.v1 import review_service_pb2_grpc
from tests.e2e.partner import Metadata, Partner, newcomer, operator
from tests.e2e.processes import SERVERS, direct, processes, wait_for_successor
from tests.e2e.test_stream import Stream, item, open_stream
from tests.harness.stack import Stack, Tenant

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

T = TypeVar("T")
GATEWAY = "the gateway"
PLACES = (*SERVERS, GATEWAY)
REFUSALS = {"UNAUTHENTICATED", "PERMISSION_DENIED"}
MAY_TAKE = 60.0
OVERLAP = 32
"""Longer than a server believes what it has read of a key: 30 seconds."""
CALLS_IN_A_ROW = 12
"""Through the gateway a revocation counts as done when so many calls in a row, over all servers, fail."""


@dataclass
class Watch:
    """How long after its end a credential still worked, by place."""

    lived: dict[str, float] = field(default_factory=dict)
    reasons: set[str] = field(default_factory=set)
    threads: list[threading.Thread] = field(default_factory=list)

    def result(self, place: str) -> float:
        for thread in self.threads:
            thread.join(MAY_TAKE + 10)
        assert place in self.lived, f"it still works at {place} after {MAY_TAKE} s"
        return self.lived[place]


def works(channel: grpc.Channel, metadata: Metadata) -> str:
    """Empty when the credentials are taken, else the status."""
    stub = review_service_pb2_grpc.ReviewServiceStub(channel)
    try:
        stub.ListReviews(pb.ListReviewsRequest(page_size=1), metadata=metadata, timeout=5)
    except grpc.RpcError as error:
        return str(error.code().name)
    return ""


def watch(channels: dict[str, grpc.Channel], metadata: Metadata, end: Callable[[], object]) -> Watch:
    """Warms every process with the credentials, ends them, and watches until nobody takes them."""
    for _ in range(CALLS_IN_A_ROW):
        for channel in channels.values():
            assert works(channel, metadata) == ""
    end()
    ended, watched = time.monotonic(), Watch()

    def look(place: str) -> None:
        needed = CALLS_IN_A_ROW if place == GATEWAY else 1
        while time.monotonic() - ended < MAY_TAKE:
            refused = [works(channels[place], metadata) for _ in range(needed)]
            if set(refused) <= REFUSALS:
                watched.lived[place] = time.monotonic() - ended
                watched.reasons.update(refused)
                return
            time.sleep(0.25)

    watched.threads = [threading.Thread(target=look, args=(place,), daemon=True) for place in channels]
    for thread in watched.threads:
        thread.start()
    return watched


@dataclass
class World:
    """The watched ends, and a key that is in the middle of its rotation."""

    revoked_key: Watch
    revoked_client: Watch
    suspended_tenant: Watch
    old_secret: Watch
    rotating: Partner
    rotate_path: str
    secrets: list[Metadata]
    streams: dict[str, Stream]
    """Opened before the revocations, and open still."""


@pytest.fixture(scope="module")
def channels(breakable: Stack) -> Iterator[dict[str, grpc.Channel]]:
    with ExitStack() as opened:
        found = {name: opened.enter_context(direct(breakable, name)) for name in SERVERS}
        target = breakable.sandbox["grpc_target"]
        found[GATEWAY] = opened.enter_context(grpc.insecure_channel(target))
        yield found


@pytest.fixture(scope="module", autouse=True)
def world(breakable: Stack, channels: dict[str, grpc.Channel]) -> Iterator[World]:
    first, second, third, fourth = (newcomer(breakable) for _ in range(4))
    listed = first.get("/v1/api-keys").json()["api_keys"]

    def revoke_key() -> None:
        gone = first.send("DELETE", f"/v1/api-keys/{listed[0]['id']}")
        assert gone.status_code == 204

    def revoke_client() -> None:
        operator(breakable, "client", "revoke", second.tenant.client_id)

    def suspend() -> None:
        operator(breakable, "tenant", "suspend", "--org", third.tenant.org_id)

    path = f"/v1/api-keys/{fourth.get('/v1/api-keys').json()['api_keys'][0]['id']}:rotate"
    secrets = [fourth.metadata()]

    def rotate() -> None:
        made = fourth.send("POST", path, {"overlap_seconds": OVERLAP})
        assert made.status_code == 201, made.text
        secrets.append((secrets[0][0], ("x-api-key", made.json()["secret"])))

    with ExitStack() as opened:
        doomed = {"revoked_key": first, "revoked_client": second, "suspended_tenant": third}
        streams = {
            # Straight to a server: the gateway is started anew in between.
            what: opened.enter_context(open_stream(partner, channels[SERVERS[0]], seconds=2 * MAY_TAKE))
            for what, partner in doomed.items()
        }
        for stream in streams.values():
            stream.exchange([item()])
        yield World(
            watch(channels, first.metadata(), revoke_key),
            watch(channels, second.metadata(), revoke_client),
            watch(channels, third.metadata(), suspend),
            watch(channels, secrets[0], rotate),
            fourth,
            path,
            secrets,
            streams,
        )


def key_of(token: str) -> str:
    """Id of the key that signed the token."""
    head = token.split(".", 1)[0]
    return str(json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"])


def token_for(stack: Stack, tenant: Tenant) -> str:
    answer = stack.http.post(
        "/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=(tenant.client_id, tenant.client_secret),
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def published(stack: Stack) -> set[str]:
    return {key["kid"] for key in stack.http.get("/.well-known/jwks.json").json()["keys"]}


@dataclass
class Rotation:
    """One rotation of the signing key, brought forward: the new key signs now instead of in two minutes."""

    partner: Partner
    old_token: str
    new_kid: str
    signs_from: str
    made_at: datetime
    published_at_once: set[str]


@pytest.fixture(scope="module")
def rotation(breakable: Stack, channels: dict[str, grpc.Channel]) -> Rotation:
    partner = Partner(breakable, breakable.tenants[0])
    old = token_for(breakable, partner.tenant)
    for channel in channels.values():
        assert works(channel, presenting(partner, old)) == ""
    made_at, made = datetime.now(UTC), operator(breakable, "signing-key", "rotate")
    at_once = _eventually(lambda: published(breakable), lambda kids: made["kid"] in kids)
    with breakable.owner() as connection:
        connection.execute("UPDATE signing_keys SET signs_from = now() WHERE kid = %s", (made["kid"],))
    # The gateway keeps published keys for 60 seconds; a new one of it stands for that time gone by.
    pid = processes(breakable)["gateway"].pid
    os.kill(pid, signal.SIGTERM)
    wait_for_successor(breakable, "gateway", pid)
    _eventually(lambda: signers(breakable, partner.tenant), lambda kids: kids == {made["kid"]})
    return Rotation(partner, old, made["kid"], made["signs_from"], made_at, at_once)


def signers(stack: Stack, tenant: Tenant) -> set[str]:
    """Keys that sign now, over all servers; none while the gateway is away."""
    try:
        return {key_of(token_for(stack, tenant)) for _ in range(CALLS_IN_A_ROW)}
    except (httpx.TransportError, AssertionError):
        return set()


def _eventually(look: Callable[[], T], enough: Callable[[T], bool], seconds: float = 15) -> T:
    end = time.monotonic() + seconds
    while not enough(found := look()):
        assert time.monotonic() < end, f"still {found!r} after {seconds} s"
        time.sleep(0.1)
    return found


def presenting(partner: Partner, token: str) -> Metadata:
    return (("authorization", f"Bearer {token}"), ("x-api-key", partner.tenant.review_api_key))


def test_a_new_signing_key_is_published_before_it_signs(rotation: Rotation) -> None:
    assert {key_of(rotation.old_token), rotation.new_kid} <= rotation.published_at_once
    assert datetime.fromisoformat(rotation.signs_from) - rotation.made_at > timedelta(seconds=60)


def test_old_and_new_key_are_both_published_after_the_change(rotation: Rotation) -> None:
    assert {key_of(rotation.old_token), rotation.new_kid} <= published(rotation.partner.stack)


@pytest.mark.parametrize("place", PLACES)
def test_tokens_of_the_old_key_go_on_working(
    rotation: Rotation, channels: dict[str, grpc.Channel], place: str
) -> None:
    for _ in range(4):
        assert works(channels[place], presenting(rotation.partner, rotation.old_token)) == ""


@pytest.mark.parametrize("place", PLACES)
def test_tokens_of_the_new_key_work(
    rotation: Rotation, channels: dict[str, grpc.Channel], place: str
) -> None:
    token = token_for(rotation.partner.stack, rotation.partner.tenant)
    assert key_of(token) == rotation.new_kid
    for _ in range(4):
        assert works(channels[place], presenting(rotation.partner, token)) == ""


def test_an_api_key_has_two_secrets_and_never_three(world: World, channels: dict[str, grpc.Channel]) -> None:
    for metadata in world.secrets:
        for place in PLACES:
            assert works(channels[place], metadata) == "", place
    refused = world.rotating.send("POST", world.rotate_path, {"overlap_seconds": OVERLAP})
    assert (refused.status_code, refused.json()["error"]) == (409, "invalid_state")


@pytest.mark.parametrize("place", PLACES)
def test_the_old_secret_of_an_api_key_ends_at_its_time(world: World, place: str) -> None:
    lived = world.old_secret.result(place)
    assert OVERLAP - 1 < lived < OVERLAP + 3
    assert world.old_secret.reasons == {"PERMISSION_DENIED"}


def test_the_new_secret_outlives_the_old_one(world: World, channels: dict[str, grpc.Channel]) -> None:
    world.old_secret.result(GATEWAY)
    for place in PLACES:
        assert works(channels[place], world.secrets[1]) == "", place


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("what", "status"),
    [
        ("revoked_key", "PERMISSION_DENIED"),
        ("revoked_client", "UNAUTHENTICATED"),
        ("suspended_tenant", "UNAUTHENTICATED"),
    ],
)
def test_a_revocation_reaches_every_process_within_a_minute(
    world: World, what: str, status: str, place: str
) -> None:
    watched: Watch = getattr(world, what)
    lived = watched.result(place)
    sys.stdout.write(f"\n{what} worked for another {lived:.1f} s at {place}\n")
    assert lived < MAY_TAKE
    assert watched.reasons == {status}


@pytest.mark.parametrize("what", ["revoked_key", "revoked_client", "suspended_tenant"])
def test_a_revocation_ends_open_streams_too(world: World, what: str) -> None:
    watched: Watch = getattr(world, what)
    watched.result(SERVERS[0])
    with pytest.raises(grpc.RpcError) as caught:
        world.streams[what].exchange([item()])
    assert caught.value.code().name in REFUSALS
