"""What an estimate is made from, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.insurance.domain.benefits import Row
from services.kernel.money import ZERO

IN_NETWORK = frozenset({"ppo_percentage", "ppo_fixed_benefit", "capitation"})
"""Plan types whose contract takes the difference to the usual fee off."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure came from: a kind of record and its id; `request` has none."""

    kind: str
    id: UUID | None = None


REQUEST = Source("request")
SETTINGS = Source("settings")
RULE = Source("rule")


@dataclass(frozen=True, slots=True)
class Figure:
    """An amount with its origin, and how it was found."""

    amount: Decimal
    source: Source
    how: str


@dataclass(frozen=True, slots=True)
class Code:
    """A procedure code and the coverage categories that hold it, in order."""

    id: UUID
    text: str
    categories: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """Something done before, for frequency limits."""

    code: Code
    day: date


@dataclass(frozen=True, slots=True)
class Procedure:
    """One procedure that is planned."""

    code: Code
    day: date
    age: int | None = None
    fee: Decimal | None = None
    tooth: str = ""
    usual: Figure | None = None
    """The usual fee of the location."""
    location: UUID | None = None
    provider: UUID | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """One of the patient's plans with what holds for the patient."""

    id: UUID
    plan: UUID
    plan_type: str
    cob_rule: str
    rows: tuple[Row, ...] = ()
    substitution: str = "none"
    year_start_month: int = 1
    effective: date | None = None
    ended: date | None = None
    used: Mapping[str, Decimal] = field(default_factory=dict)
    """By benefit type, what was used in the benefit year of the estimate."""
    subscription: UUID | None = None
    carrier: UUID | None = None
    schedule: UUID | None = None
    """The fee schedule of the patient plan itself, which goes before assignments."""

    @property
    def source(self) -> Source:
        """The plan, as what a figure came from."""
        return Source("plan", self.plan)


@dataclass(frozen=True, slots=True)
class Settings:
    """The organization's settings that change amounts."""

    include_write_off: bool = True
    write_off_method: str = "lesser_of_ucr_fee"
    writeoff_on_exclusion: bool = False
    writeoff_on_frequency_limit: bool = False
    writeoff_on_max_reached: bool = False
    allow_fee_exceed_ucr: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """What the reader looks up: the fee of a plan for a code, its copay, and codes by their text."""

    plan_fee: Callable[[Coverage, Procedure, UUID], Figure | None]
    copay: Callable[[Coverage, Procedure], Figure | None]
    codes: Mapping[str, Code]
    codes_by_id: Mapping[UUID, Code]


@dataclass(frozen=True, slots=True)
class Step:
    """Where one number came from. `arithmetic`, where there is any, works out to the amount."""

    rule: str
    source: Source
    note: str
    amount: Decimal | None = None
    arithmetic: str = ""
    coverage: UUID | None = None


@dataclass(slots=True)
class Share:
    """What one plan makes of one procedure."""

    coverage: UUID
    order: int
    in_network: bool
    plan_fee: Decimal = ZERO
    allowed: Decimal = ZERO
    percent: int | None = None
    copay: Decimal = ZERO
    deductible: Decimal = ZERO
    alone: Decimal = ZERO
    """What it would pay if it were the only plan."""
    payment: Decimal = ZERO
    write_off: Decimal = ZERO
    paid_as: str = ""
    """The cheaper code it pays for instead."""
    reason: str = ""
    """Why it pays nothing or less: `exclusion`, `waiting_period`, `frequency_limit`, …"""


@dataclass(slots=True)
class Line:
    """The estimate of one procedure. `missing` names what a person must look at before relying on it."""

    procedure: Procedure
    fee: Decimal = ZERO
    insurance: Decimal = ZERO
    write_off: Decimal = ZERO
    patient: Decimal = ZERO
    shares: list[Share] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def say(
        self,
        rule: str,
        source: Source,
        note: str,
        amount: Decimal | None = None,
        arithmetic: str = "",
        coverage: Coverage | None = None,
    ) -> None:
        """One more step of the trace."""
        whose = coverage.id if coverage else None
        self.steps.append(Step(rule, source, note, amount, arithmetic, whose))
