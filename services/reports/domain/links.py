"""Links to reports: secrets that cannot be guessed, are not stored, expire, and can be revoked.

A token is the HMAC of review id and serial, so the owner of a review can be shown its link again while
the database holds only the token's digest. A new link has a new serial; the old one stops working.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

KEY_PURPOSE = "report links"
"""What the key is derived from the master key for; see `kernel.seal.derive`."""

FIRST_SERIAL = 1

Form = Literal["html", "svg", "pdf"]

_ADDRESS = re.compile(r"(?P<token>[A-Za-z0-9_-]{43})(?:\.(?P<form>svg|pdf))?")


@dataclass(frozen=True, slots=True)
class Address:
    """What the last part of a report's path asks for."""

    token: str
    form: Form


def token_for(key: bytes, review_id: str, serial: int) -> str:
    """The secret of a review's link: 256 bits in 43 characters that need no escaping in a URL."""
    secret = hmac.digest(key, f"{review_id}\n{serial}".encode(), "sha256")
    return base64.urlsafe_b64encode(secret).rstrip(b"=").decode()


def digest_of(token: str) -> bytes:
    """What the database knows of a token. A secret of 256 random bits needs no salt."""
    return hashlib.sha256(token.encode()).digest()


def url_of(public_url: str, token: str) -> str:
    """Where the report can be read."""
    return f"{public_url}/r/{token}"


def address(text: str) -> Address | None:
    """Token and form, or None for what can never have been a link."""
    found = _ADDRESS.fullmatch(text)
    if found is None:
        return None
    forms: dict[str | None, Form] = {None: "html", "svg": "svg", "pdf": "pdf"}
    return Address(found["token"], forms[found["form"]])


def is_open(expires_at: datetime | None, revoked_at: datetime | None, now: datetime) -> bool:
    """Whether the link works at this moment. A link that was never given an end was never made."""
    return revoked_at is None and expires_at is not None and now < expires_at
