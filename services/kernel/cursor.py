"""Page tokens: opaque, signed, bound to the tenant, the method and the filters they were made for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message

from services.kernel.call import Call
from services.kernel.errors import DomainError, FieldFault

_SIGNATURE_BYTES = 16
_FAULT = FieldFault(
    "page_token", "page_token", "must be the next_page_token of the page before, with the same filters"
)


def token_for(place: Sequence[Any], request: Message, call: Call) -> str:
    """A token for the rows behind `place`: the sort keys of the last row shown, as JSON holds them."""
    payload = json.dumps(list(place), separators=(",", ":")).encode()
    signature = _signature(payload, request, call)
    return base64.urlsafe_b64encode(signature + payload).rstrip(b"=").decode()


def place_of(request: Message, call: Call) -> list[Any] | None:
    """The place that the request's `page_token` stands for; None for the first page.

    INVALID_REQUEST for a token that was made for another list, or by somebody else.
    """
    token: str = getattr(request, "page_token", "")
    if not token:
        return None
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise DomainError("INVALID_REQUEST", faults=[_FAULT]) from None
    signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(payload, request, call)):
        raise DomainError("INVALID_REQUEST", faults=[_FAULT])
    place: list[Any] = json.loads(payload)
    return place


def _signature(payload: bytes, request: Message, call: Call) -> bytes:
    return hmac.digest(call.cursor_key, _binding(request, call) + payload, "sha256")[:_SIGNATURE_BYTES]


def _binding(request: Message, call: Call) -> bytes:
    """Tenant, method and filters: a token must not be carried over to another list."""
    filters = type(request)()
    filters.CopyFrom(request)
    for name in ("page_token", "page_size"):
        if name in filters.DESCRIPTOR.fields_by_name:
            filters.ClearField(name)
    tenant = call.caller.tenant
    text = f"{tenant.org_id}/{tenant.livemode}/{call.policy.full_name}/".encode()
    return hashlib.sha256(text + filters.SerializeToString(deterministic=True)).digest()
