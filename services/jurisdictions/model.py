"""What rule data looks like in memory: values, citations, relative values, localities, programs.

Plain frozen records, built once at start by `rulebook` and shared by every thread. Nothing
here reads files, prices a line, or knows of gRPC or SQL.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


class Confidence(enum.StrEnum):
    """How a figure came to us. A live tenant is never priced with a recalled one."""

    OFFICIAL = "official"
    """Read in the agency's own text or file."""
    SECONDARY = "secondary"
    """Read in another publication that quotes or tabulates it."""
    RECALLED = "recalled"
    """Known from memory or chained from other figures; not read anywhere."""


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a figure or rule was read, and the span of service dates it covers."""

    title: str
    section: str
    url: str
    effective_from: date
    effective_to: date | None
    confidence: Confidence
    note: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """One dated figure of one jurisdiction, e.g. a conversion factor."""

    key: str
    """`<folder>:<name>`, e.g. `tx:conversion_factor.office`."""
    amount: Decimal
    unit: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class RelativeValue:
    """One row of a relative value table, for one code and modifier (26, TC, 53 or none).

    RVUs are in relative value units; a practice expense that the publisher marks as not
    applicable in a setting is None. The indicators are the publisher's own codes.
    """

    code: str
    modifier: str
    status: str
    work: Decimal
    pe_nonfacility: Decimal | None
    pe_facility: Decimal | None
    malpractice: Decimal
    pctc: str
    global_days: str
    pre_operative: Decimal
    """Share of the amount before the operation, in it, and after it; all 0 where nothing is split."""
    intra_operative: Decimal
    post_operative: Decimal
    multiple_procedure: str
    bilateral: str
    assistant_surgeon: str
    co_surgeon: str
    team_surgeon: str
    endoscopic_base: str
    imaging_family: str
    opps_cap_pe_nonfacility: Decimal
    opps_cap_pe_facility: Decimal
    opps_cap_malpractice: Decimal
    citation: Citation
    pe_nonfacility_printed: Decimal = Decimal(0)
    """The practice expense the publisher prints beside the mark "not applicable", if any.

    CMS prints amounts for such cells, and states that publish their own tables pay them."""
    pe_facility_printed: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Locality:
    """A Medicare payment locality with its geographic indices.

    `id` is `MAC-LL` (contractor number and two-digit locality, e.g. `01112-05`), or
    `NATIONAL` with all indices 1.
    """

    id: str
    name: str
    state: str
    work_gpci: Decimal
    pe_gpci: Decimal
    mp_gpci: Decimal
    citation: Citation


@dataclass(frozen=True, slots=True)
class Service:
    """A code of the starter schedule in our own plain words (never a licensed descriptor)."""

    code: str
    section: str
    plain_words: str


@dataclass(frozen=True, slots=True)
class StepSpec:
    """One step of a program: the rule's file name, its parameters, and the paragraph it follows."""

    step: str
    params: Mapping[str, str]
    citation: Citation | None
    """None only for the caller's own contract terms, which no program lists."""


@dataclass(frozen=True, slots=True)
class Program:
    """The steps, in order, that price one bill type in one jurisdiction over a span of dates."""

    jurisdiction: str
    bill_type: str
    effective_from: date
    effective_to: date | None
    steps: tuple[StepSpec, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What we cover in one jurisdiction, since which date of service, and checked against what."""

    covered: bool
    bill_types: tuple[str, ...]
    since: date | None
    verified_against: str
    reason: str
    """Where nothing is covered: why, as one plain sentence."""


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """Identity and honest coverage of one jurisdiction, as `GET /v1/jurisdictions` shows it."""

    code: str
    name: str
    folder: str
    fee_schedule: str
    authority: str
    basis: str
    programs: tuple[Program, ...]
    values: tuple[Value, ...]
    missing: tuple[str, ...]
    """What is known to be missing, as plain sentences."""
    coverage: Coverage | None = None
