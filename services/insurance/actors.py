"""Who wrote: credentials, as the UUIDs that the insurance routes print."""

from __future__ import annotations

from uuid import UUID, uuid5

from services.kernel.call import Call

_ACTORS = UUID("6f0c0f4e-9a55-5d0a-8e57-1b8a4e0d3c11")


def actor_uuid(org_id: str, actor: str) -> UUID:
    """The same credential of an organization has always the same UUID; nothing needs to be stored."""
    return uuid5(_ACTORS, f"{org_id}/{actor}")


def caller_uuid(call: Call) -> UUID:
    """The UUID of who calls."""
    return actor_uuid(call.caller.tenant.org_id, call.caller.actor)
