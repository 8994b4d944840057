"""Credentials as cases present them: good ones, and every kind of bad one."""

from __future__ import annotations

import base64
import json
import time
from functools import cached_property

from joserfc import jwt
from joserfc.jwk import ECKey

from tests.harness.stack import Stack, Tenant

HOUR = 3600


class Presented:
    """Headers by the name that cases use."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.own, self.other = stack.tenants

    def headers(self, name: str) -> dict[str, str]:
        """The headers of one kind of credentials."""
        good = self.stack.credentials(self.own)
        key = self.own.review_api_key
        kinds = {
            "good": good,
            "none": {},
            "expired_token": {**good, "authorization": f"Bearer {self._signed(expired=True)}"},
            "forged_token": {**good, "authorization": f"Bearer {self._signed(expired=False)}"},
            "unsigned_token": {**good, "authorization": f"Bearer {self._unsigned()}"},
            "key_as_token": {"authorization": f"Bearer {key}", "x-api-key": key},
            "no_key": {"authorization": good["authorization"]},
            "foreign_key": {**good, "x-api-key": self.other.review_api_key},
            "unknown_key": {**good, "x-api-key": f"{key[:-8]}AAAAAAAA"},
            "wrong_host": {**good, "host": f"{self.other.host}.localhost"},
            "own_host": {**good, "host": f"{self.own.host}.localhost"},
            "pro_key": {"authorization": f"Bearer {self.own.keys['pro']}"},
        }
        if name == "revoked_key":
            return {**good, "x-api-key": self.revoked_key}
        return kinds[name]

    @cached_property
    def revoked_key(self) -> str:
        """A key that was made and revoked at once, before anyone used it."""
        authorization = {"authorization": self.stack.credentials(self.own)["authorization"]}
        made = self.stack.http.post("/v1/api-keys", json={"name": "to be revoked"}, headers=authorization)
        assert made.status_code == 201, made.text
        gone = self.stack.http.delete(f"/v1/api-keys/{made.json()['id']}", headers=authorization)
        assert gone.status_code == 204, gone.text
        return str(made.json()["secret"])

    def _claims(self, tenant: Tenant, *, expired: bool) -> dict[str, str | int]:
        token = self.stack.token(tenant).split(".")[1]
        claims: dict[str, str | int] = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        claims["exp"] = int(time.time()) + (-HOUR if expired else HOUR)
        return claims

    def _signed(self, *, expired: bool) -> str:
        """A well-made token under a key that is not ours."""
        return jwt.encode(
            {"alg": "ES256", "kid": "forged"}, self._claims(self.own, expired=expired), ECKey.generate_key()
        )

    def _unsigned(self) -> str:
        parts = ({"alg": "none", "typ": "at+jwt"}, self._claims(self.own, expired=False))
        texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
        return ".".join([*texts, ""])
