"""Access tokens: what is in them, and every way in which one must not be accepted."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from services.identity.domain import tokens
from services.identity.domain.tokens import AccessClaims, TokenRejectedError
from tests.harness.calls import START

ISSUER = "https://api.allowable.example"
KEY = ECKey.generate_key("P-256", auto_kid=True)
CLAIMS = AccessClaims(
    client_id="m2m-client-test-1",
    org_id="org_1",
    livemode=False,
    plan="pro",
    scopes=frozenset({"reviews:write", "reviews:read"}),
    issued_at=START.replace(microsecond=0),
    expires_at=START.replace(microsecond=0) + timedelta(hours=1),
    token_id="tok_1",
)


def find(kid: str) -> ECKey | None:
    return KEY if kid == KEY.kid else None


def made(header: dict[str, Any] | None = None, key: Any = KEY, **changed: Any) -> str:
    claims = {**CLAIMS.as_jwt(ISSUER), **changed}
    whole = {"alg": "ES256", "typ": "at+jwt", "kid": KEY.kid, **(header or {})}
    return jwt.encode(
        whole, {k: v for k, v in claims.items() if v is not ...}, key, algorithms=[whole["alg"]]
    )


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def accepted(token: str, later: float = 0) -> AccessClaims:
    return tokens.verify(token, find, ISSUER, START + timedelta(seconds=later))


def test_what_was_signed_is_read_again() -> None:
    token = tokens.sign(CLAIMS, ISSUER, KEY)
    assert accepted(token) == CLAIMS
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": KEY.kid}
    assert set(CLAIMS.as_jwt(ISSUER)) >= {"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope"}


def test_a_skew_of_a_minute_is_borne() -> None:
    token = tokens.sign(CLAIMS, ISSUER, KEY)
    accepted(token, later=3600 + 58)
    accepted(token, later=-59)
    with pytest.raises(TokenRejectedError, match="expired"):
        accepted(token, later=3600 + 60)
    with pytest.raises(TokenRejectedError, match="future"):
        accepted(token, later=-62)


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": ...},
        {"aud": "another-api"},
        {"aud": ["another-api"]},
        {"aud": ...},
        {"exp": ...},
        {"exp": True},
        {"exp": "9999999999"},
        {"exp": 1e10},
        {"exp": 10**12},
        {"iat": ...},
        {"sub": "m2m-client-test-2"},
        {"sub": ...},
        {"client_id": ...},
        {"client_id": 7},
        {"org_id": ""},
        {"livemode": "false"},
        {"livemode": 0},
        {"livemode": ...},
        {"scope": ["reviews:read"]},
        {"scope": ...},
        {"jti": ...},
        {"plan": ...},
    ],
)
def test_a_well_signed_token_with_a_wrong_claim_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(TokenRejectedError):
        accepted(made(**changed))


@pytest.mark.parametrize("typ", ["JWT", "at+jwtx", "", "logout+jwt"])
def test_other_types_of_jwt_are_no_access_tokens(typ: str) -> None:
    with pytest.raises(TokenRejectedError, match="type"):
        accepted(made({"typ": typ}))


def test_the_long_form_of_the_type_is_the_same_type() -> None:
    accepted(made({"typ": "application/at+jwt"}))


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "HS256", "RS256", "ES384", "ES256K", "", None, 7])
def test_no_other_algorithm_is_let_in(alg: object) -> None:
    signature = tokens.sign(CLAIMS, ISSUER, KEY).split(".")[2]
    payload = part(CLAIMS.as_jwt(ISSUER))
    for ending in ("", signature):
        forged = f"{part({'alg': alg, 'typ': 'at+jwt', 'kid': KEY.kid})}.{payload}.{ending}"
        with pytest.raises(TokenRejectedError):
            accepted(forged)


@pytest.mark.filterwarnings("ignore")
def test_the_public_key_is_no_shared_secret() -> None:
    public = json.dumps(KEY.as_dict(private=False)).encode()
    for secret in (public, KEY.as_pem(private=False)):
        try:
            forged = made({"alg": "HS256"}, OctKey.import_key(secret))
        except ValueError:  # the library refuses PEM texts as secrets
            continue
        with pytest.raises(TokenRejectedError):
            accepted(forged)


def test_another_key_under_our_key_id_is_refused() -> None:
    with pytest.raises(TokenRejectedError):
        accepted(made(key=ECKey.generate_key("P-256")))


@pytest.mark.parametrize("kid", ["unknown", "", None, 3, ["x"]])
def test_unknown_key_ids_are_refused(kid: object) -> None:
    header = {"alg": "ES256", "typ": "at+jwt", "kid": kid}
    signed = tokens.sign(CLAIMS, ISSUER, KEY).split(".")
    with pytest.raises(TokenRejectedError):
        accepted(f"{part(header)}.{signed[1]}.{signed[2]}")


def test_keys_that_the_token_brings_along_are_not_used() -> None:
    other = ECKey.generate_key("P-256", auto_kid=True)
    forged = made({"kid": other.kid, "jwk": other.as_dict(private=False)}, other)
    with pytest.raises(TokenRejectedError):
        accepted(forged)


@given(st.integers(0, 400), st.binary(min_size=1, max_size=1))
def test_no_bit_of_a_token_may_change(place: int, byte: bytes) -> None:
    token = tokens.sign(CLAIMS, ISSUER, KEY)
    body = token.rpartition(".")[0]
    place %= len(body)
    changed = token[:place] + chr(byte[0] % 94 + 33) + token[place + 1 :]
    if changed != token:
        with pytest.raises(TokenRejectedError):
            accepted(changed)


@given(st.text(max_size=300) | st.lists(st.text(alphabet="abc_-=.", max_size=40), max_size=6).map(".".join))
def test_nonsense_is_refused_and_never_crashes(text: str) -> None:
    with pytest.raises(TokenRejectedError):
        accepted(text)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9), st.lists, max_leaves=4))
def test_nonsense_inside_a_token_is_refused(value: object) -> None:
    for token in (
        f"{part(value)}.{part(value)}.AAAA",
        f"{part({'alg': 'ES256', 'kid': KEY.kid, 'crit': value})}.{part(value)}.AAAA",
    ):
        with pytest.raises(TokenRejectedError):
            accepted(token)


def test_endless_tokens_are_not_even_read() -> None:
    with pytest.raises(TokenRejectedError, match="longer"):
        accepted("a" * 5000)
