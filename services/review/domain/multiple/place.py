"""At which place a line stands among the procedures of its family on its day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from services.jurisdictions.model import RelativeValue


@dataclass(frozen=True, slots=True)
class Ranked:
    """Surgery: the rank of each unit of the line, from 0."""

    ranks: tuple[int, ...]
    base: RelativeValue | None = None
    """The base procedure of an endoscopy, whose amount was paid with a dearer one of its family."""


@dataclass(frozen=True, slots=True)
class Reduced:
    """Therapy: how many of the line's units have their practice expense reduced."""

    units: int


class Part(NamedTuple):
    """A part of a diagnostic test: the row it is paid by, and its own amount."""

    row: RelativeValue
    amount: Decimal


@dataclass(frozen=True, slots=True)
class InParts:
    """Diagnostic tests: the parts of the line that are reduced."""

    reduced: Mapping[str, Part]


@dataclass(frozen=True, slots=True)
class NotPriced:
    """A family without a rule here."""

    family: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Another line of the family is held, so this line's rank is not known yet."""


Place = Ranked | Reduced | InParts | NotPriced | Waiting
