"""The scopes of the platform, and who may hand out which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.kernel.errors import DomainError, FieldFault

SCOPES = (
    "bills:read",
    "bills:write",
    "directory:read",
    "directory:write",
    "extraction:read",
    "extraction:write",
    "insurance:read",
    "insurance:write",
    "keys:read",
    "keys:write",
    "letters:read",
    "letters:write",
    "pricing:read",
    "reviews:read",
    "reviews:write",
    "usage:read",
    "webhooks:read",
    "webhooks:write",
)


def check_known(scopes: Sequence[str], field: str = "scopes") -> None:
    """Refuses scopes that the platform does not have, naming each by its place."""
    faults = [
        FieldFault(f"{field}[{place}]", "unknown_scope", "must be a scope that the documentation lists")
        for place, scope in enumerate(scopes)
        if scope not in SCOPES
    ]
    if faults:
        raise DomainError("INVALID_REQUEST", faults=faults)


def check_held(scopes: Sequence[str], held: Iterable[str]) -> None:
    """Nobody hands out more than they hold: else one narrow key could make itself a broad one."""
    own = frozenset(held)
    faults = [
        FieldFault(f"scopes[{place}]", "scope_not_held", "must be a scope that your own credentials hold")
        for place, scope in enumerate(scopes)
        if scope not in own
    ]
    if faults:
        raise DomainError(
            "PERMISSION_DENIED", "An API key carries only scopes that its maker holds.", faults=faults
        )
