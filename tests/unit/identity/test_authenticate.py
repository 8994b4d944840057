"""Who is let in by which credentials, how fast it is forgotten, and what it costs."""

from __future__ import annotations

from typing import Any

import pytest

from allowable.identity.v1 import api_keys_pb2, tokens_pb2
from allowable.review.v1 import review_service_pb2
from services.identity import authenticate, store
from services.identity.credentials import Credentials
from services.identity.domain import tokens
from services.identity.provisioning import NewClient
from services.kernel.call import Call, Principal
from services.kernel.policy import MethodPolicy
from tests.harness.calls import make_call, policy_of, refused
from tests.unit.identity.conftest import World

BOTH = policy_of(review_service_pb2.DESCRIPTOR, "CreateReview")
EITHER = policy_of(api_keys_pb2.DESCRIPTOR, "ListApiKeys")
PUBLIC = policy_of(tokens_pb2.DESCRIPTOR, "ListSigningKeys")


def token_of(world: World, client: NewClient, scope: str = "") -> str:
    form = f"grant_type=client_credentials&client_id={client.client_id}&client_secret={client.client_secret}"
    if scope:
        form += f"&scope={scope}"
    request = tokens_pb2.CreateTokenRequest()
    request.form.content_type = "application/x-www-form-urlencoded"
    request.form.data = form.encode()
    call = make_call(policy_of(tokens_pb2.DESCRIPTOR, "CreateToken"), world.database, world.clock)
    return world.tokens.create(request, call).access_token


def enter(
    world: World,
    policy: MethodPolicy,
    bearer: str = "",
    key: str = "",
    credentials: Credentials | None = None,
) -> Principal:
    """The principal that the interceptor sets."""
    metadata = {"authorization": f"Bearer {bearer}"} if bearer else {}
    if key:
        metadata["x-api-key"] = key
    seen: list[Principal | None] = []

    def handler(_request: Any, call: Call) -> None:
        seen.append(call.principal)

    link = authenticate.interceptor(credentials or world.credentials)
    link.wrap(policy, handler)(None, make_call(policy, world.database, world.clock, metadata=metadata))
    assert seen
    assert seen[0] is not None
    return seen[0]


def test_token_and_key_of_one_tenant(world: World) -> None:
    org = world.tenant()
    client, key = world.client(org), world.key(org, "practice")
    found = enter(world, BOTH, token_of(world, client), key.secret)
    assert (found.tenant.org_id, found.tenant.livemode) == (org, False)
    assert found.plan == "practice"
    assert found.actor == f"client:{client.client_id}"
    assert found.host.startswith("tenant-")


def test_token_alone_and_key_alone(world: World) -> None:
    org = world.tenant("payer")
    token, key = token_of(world, world.client(org)), world.key(org, "pro")
    assert enter(world, EITHER, token).plan == "payer"
    for found in (enter(world, EITHER, key.secret), enter(world, EITHER, key=key.secret)):
        assert found.plan == "pro"
        assert found.actor == f"key:{key.id}"
    assert enter(world, EITHER, key.secret, key.secret).plan == "pro"
    assert enter(world, EITHER, token, key.secret).plan == "pro"


@pytest.mark.parametrize("policy", [BOTH, EITHER], ids=["both", "either"])
def test_missing_and_broken_tokens_are_401(world: World, policy: MethodPolicy) -> None:
    org = world.tenant()
    token, key = token_of(world, world.client(org)), world.key(org).secret
    other = world.key(org).secret
    for bearer, api_key in [
        ("", ""),
        (token[:-9], key),
        ("x.y.z", key),
        ("cl_test_mistyped", ""),
        (other, key),
    ]:
        with refused("UNAUTHENTICATED"):
            enter(world, policy, bearer, api_key)
    for header in ("Basic abc", "Bearer", "Bearer ", token, "bearer\t"):
        call = make_call(policy, world.database, world.clock, metadata={"authorization": header})
        with refused("UNAUTHENTICATED"):
            authenticate.interceptor(world.credentials).wrap(policy, lambda *_: None)(None, call)
    world.clock.advance(seconds=3661)
    with refused("UNAUTHENTICATED"):
        enter(world, policy, token, key)


def test_a_key_is_no_token_where_both_are_needed(world: World) -> None:
    key = world.key(world.tenant()).secret
    for bearer in ("", key):
        with refused("UNAUTHENTICATED"):
            enter(world, BOTH, bearer, key)


def test_a_token_without_key_is_403(world: World) -> None:
    with refused("API_KEY_REQUIRED"):
        enter(world, BOTH, token_of(world, world.client(world.tenant())))


@pytest.mark.parametrize("policy", [BOTH, EITHER], ids=["both", "either"])
def test_a_key_that_does_not_go_with_the_token_is_403(world: World, policy: MethodPolicy) -> None:
    org = world.tenant()
    token = token_of(world, world.client(org))
    revoked, live = world.key(org), world.key(org, livemode=True)
    world.operator.revoke_key(revoked.id)
    expired = world.key(org, expires_at=world.clock.now().replace(minute=59))
    foreign = world.key(world.tenant())
    world.clock.advance(hours=0.6)
    for key in (revoked, live, expired, foreign):
        with refused("API_KEY_REJECTED"):
            enter(world, policy, token, key.secret)
    for text in ("cl_test_" + "0" * 49, "mistyped", world.mint.api_key(livemode=False).text):
        with refused("API_KEY_REJECTED"):
            enter(world, policy, token, text)


