"""Who did the operation: the surgeon, or the role that a modifier names."""

from __future__ import annotations

from collections.abc import Mapping

from services.review.domain.bill import Line

SURGEON = "surgeon"
ASSISTANT = "assistant at surgery"
NONPHYSICIAN = "assistant at surgery who is not a physician"
CO_SURGEON = "co-surgeon"
TEAM = "member of a surgical team"

ROLES: Mapping[str, str] = {
    "80": ASSISTANT, "81": ASSISTANT, "82": ASSISTANT, "AS": NONPHYSICIAN, "62": CO_SURGEON, "66": TEAM,
}  # fmt: skip


def role_modifiers(line: Line) -> list[str]:
    """The modifiers of the line that name a role."""
    return [modifier for modifier in line.modifiers if modifier in ROLES]


def role(line: Line) -> str:
    """The role of the line's provider; the first one named where several are."""
    return next((ROLES[modifier] for modifier in role_modifiers(line)), SURGEON)
