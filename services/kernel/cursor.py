"""Page tokens: opaque, signed, bound to the tenant and the filter they were made for."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

from services.kernel.db import Tenant
from services.kernel.errors import DomainError, FieldFault
from services.kernel.seal import derive

_MAC_BYTES = 16


class Cursors:
    """Makes and opens page tokens under a key of the platform."""

    def __init__(self, master_key: bytes) -> None:
        self._key = derive(master_key, "page tokens")

    def scope(self, tenant: Tenant, resource: str, filters: Sequence[tuple[str, str]]) -> bytes:
        """What a token is good for: one tenant's list of one resource under one filter."""
        text = repr((tenant.org_id, tenant.livemode, resource, sorted(filters)))
        return hashlib.sha256(text.encode()).digest()

    def token(self, position: str, scope: bytes) -> str:
        """A token for the rows behind `position`, the sort key of the last row shown."""
        body = position.encode()
        return base64.urlsafe_b64encode(self._mac(body, scope) + body).rstrip(b"=").decode()

    def open(self, token: str, scope: bytes) -> str:
        """The position of a token, empty for no token. INVALID_REQUEST for any other's token."""
        if not token:
            return ""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
            if hmac.compare_digest(mac, self._mac(body, scope)):
                return body.decode()
        except ValueError:
            pass
        must = "must be the next_page_token of the same list, with the same filters"
        raise DomainError("INVALID_REQUEST", faults=[FieldFault("page_token", "page_token", must)])

    def _mac(self, body: bytes, scope: bytes) -> bytes:
        return hmac.digest(self._key, scope + body, "sha256")[:_MAC_BYTES]
