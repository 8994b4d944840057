"""ApiKeyService: made, listed, renewed and revoked by their tenant."""

from __future__ import annotations

from typing import Any

from allowable.identity.v1 import api_keys_pb2 as pb
from services.crud import codec
from services.crud.operations import Archive, Get, List, Update
from services.crud.resource import Resource, Row, Values
from services.crud.steps import add, change, find, message_of
from services.identity import tables
from services.identity.domain import keys, scopes
from services.identity.domain.keys import KeyState, Mint
from services.kernel.call import Call
from services.kernel.rpc import Handler


def derive(row: Row, call: Call) -> Values:
    """Status by the clock; a previous secret that no longer works is not shown."""
    state, now = state_of(row), call.clock.now()
    previous = state.previous_expires_at if state.previous_lives(now) else None
    return {"status": state.status(now), "previous_secret_expires_at": previous}


API_KEY = Resource(
    "API key",
    tables.api_keys,
    pb.ApiKey,
    key="api_key_id",
    id_prefix="key",
    search=("name",),
    archived="revoked_at",
    derive=derive,
)


def create_api_key(mint: Mint, request: pb.CreateApiKeyRequest, call: Call) -> pb.ApiKey:
    """A key of the caller's tenant, mode and plan, with no scope that the caller lacks."""
    caller = call.caller
    values = codec.sent(API_KEY, request)
    granted = values.get("scopes") or sorted(caller.scopes)
    scopes.check_known(granted)
    scopes.check_held(granted, caller.scopes)
    keys.check_expiry(values.get("expires_at"), call.clock.now())
    secret = mint.api_key(livemode=caller.tenant.livemode)
    values |= {
        "scopes": granted,
        "plan": caller.plan,
        "prefix": secret.shown,
        "secret_digest": secret.digest,
    }
    with call.transaction() as transaction:
        row = add(API_KEY, values, call, transaction)
    return _with_secret(row, secret.text, call)


def rotate_api_key(mint: Mint, request: pb.RotateApiKeyRequest, call: Call) -> pb.ApiKey:
    """A second secret for the key. Who gets it can use the key, so the caller must hold its scopes."""
    overlap = keys.DEFAULT_OVERLAP_SECONDS
    if request.HasField("overlap_seconds"):
        overlap = request.overlap_seconds
    secret = mint.api_key(livemode=call.caller.tenant.livemode)
    with call.transaction() as transaction:
        row = find(API_KEY, request, transaction, lock=True)
        scopes.check_held(row["scopes"], call.caller.scopes)
        state = keys.rotate(state_of(row), secret, overlap, call.clock.now())
        values = {
            "prefix": secret.shown,
            "secret_digest": state.secret_digest,
            "previous_digest": state.previous_digest,
            "previous_secret_expires_at": state.previous_expires_at,
        }
        row = change(API_KEY, row, values, None, call, transaction)
    return _with_secret(row, secret.text, call)


def check_update(row: Row, values: Values, call: Call) -> Values:
    """Scopes may be taken away by anybody who writes keys, and added only by who holds them."""
    if "scopes" in values:
        scopes.check_known(values["scopes"])
        scopes.check_held(values["scopes"], call.caller.scopes | set(row["scopes"]))
    if "expires_at" in values:
        keys.check_active(state_of(row), call.clock.now())
        keys.check_expiry(values["expires_at"], call.clock.now())
    return values


def state_of(row: Row) -> KeyState:
    """The row, as the rules see it."""
    return KeyState(
        secret_digest=row["secret_digest"],
        previous_digest=row["previous_digest"],
        previous_expires_at=row["previous_secret_expires_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )


def _with_secret(row: Row, text: str, call: Call) -> pb.ApiKey:
    message: pb.ApiKey = message_of(API_KEY, row, call)
    message.secret = text
    # Shown once; no cache on the way may show it again.
    call.headers.append(("cache-control", "no-store"))
    return message


def rpcs(mint: Mint) -> dict[str, Handler]:
    """The table of the service."""

    def create(request: Any, call: Call) -> pb.ApiKey:
        return create_api_key(mint, request, call)

    def rotate(request: Any, call: Call) -> pb.ApiKey:
        return rotate_api_key(mint, request, call)

    return {
        "ListApiKeys": List(API_KEY),
        "GetApiKey": Get(API_KEY),
        "CreateApiKey": create,
        "UpdateApiKey": Update(API_KEY, check=check_update),
        "RotateApiKey": rotate,
        "DeleteApiKey": Archive(API_KEY),
    }