def test_live_and_test_do_not_mix(world: World) -> None:
    org = world.tenant()
    live, key = token_of(world, world.client(org, livemode=True)), world.key(org, livemode=True).secret
    assert key.startswith("cl_live_")
    assert enter(world, BOTH, live, key).tenant.livemode
    with refused("API_KEY_REJECTED"):
        enter(world, BOTH, live, world.key(org).secret)


def test_the_scope_must_be_in_token_and_key(world: World) -> None:
    org = world.tenant()
    client, broad = world.client(org), world.key(org).secret
    narrow = world.key(org, scopes=["reviews:read", "keys:read"]).secret
    for token, key in ((token_of(world, client), narrow), (token_of(world, client, "reviews:read"), broad)):
        with refused("MISSING_SCOPE") as info:
            enter(world, BOTH, token, key)
        assert info.value.context == {"scope": "reviews:write"}
    assert enter(world, EITHER, narrow).scopes == {"reviews:read", "keys:read"}
    enter(world, BOTH, token_of(world, client, "reviews:write"), broad)


def test_public_methods_ask_nobody(world: World) -> None:
    handler = object()
    assert authenticate.interceptor(world.credentials).wrap(PUBLIC, handler) is handler  # type: ignore[arg-type]


def test_revoking_a_key_works_in_every_process_within_a_minute(world: World) -> None:
    org = world.tenant()
    key, elsewhere = world.key(org), world.another_process()
    enter(world, EITHER, key.secret)
    enter(world, EITHER, key.secret, credentials=elsewhere)
    world.operator.revoke_key(key.id)
    world.clock.advance(seconds=60)
    for credentials in (world.credentials, elsewhere):
        with refused("UNAUTHENTICATED"):
            enter(world, EITHER, key.secret, credentials=credentials)


def test_revoking_a_client_and_suspending_a_tenant_stop_tokens_within_a_minute(world: World) -> None:
    org = world.tenant()
    first, second, key = world.client(org), world.client(org), world.key(org)
    token_one, token_two = token_of(world, first), token_of(world, second)
    enter(world, EITHER, token_one)
    enter(world, EITHER, token_two)
    world.operator.revoke_client(first.client_id)
    world.clock.advance(seconds=60)
    with refused("UNAUTHENTICATED"):
        enter(world, EITHER, token_one)
    enter(world, EITHER, token_two)
    world.operator.suspend_tenant(org)
    world.clock.advance(seconds=60)
    for bearer in (token_two, key.secret):
        with refused("UNAUTHENTICATED"):
            enter(world, EITHER, bearer)
    world.operator.suspend_tenant(org, suspended=False)
    enter(world, EITHER, token_two)


def test_expiry_is_exact_although_answers_are_kept(world: World) -> None:
    org = world.tenant()
    soon = world.clock.now().replace(second=58)
    key = world.key(org, expires_at=soon)
    world.clock.moment = soon.replace(second=57)
    enter(world, EITHER, key.secret)
    world.clock.moment = soon
    with refused("UNAUTHENTICATED"):
        enter(world, EITHER, key.secret)


def test_a_warm_server_asks_neither_database_nor_mathematics(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = world.tenant()
    token, key = token_of(world, world.client(org)), world.key(org).secret
    enter(world, BOTH, token, key)

    def forbidden(*_: object) -> None:
        raise AssertionError("not on the hot path")

    monkeypatch.setattr(store, "find_client", forbidden)
    monkeypatch.setattr(store, "find_key", forbidden)
    monkeypatch.setattr(tokens, "verify", forbidden)
    world.clock.advance(seconds=29)
    enter(world, BOTH, token, key)
    world.clock.advance(seconds=1)
    with pytest.raises(AssertionError):
        enter(world, BOTH, token, key)


def test_memory_stays_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.identity.credentials.MAX_KEPT", 5)
    org = world.tenant()
    keys = [world.key(org).secret for _ in range(9)]
    for key in [*keys, *keys]:
        enter(world, EITHER, key)
    assert len(world.credentials._known) == 5
    assert not any(key.encode() in kept for key in keys for kept in world.credentials._known)


def test_last_use_is_written_later_to_the_minute_and_never_backwards(world: World) -> None:
    org = world.tenant()
    key = world.key(org)

    def last_used() -> object:
        return world.operator.keys(org)[0]["last_used_at"]

    enter(world, EITHER, key.secret)
    assert last_used() is None
    world.credentials.last_used.flush()
    first = last_used()
    assert first == world.clock.now().replace(second=0)
    enter(world, EITHER, key.secret)
    world.credentials.last_used.flush()
    store.touch_keys(world.database, {key.id: world.clock.now().replace(year=2020)})
    assert last_used() == first
    world.clock.advance(minutes=5)
    enter(world, EITHER, key.secret)
    world.credentials.last_used.flush()
    assert last_used() == world.clock.now().replace(second=0)
    assert world.operator.keys(org)[0]["revoked_at"] is None
