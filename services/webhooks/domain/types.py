"""The types of events, and the message that tells a receiver of one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from services.kernel.clock import rfc3339
from services.kernel.errors import DomainError, FieldFault

ALL = "*"
PING = "webhook.ping"
DISABLED = "webhook_endpoint.disabled"
TYPES = (
    "audit.completed",
    "audit.failed",
    "bill.created",
    "letter.ready",
    "review.completed",
    DISABLED,
)
"""What an endpoint may subscribe to. A ping goes to the endpoint it is for, whatever that subscribes to."""


def check_known(types: Sequence[str]) -> None:
    """Refuses types that there are not, naming each by its place."""
    must = f"must be {ALL} or one of {', '.join(TYPES)}"
    faults = [
        FieldFault(f"event_types[{place}]", "unknown_event_type", must)
        for place, name in enumerate(types)
        if name not in (ALL, *TYPES)
    ]
    if faults:
        raise DomainError("INVALID_REQUEST", faults=faults)


def body_of(event_id: str, kind: str, moment: datetime, data: Mapping[str, str], *, livemode: bool) -> bytes:
    """The message: the same bytes at every attempt, since they follow from the event alone."""
    message = {
        "id": event_id,
        "type": kind,
        "timestamp": rfc3339(moment),
        "livemode": livemode,
        "data": dict(sorted(data.items())),
    }
    return json.dumps(message, separators=(",", ":")).encode()
