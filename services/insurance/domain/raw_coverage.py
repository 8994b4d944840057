"""A coverage row as another system wrote it: free members under a few names, read as far as they can be."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

SELF = "self"
RELATIONSHIPS = {
    **{name: name for name in (SELF, "spouse", "child", "other")},
    "18": SELF,
    "01": "spouse",
    "19": "child",
    "g8": "other",
}
"""By name, or by the code of the eligibility and claim transactions."""
COVERAGE_TYPES = frozenset({"dental", "medical", "vision"})
_DATES = (
    re.compile(r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)(T.*)?", re.ASCII),
    re.compile(r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)", re.ASCII),
    re.compile(r"(?P<m>\d\d?)/(?P<d>\d\d?)/(?P<y>\d{4})", re.ASCII),
)


@dataclass(frozen=True, slots=True)
class RawCoverage:
    """What a row says; texts are empty where it says nothing."""

    carrier_name: str
    electronic_id: str
    group_number: str
    group_name: str
    subscriber_id_number: str
    subscriber_first_name: str
    subscriber_last_name: str
    subscriber_dob: str
    relationship: str
    date_effective: str
    date_term: str
    coverage_type: str
    source_ref: str

    @property
    def names_a_subscriber(self) -> bool:
        """Whether it says anything about who the subscriber is."""
        return bool(self.subscriber_first_name or self.subscriber_last_name or self.subscriber_dob)

    @property
    def relationship_to_subscriber(self) -> str:
        """What the patient is to the subscriber, in our words; empty when it does not say."""
        return RELATIONSHIPS.get(self.relationship.casefold(), "")


_NAMES = {
    "carrier_name": ("carrier_name", "payer_name", "carrier"),
    "electronic_id": ("electronic_id", "payer_id"),
    "group_number": ("group_number",),
    "group_name": ("group_name", "employer"),
    "subscriber_id_number": ("subscriber_id_number", "subscriber_id", "member_id"),
    "subscriber_first_name": ("subscriber_first_name",),
    "subscriber_last_name": ("subscriber_last_name",),
    "subscriber_dob": ("subscriber_dob",),
    "relationship": ("relationship_to_subscriber", "relationship"),
    "date_effective": ("date_effective",),
    "date_term": ("date_term",),
    "coverage_type": ("coverage_type",),
    "source_ref": ("source_ref", "external_id"),
}


def read(row: Mapping[str, Any]) -> RawCoverage:
    """Of several names for one thing, the first that says something counts."""
    return RawCoverage(
        **{
            field: next(filter(None, (_text(row.get(name)) for name in names)), "")
            for field, names in _NAMES.items()
        }
    )


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return str(int(value)) if value == int(value) else str(value)
    return ""


def day(text: str) -> date | None:
    """A date as 2026-01-31, 20260131 or 1/31/2026; None when it is none of them."""
    for pattern in _DATES:
        found = pattern.fullmatch(text)
        if found:
            try:
                return date(int(found["y"]), int(found["m"]), int(found["d"]))
            except ValueError:
                return None
    return None


def storable(value: Any) -> bool:
    """Whether the database can keep it as JSON: no NUL in any text."""
    if isinstance(value, Mapping):
        return all(storable(name) and storable(member) for name, member in value.items())
    if isinstance(value, list):
        return all(map(storable, value))
    return not isinstance(value, str) or "\x00" not in value
