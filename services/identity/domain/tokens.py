"""Access tokens (RFC 9068): what they say, how they are signed, and what makes one acceptable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, GuestProtocol

AUDIENCE = "allowable"
ALGORITHM = "ES256"
TYPE = "at+jwt"
LIFETIME_SECONDS = 3600
SKEW_SECONDS = 60
MAX_LENGTH = 4096


class TokenRejectedError(Exception):
    """The token is not one of ours, or not acceptable now. The text names the rule, for the log."""


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What an access token says."""

    client_id: str
    org_id: str
    livemode: bool
    plan: str
    scopes: frozenset[str]
    issued_at: datetime
    expires_at: datetime
    token_id: str

    def as_jwt(self, issuer: str) -> dict[str, Any]:
        """The claims in the words of RFC 7519, RFC 8693 (client_id, scope) and our own."""
        return {
            "iss": issuer,
            "sub": self.client_id,
            "aud": AUDIENCE,
            "exp": int(self.expires_at.timestamp()),
            "iat": int(self.issued_at.timestamp()),
            "jti": self.token_id,
            "client_id": self.client_id,
            "scope": " ".join(sorted(self.scopes)),
            "org_id": self.org_id,
            "livemode": self.livemode,
            "plan": self.plan,
        }


def sign(claims: AccessClaims, issuer: str, key: ECKey) -> str:
    """The token, signed by this key."""
    header = {"alg": ALGORITHM, "typ": TYPE, "kid": key.kid}
    return jwt.encode(header, claims.as_jwt(issuer), key, algorithms=[ALGORITHM])


def verify(token: str, find_key: Callable[[str], ECKey | None], issuer: str, now: datetime) -> AccessClaims:
    """The claims of an acceptable token. `find_key` returns the published key of a key id."""
    if len(token) > MAX_LENGTH:
        raise TokenRejectedError("longer than any of ours")
    try:
        decoded = jwt.decode(token, _chooser(find_key), algorithms=[ALGORITHM])
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        # The library answers some malformed headers with plain Python exceptions.
        raise TokenRejectedError(type(error).__name__) from None
    # RFC 9068, section 4: another type of JWT must not pass for an access token.
    if str(decoded.header.get("typ", "")).lower() not in {TYPE, f"application/{TYPE}"}:
        raise TokenRejectedError("wrong type")
    return read_claims(decoded.claims, issuer, now)


def _chooser(find_key: Callable[[str], ECKey | None]) -> Callable[[GuestProtocol], ECKey]:
    def choose(token: GuestProtocol) -> ECKey:
        kid = token.headers().get("kid")
        key = find_key(kid) if isinstance(kid, str) else None
        if key is None:
            raise TokenRejectedError("unknown key id")
        return key

    return choose


def read_claims(claims: Mapping[str, Any], issuer: str, now: datetime) -> AccessClaims:
    """Checks issuer, audience, times and types; every claim is required."""
    if _text(claims, "iss") != issuer:
        raise TokenRejectedError("wrong issuer")
    audience = claims.get("aud")
    if audience != AUDIENCE and not (isinstance(audience, list) and AUDIENCE in audience):
        raise TokenRejectedError("wrong audience")
    expires, issued, moment = _seconds(claims, "exp"), _seconds(claims, "iat"), now.timestamp()
    if moment >= expires + SKEW_SECONDS:
        raise TokenRejectedError("expired")
    if issued > moment + SKEW_SECONDS:
        raise TokenRejectedError("issued in the future")
    client_id = _text(claims, "client_id")
    if _text(claims, "sub") != client_id:
        raise TokenRejectedError("subject is not the client")
    livemode = claims.get("livemode")
    if not isinstance(livemode, bool):
        raise TokenRejectedError("livemode missing")
    return AccessClaims(
        client_id=client_id,
        org_id=_text(claims, "org_id"),
        livemode=livemode,
        plan=_text(claims, "plan"),
        scopes=frozenset(_text(claims, "scope").split()),
        issued_at=datetime.fromtimestamp(issued, UTC),
        expires_at=datetime.fromtimestamp(expires, UTC),
        token_id=_text(claims, "jti"),
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise TokenRejectedError(f"{name} missing")
    return value


def _seconds(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    # bool is an int to Python, and no time.
    if type(value) is not int or not 0 < value < 1 << 33:
        raise TokenRejectedError(f"{name} missing")
    return value
