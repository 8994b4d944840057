"""TokenService: access tokens by client credentials (RFC 6749, section 4.4), keys and metadata."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qsl, unquote_plus

from allowable.identity.v1 import tokens_pb2 as pb
from services.identity import store
from services.identity.domain import tokens
from services.identity.domain.keys import Mint
from services.identity.domain.scopes import SCOPES
from services.identity.domain.tokens import AccessClaims
from services.identity.signing_keys import SigningKeys
from services.identity.store import Client
from services.kernel.call import Call
from services.kernel.db import Database
from services.kernel.errors import DomainError
from services.kernel.rpc import Handler

FORM = "application/x-www-form-urlencoded"
GRANT = "client_credentials"
MAX_FORM_BYTES = 8192
JWKS_SECONDS = 60
# What a client that does not exist is compared with: the same work as for one that does.
_NOBODY = bytes(32)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The token endpoint and what it works with."""

    database: Database
    keys: SigningKeys
    mint: Mint
    issuer: str

    def create(self, request: pb.CreateTokenRequest, call: Call) -> pb.AccessToken:
        """One access token for a client that shows its secret."""
        call.headers += [("cache-control", "no-store"), ("pragma", "no-cache")]
        form = read_form(request.form.content_type, request.form.data)
        client_id, secret = client_credentials(call.metadata.get("authorization", ""), form)
        grant_type = form.get("grant_type", "")
        if not grant_type:
            raise oauth_error("invalid_request", "grant_type is missing.")
        if grant_type != GRANT:
            raise oauth_error("unsupported_grant_type", f"Only {GRANT} is served.")
        client = self._authenticate(client_id, secret)
        granted = granted_scopes(form.get("scope", ""), client.scopes)
        now = call.clock.now()
        claims = AccessClaims(
            client_id=client.client_id,
            org_id=client.tenant.org_id,
            livemode=client.tenant.livemode,
            plan=client.plan,
            scopes=granted,
            issued_at=now,
            expires_at=now + timedelta(seconds=tokens.LIFETIME_SECONDS),
            token_id=call.clock.new_id("tok"),
        )
        return pb.AccessToken(
            access_token=tokens.sign(claims, self.issuer, self.keys.signing()),
            token_type="Bearer",  # noqa: S106 - the scheme's name
            expires_in=tokens.LIFETIME_SECONDS,
            scope=" ".join(sorted(granted)),
        )

    def list_keys(self, _request: pb.ListSigningKeysRequest, call: Call) -> pb.ListSigningKeysResponse:
        """The published keys as a JWK set."""
        call.headers.append(("cache-control", f"public, max-age={JWKS_SECONDS}"))
        found = [key.as_dict(private=False) for key in self.keys.published()]
        return pb.ListSigningKeysResponse(
            keys=[
                pb.SigningKey(
                    kty="EC",
                    crv="P-256",
                    alg=tokens.ALGORITHM,
                    use="sig",
                    kid=str(key["kid"]),
                    x=str(key["x"]),
                    y=str(key["y"]),
                )
                for key in found
            ]
        )

    def metadata(self, _request: pb.GetAuthorizationServerRequest, _call: Call) -> pb.AuthorizationServer:
        """What RFC 8414 lets clients discover."""
        return pb.AuthorizationServer(
            issuer=self.issuer,
            token_endpoint=f"{self.issuer}/oauth2/token",
            jwks_uri=f"{self.issuer}/.well-known/jwks.json",
            grant_types_supported=[GRANT],
            token_endpoint_auth_methods_supported=["client_secret_basic", "client_secret_post"],
            scopes_supported=SCOPES,
        )

    def rpcs(self) -> dict[str, Handler]:
        """The table of the service."""
        return {
            "CreateToken": self.create,
            "ListSigningKeys": self.list_keys,
            "GetAuthorizationServer": self.metadata,
        }

    def _authenticate(self, client_id: str, secret: str) -> Client:
        """An unknown client, a wrong secret and a revoked client get one answer after the same work."""
        client = store.find_client(self.database, client_id)
        matches = hmac.compare_digest(self.mint.digest(secret), client.secret_digest if client else _NOBODY)
        if client is None or not matches or not client.active:
            raise DomainError("INVALID_CLIENT", context={"oauth_error": "invalid_client"})
        return client


def oauth_error(code: str, message: str) -> DomainError:
    """An error of RFC 6749, section 5.2."""
    return DomainError("INVALID_GRANT_REQUEST", message, context={"oauth_error": code})


def read_form(content_type: str, data: bytes) -> dict[str, str]:
    """The form's parameters; empty ones count as not sent, repeated ones are refused (section 3.2)."""
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise oauth_error("invalid_request", f"The content type must be {FORM}.")
    if len(data) > MAX_FORM_BYTES:
        raise oauth_error("invalid_request", f"The form is longer than {MAX_FORM_BYTES} bytes.")
    try:
        pairs = parse_qsl(data.decode("ascii"), strict_parsing=bool(data), errors="strict", max_num_fields=20)
    except ValueError:
        raise oauth_error("invalid_request", "The form cannot be read.") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise oauth_error("invalid_request", "A parameter is sent more than once.")
    return form


def client_credentials(authorization: str, form: Mapping[str, str]) -> tuple[str, str]:
    """Client id and secret, by Basic or by the form, never both (section 2.3)."""
    if not authorization:
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    elif "client_secret" in form:
        raise oauth_error("invalid_request", "Send the client secret by Basic or in the form, not both.")
    else:
        client_id, secret = _basic(authorization)
        if form.get("client_id", client_id) != client_id:
            raise oauth_error("invalid_request", "The form names another client than the Basic credentials.")
    if not client_id or not secret or "\x00" in client_id:
        raise DomainError("INVALID_CLIENT", context={"oauth_error": "invalid_client"})
    return client_id, secret


def _basic(authorization: str) -> tuple[str, str]:
    """Both halves are form-encoded before they are joined (section 2.3.1)."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        if scheme.lower() == "basic":
            client_id, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
            return unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    except (binascii.Error, ValueError):
        pass
    raise DomainError("INVALID_CLIENT", context={"oauth_error": "invalid_client"})


def granted_scopes(asked: str, held: frozenset[str]) -> frozenset[str]:
    """What was asked for, when the client holds all of it; all it holds when nothing was asked for."""
    wanted = frozenset(asked.split(" ")) - {""}
    if not wanted:
        return held
    if not wanted <= held:
        raise oauth_error("invalid_scope", "The client does not hold every scope that it asks for.")
    return wanted
