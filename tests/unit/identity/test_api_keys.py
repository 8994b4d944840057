"""ApiKeyService through its table: every call, its refusals, and who may hand out what."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.message import Message

from allowable.identity.v1 import api_keys_pb2 as pb
from services.identity.api_keys import rpcs
from services.identity.domain.scopes import SCOPES
from services.kernel.call import Principal
from services.kernel.clock import rfc3339
from tests.harness.calls import make_call, policy_of, principal_of, refused
from tests.unit.identity.conftest import World


class Desk:
    """Calls the service as one principal."""

    def __init__(self, world: World, principal: Principal) -> None:
        self.world = world
        self.principal = principal
        self.headers: list[tuple[str, str]] = []

    def __call__(self, request: Message) -> Any:
        name = request.DESCRIPTOR.name.removesuffix("Request")
        call = make_call(
            policy_of(pb.DESCRIPTOR, name), self.world.database, self.world.clock, self.principal
        )
        answer = rpcs(self.world.mint)[name](request, call)
        self.headers = call.headers
        return answer

    def works(self, secret: str) -> bool:
        found = self.world.another_process()._key(secret, self.world.clock.now())[0]
        return found is not None


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world, principal_of(world.tenant(), plan="practice"))


def test_a_new_key_works_and_its_secret_is_shown_once(desk: Desk) -> None:
    made = desk(pb.CreateApiKeyRequest(name="nightly"))
    assert ("cache-control", "no-store") in desk.headers
    assert made.secret.startswith("cl_test_")
    assert made.secret.startswith(made.prefix)
    assert desk.works(made.secret)
    assert made.id.startswith("key_")
    assert len(made.id) == 30
    assert (made.plan, made.status, made.version, made.livemode) == ("practice", "active", 1, False)
    assert list(made.scopes) == list(SCOPES)
    assert made.created_at == rfc3339(desk.world.clock.now())
    for absent in ("expires_at", "last_used_at", "revoked_at", "previous_secret_expires_at"):
        assert not made.HasField(absent)
    again = desk(pb.GetApiKeyRequest(api_key_id=made.id))
    assert not again.HasField("secret")
    made.ClearField("secret")
    assert again == made
    assert list(desk(pb.ListApiKeysRequest()).api_keys) == [made]


def test_a_key_of_live_mode_is_a_live_key(world: World) -> None:
    made = Desk(world, principal_of(world.tenant(), livemode=True))(pb.CreateApiKeyRequest(name="x"))
    assert made.livemode
    assert made.secret.startswith("cl_live_")


def test_nobody_hands_out_what_they_do_not_hold(world: World) -> None:
    org = world.tenant()
    narrow = Desk(world, principal_of(org, scopes=["keys:write", "keys:read", "pricing:read"]))
    with refused("PERMISSION_DENIED") as info:
        narrow(pb.CreateApiKeyRequest(name="x", scopes=["pricing:read", "reviews:write"]))
    assert [fault.field for fault in info.value.faults] == ["scopes[1]"]
    with refused("INVALID_REQUEST"):
        narrow(pb.CreateApiKeyRequest(name="x", scopes=["unknown:read"]))
    own = narrow(pb.CreateApiKeyRequest(name="x"))
    assert list(own.scopes) == ["keys:read", "keys:write", "pricing:read"]
    with refused("PERMISSION_DENIED"):
        narrow(pb.UpdateApiKeyRequest(api_key_id=own.id, base_version=1, scopes=["reviews:write"]))
    broad = Desk(world, principal_of(org))(pb.CreateApiKeyRequest(name="broad"))
    with refused("PERMISSION_DENIED"):
        narrow(pb.RotateApiKeyRequest(api_key_id=broad.id))
    fewer = narrow(pb.UpdateApiKeyRequest(api_key_id=broad.id, base_version=1, scopes=["reviews:write"]))
    assert list(fewer.scopes) == ["reviews:write"]


def test_update_on_the_version_one_saw(desk: Desk) -> None:
    made = desk(pb.CreateApiKeyRequest(name="a"))
    renamed = desk(pb.UpdateApiKeyRequest(api_key_id=made.id, base_version=1, name="b"))
    assert (renamed.name, renamed.version, renamed.scopes) == ("b", 2, made.scopes)
    with refused("STALE_VERSION") as info:
        desk(pb.UpdateApiKeyRequest(api_key_id=made.id, base_version=1, name="c"))
    assert info.value.context == {"current_version": "2"}
    same = desk(pb.UpdateApiKeyRequest(api_key_id=made.id, base_version=2, name="b"))
    assert same == renamed
    with refused("NOT_FOUND"):
        desk(pb.UpdateApiKeyRequest(api_key_id="key_none", base_version=1, name="c"))


def test_expiry_comes_and_goes_but_the_dead_stay_dead(desk: Desk) -> None:
    made = desk(pb.CreateApiKeyRequest(name="a", expires_at="2026-03-14T12:00:00+01:00"))
    assert made.expires_at == "2026-03-14T11:00:00.000Z"
    for text in ("2026-03-14T09:26:53Z", "2020-01-01T00:00:00Z"):
        with refused("INVALID_REQUEST"):
            desk(pb.CreateApiKeyRequest(name="b", expires_at=text))
    for text in ("yesterday", "2026-13-01T00:00:00Z", "2027-01-01T00:00:00", "2027-01-01"):
        with refused("INVALID_REQUEST") as info:
            desk(pb.CreateApiKeyRequest(name="b", expires_at=text))
        assert [(fault.field, fault.code) for fault in info.value.faults] == [("expires_at", "rfc3339")]
    endless = desk(pb.UpdateApiKeyRequest(api_key_id=made.id, base_version=1, expires_at=""))
    assert not endless.HasField("expires_at")
    short = desk(
        pb.UpdateApiKeyRequest(api_key_id=made.id, base_version=2, expires_at="2026-03-14T09:30:00Z")
    )
    desk.world.clock.advance(hours=1)
    assert desk(pb.GetApiKeyRequest(api_key_id=made.id)).status == "expired"
    assert not desk.works(made.secret)
    for request in (
        pb.UpdateApiKeyRequest(api_key_id=made.id, base_version=short.version, expires_at=""),
        pb.RotateApiKeyRequest(api_key_id=made.id),
    ):
        with refused("INVALID_STATE"):
            desk(request)


def test_rotation_keeps_two_secrets_alive_and_never_three(desk: Desk) -> None:
    first = desk(pb.CreateApiKeyRequest(name="a"))
    second = desk(pb.RotateApiKeyRequest(api_key_id=first.id, overlap_seconds=600))
    assert second.id == first.id
    assert second.version == 2
    assert second.previous_secret_expires_at == "2026-03-14T09:36:53.000Z"
    assert desk.works(first.secret)
    assert desk.works(second.secret)
    with refused("INVALID_STATE"):
        desk(pb.RotateApiKeyRequest(api_key_id=first.id))
    desk.world.clock.advance(seconds=600)
    assert not desk.works(first.secret)
    assert not desk(pb.GetApiKeyRequest(api_key_id=first.id)).HasField("previous_secret_expires_at")
    third = desk(pb.RotateApiKeyRequest(api_key_id=first.id, overlap_seconds=0))
    assert [desk.works(key.secret) for key in (first, second, third)] == [False, False, True]
    day = desk(pb.RotateApiKeyRequest(api_key_id=first.id))
    assert day.previous_secret_expires_at == "2026-03-15T09:36:53.000Z"


def test_revoking_is_final_and_may_be_repeated(desk: Desk) -> None:
    made = desk(pb.CreateApiKeyRequest(name="a"))
    for _ in range(2):
        assert desk(pb.DeleteApiKeyRequest(api_key_id=made.id)) == pb.DeleteApiKeyResponse()
    gone = desk(pb.GetApiKeyRequest(api_key_id=made.id))
    assert (gone.status, gone.version) == ("revoked", 2)
    assert gone.HasField("revoked_at")
    assert not desk.works(made.secret)
    assert not desk(pb.ListApiKeysRequest()).api_keys
    assert desk(pb.ListApiKeysRequest(include_revoked=True)).api_keys == [gone]
    for request in (
        pb.UpdateApiKeyRequest(api_key_id=made.id, base_version=2, name="b"),
        pb.RotateApiKeyRequest(api_key_id=made.id),
    ):
        with refused("INVALID_STATE"):
            desk(request)
    with refused("NOT_FOUND"):
        desk(pb.DeleteApiKeyRequest(api_key_id="key_none"))


def test_lists_are_newest_first_searched_and_paged(desk: Desk) -> None:
    made = []
    for number in range(7):
        desk.world.clock.advance(seconds=1)
        made.append(
            desk(pb.CreateApiKeyRequest(name=f"Nightly {number}%" if number % 2 else f"other {number}"))
        )
    newest = [key.id for key in reversed(made)]
    first = desk(pb.ListApiKeysRequest(page_size=5))
    last = desk(pb.ListApiKeysRequest(page_size=5, page_token=first.next_page_token))
    assert [key.id for key in [*first.api_keys, *last.api_keys]] == newest
    assert not last.HasField("next_page_token")
    names = [key.name for key in desk(pb.ListApiKeysRequest(search="nightly")).api_keys]
    assert names == ["Nightly 5%", "Nightly 3%", "Nightly 1%"]
    assert len(desk(pb.ListApiKeysRequest(search="%")).api_keys) == 3
    with refused("INVALID_REQUEST"):
        desk(pb.ListApiKeysRequest(search="\x00"))


def test_other_tenants_and_the_other_mode_see_nothing(desk: Desk, world: World) -> None:
    made = desk(pb.CreateApiKeyRequest(name="a"))
    org = desk.principal.tenant.org_id
    for stranger in (principal_of(world.tenant()), principal_of(org, livemode=True)):
        other = Desk(world, stranger)
        for request in (
            pb.GetApiKeyRequest(api_key_id=made.id),
            pb.UpdateApiKeyRequest(api_key_id=made.id, base_version=1, name="b"),
            pb.RotateApiKeyRequest(api_key_id=made.id),
            pb.DeleteApiKeyRequest(api_key_id=made.id),
        ):
            with refused("NOT_FOUND"):
                other(request)
        assert not other(pb.ListApiKeysRequest(include_revoked=True)).api_keys


def test_every_write_leaves_an_audit_entry_and_nothing_secret(desk: Desk) -> None:
    made = desk(pb.CreateApiKeyRequest(name="a"))
    desk(pb.UpdateApiKeyRequest(api_key_id=made.id, base_version=1, name="b"))
    desk(pb.RotateApiKeyRequest(api_key_id=made.id))
    desk(pb.DeleteApiKeyRequest(api_key_id=made.id))
    run = desk.world.operator.connection.execute
    rows = run("SELECT action, actor FROM audit_log WHERE object = %s ORDER BY id", (made.id,)).fetchall()
    actions = ["CreateApiKey", "UpdateApiKey", "RotateApiKey", "DeleteApiKey"]
    assert rows == [(action, desk.principal.actor) for action in actions]
    stored = str(run("SELECT * FROM api_keys WHERE id = %s", (made.id,)).fetchall())
    assert made.secret not in stored
    assert made.secret[len(made.prefix) :] not in stored
