"""Which assignments of combined carriers would stand in each other's way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Assigned:
    """One carrier-level assignment that is not archived."""

    id: Any
    place: Any
    """Location and kind: what rows of one carrier must share to be in each other's way."""
    start: date
    end: date | None
    """Inclusive; None: open."""

    def overlaps(self, other: Assigned) -> bool:
        """Whether both hold on some day at the same place."""
        return (
            self.place == other.place
            and (other.end is None or self.start <= other.end)
            and (self.end is None or other.start <= self.end)
        )


def surplus(kept: Iterable[Assigned], moving: Iterable[Assigned]) -> set[Any]:
    """Ids of the moving ones that cannot move: those of the target stay, then first come, first served."""
    standing: dict[Any, list[Assigned]] = {}
    for assigned in kept:
        standing.setdefault(assigned.place, []).append(assigned)
    dropped = set()
    for assigned in moving:
        others = standing.setdefault(assigned.place, [])
        if any(assigned.overlaps(other) for other in others):
            dropped.add(assigned.id)
        else:
            others.append(assigned)
    return dropped


def assigned_of(row: Mapping[Any, Any]) -> Assigned:
    """A stored row, as the rule sees it."""
    place = (row["location_uuid"], row["assignment_kind"])
    return Assigned(row["id"], place, row["effective_start"], row["effective_end"])
