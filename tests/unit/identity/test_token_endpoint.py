"""POST /oauth2/token as RFC 6749 has it, the published keys and the metadata."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowable.identity.v1 import tokens_pb2 as pb
from services.identity import store
from services.identity.domain.keys import Mint
from services.identity.domain.scopes import SCOPES
from services.identity.provisioning import NewClient
from services.identity.token_rpcs import FORM, client_credentials, read_form
from services.kernel.call import Call
from services.kernel.errors import DomainError
from tests.harness.calls import make_call, policy_of, refused
from tests.unit.identity.conftest import ISSUER, World

POLICY = policy_of(pb.DESCRIPTOR, "CreateToken")


def basic(client_id: str, secret: str) -> str:
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def ask(
    world: World, body: str | dict[str, str], authorization: str = "", content_type: str = FORM
) -> tuple[pb.AccessToken, Call]:
    request = pb.CreateTokenRequest()
    request.form.content_type = content_type
    request.form.data = (body if isinstance(body, str) else urlencode(body)).encode()
    metadata = {"authorization": authorization} if authorization else {}
    call = make_call(POLICY, world.database, world.clock, metadata=metadata)
    return world.tokens.create(request, call), call


def form(client: NewClient, **more: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        **more,
    }


@pytest.fixture
def client(world: World) -> NewClient:
    return world.client(world.tenant())


def test_secret_in_the_form_or_by_basic(world: World, client: NewClient) -> None:
    by_form, call = ask(world, form(client))
    assert by_form.token_type == "Bearer"
    assert by_form.expires_in == 3600
    assert by_form.scope.split() == sorted(SCOPES)
    assert ("cache-control", "no-store") in call.headers
    assert ("pragma", "no-cache") in call.headers
    header = basic(client.client_id, client.client_secret)
    by_basic, _ = ask(world, "grant_type=client_credentials", header)
    ask(world, {"grant_type": "client_credentials", "client_id": client.client_id}, header)
    assert by_basic.access_token != by_form.access_token
    ask(world, form(client), content_type=f"{FORM}; charset=utf-8")


def test_client_ids_say_mode(world: World, client: NewClient) -> None:
    assert client.client_id.startswith("m2m-client-test-")
    assert world.client(world.tenant(), livemode=True).client_id.startswith("m2m-client-live-")


def test_a_subset_of_scopes(world: World, client: NewClient) -> None:
    answer, _ = ask(world, form(client, scope="reviews:write pricing:read"))
    assert answer.scope == "pricing:read reviews:write"
    assert ask(world, form(client, scope=""))[0].scope.split() == sorted(SCOPES)
    narrow = world.client(world.tenant(), scopes=["pricing:read"])
    for wanted in ("reviews:write", "pricing:read reviews:write", "nonsense", "pricing:read\tkeys:read"):
        assert oauth_code(world, form(narrow, scope=wanted)) == "invalid_scope"


def oauth_code(world: World, body: str | dict[str, str], authorization: str = "", **more: str) -> str:
    with pytest.raises(DomainError) as info:
        ask(world, body, authorization, **more)
    wanted = (
        "INVALID_CLIENT" if info.value.context["oauth_error"] == "invalid_client" else "INVALID_GRANT_REQUEST"
    )
    assert info.value.reason.name == wanted
    return info.value.context["oauth_error"]


def test_bad_requests(world: World, client: NewClient) -> None:
    good = form(client)
    header = basic(client.client_id, client.client_secret)
    assert oauth_code(world, {**good, "grant_type": "password"}) == "unsupported_grant_type"
    assert oauth_code(world, {**good, "grant_type": ""}) == "invalid_request"
    assert oauth_code(world, good, header) == "invalid_request"
    assert (
        oauth_code(world, {"grant_type": "client_credentials", "client_id": "x"}, header) == "invalid_request"
    )
    assert oauth_code(world, urlencode(good) + "&scope=a&scope=b") == "invalid_request"
    assert oauth_code(world, good, content_type="application/json") == "invalid_request"
    assert oauth_code(world, good, content_type="") == "invalid_request"
    assert oauth_code(world, "%%%") == "invalid_request"
    assert oauth_code(world, "a=" + "b" * 9000) == "invalid_request"


def test_bad_clients(world: World, client: NewClient) -> None:
    wrong = NewClient(client.client_id, client.client_secret[:-1] + "x")
    unknown = NewClient("m2m-client-test-00000000-0000-4000-8000-000000000000", client.client_secret)
    assert oauth_code(world, form(wrong)) == "invalid_client"
    assert oauth_code(world, form(unknown)) == "invalid_client"
    assert oauth_code(world, form(NewClient("", ""))) == "invalid_client"
    assert oauth_code(world, form(NewClient("\x00", "x"))) == "invalid_client"
    for header in ("Basic !!!", "Basic", "Bearer abc", basic(client.client_id, "")):
        assert oauth_code(world, "grant_type=client_credentials", header) == "invalid_client"
    world.operator.revoke_client(client.client_id)
    assert oauth_code(world, form(client)) == "invalid_client"


def test_unknown_clients_and_wrong_secrets_look_and_cost_the_same(
    world: World, client: NewClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    def watched(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def watch(*arguments: Any) -> Any:
            steps.append(name)
            return function(*arguments)

        return watch

    monkeypatch.setattr(store, "find_client", watched("find", store.find_client))
    monkeypatch.setattr(Mint, "digest", watched("digest", Mint.digest))
    errors = []
    for tried in (NewClient(client.client_id, "wrong"), NewClient("nobody", "wrong")):
        with refused("INVALID_CLIENT") as info:
            ask(world, form(tried))
        errors.append((str(info.value), info.value.context))
    assert errors[0] == errors[1]
    assert steps == ["find", "digest"] * 2


def refusal(read: Callable[[], object]) -> str:
    """The OAuth error of a reading that fails; empty when it succeeds."""
    try:
        read()
    except DomainError as error:
        return error.context["oauth_error"]
    return ""


@given(st.binary(max_size=60))
def test_any_body_is_a_form_or_refused(data: bytes) -> None:
    assert refusal(lambda: read_form(FORM, data)) in {"", "invalid_request"}


@given(st.text(max_size=60).map("Basic {}".format) | st.text(max_size=60))
def test_any_authorization_is_read_or_refused(header: str) -> None:
    assert refusal(lambda: client_credentials(header, {})) in {"", "invalid_client"}


def test_published_keys_are_public_only_and_check_the_token(world: World, client: NewClient) -> None:
    ask(world, form(client))
    call = make_call(policy_of(pb.DESCRIPTOR, "ListSigningKeys"), world.database, world.clock)
    keys = world.tokens.list_keys(pb.ListSigningKeysRequest(), call).keys
    assert [(key.kty, key.crv, key.alg, key.use) for key in keys] == [("EC", "P-256", "ES256", "sig")]
    assert keys[0].kid == world.keys.signing().kid
    assert len(keys[0].x) == len(keys[0].y) == 43
    assert ("cache-control", "public, max-age=60") in call.headers


def test_metadata_names_the_endpoints(world: World) -> None:
    call = make_call(policy_of(pb.DESCRIPTOR, "GetAuthorizationServer"), world.database, world.clock)
    found = world.tokens.metadata(pb.GetAuthorizationServerRequest(), call)
    assert found.issuer == ISSUER
    assert found.token_endpoint == f"{ISSUER}/oauth2/token"
    assert found.jwks_uri == f"{ISSUER}/.well-known/jwks.json"
    assert list(found.scopes_supported) == list(SCOPES)
