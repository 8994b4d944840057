"""The permitted shape of the CSV tables and of the source file beside each of them.

Relative values are checked when loaded, row by row, but become records only when asked for:
a full edition has 20,000 rows and a review touches a dozen. The columns are ours; a practice
expense cell is a number with an `NA` flag beside it, as the publisher prints it.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from services.jurisdictions.model import Citation, Confidence, Locality, RelativeValue, Service
from services.jurisdictions.reading import (
    At,
    Span,
    confidence,
    day,
    matching,
    members,
    no_overlap,
    sequence,
    span,
    text,
    url,
)

RATE_COLUMNS: Final = (
    "code,mod,status,work_rvu,pe_nonfac_rvu,pe_nonfac_na,pe_fac_rvu,pe_fac_na,mp_rvu,pctc,"
    "global_days,mult_proc,bilateral,asst_surg,co_surg,team_surg,endo_base,img_family,"
    "opps_cap_pe_nonfac,opps_cap_pe_fac,opps_cap_mp"
)
GPCI_COLUMNS: Final = "mac,locality,state,work_gpci,pe_gpci,mp_gpci,locality_name"
ZIP_COLUMNS: Final = "first_zip,last_zip,state,locality,needs_plus4"
PLACE_COLUMNS: Final = "pos,setting,name"
SERVICE_COLUMNS: Final = "code,section,plain_words"

_RVU = r"[0-9]{1,5}\.[0-9]{2}"
_RATE_ROW: Final = re.compile(
    # Not only real codes: CMS lists a placeholder GXXX1.
    r"([A-Z0-9]{5}),(26|TC|53|),([A-Z]),"
    rf"({_RVU}),({_RVU}),(NA|),({_RVU}),(NA|),({_RVU}),"
    r"([0-9]),([0-9]{3}|MMM|XXX|YYY|ZZZ),([0-9]),([0-9]),([0-9]),([0-9]),([0-9]),"
    rf"([A-Z0-9]{{5}}|),([0-9]{{2}}|),({_RVU}),({_RVU}),({_RVU})"
)
_GPCI_ROW: Final = re.compile(
    r"([0-9]{5}),([0-9]{2}),([A-Z]{2}),([0-9]\.[0-9]{3}),([0-9]\.[0-9]{3}),([0-9]\.[0-9]{3}),(.+)"
)
_ZIP_ROW: Final = re.compile(r"([0-9]{5}),([0-9]{5}),([A-Z]{2}),([0-9]{5}-[0-9]{2}),([01])")
_PLACE_ROW: Final = re.compile(r"([0-9]{2}),(facility|nonfacility),(.+)")
_NAME_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SERVICE_ROW: Final = re.compile(r"([A-Z0-9][0-9]{3}[A-Z0-9]),([a-z][a-z0-9_]*),(.+)")


@dataclass(frozen=True, slots=True)
class Source:
    """The `.source.yaml` beside a table: who says so, and for which service dates."""

    title: str
    section: str
    url: str
    in_force: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class RateTable:
    """One edition of relative values during one span; records are built when first asked for."""

    citation: Citation
    rows: Mapping[tuple[str, str], tuple[str, ...]]
    codes: frozenset[str]
    built: dict[tuple[str, str], RelativeValue] = field(default_factory=dict)

    def find(self, code: str, modifier: str) -> RelativeValue | None:
        """The row of a code and modifier."""
        key = (code, modifier)
        found = self.built.get(key)
        if found is None and (row := self.rows.get(key)) is not None:
            found = self.built[key] = _relative_value(row, self.citation)
        return found


@dataclass(frozen=True, slots=True)
class LocalityTable:
    """One edition of geographic indices during one span."""

    citation: Citation
    by_id: Mapping[str, Locality]


@dataclass(frozen=True, slots=True)
class ZipTable:
    """One edition of ZIP ranges during one span, sorted, without gaps inside a range."""

    citation: Citation
    first: tuple[str, ...]
    ranges: tuple[tuple[str, str, str, bool], ...]
    """Last ZIP, state, locality, and whether only ZIP+4 can tell."""

    def find(self, zip5: str) -> tuple[str, str, bool] | None:
        """State, locality and the ZIP+4 flag of an assigned ZIP code."""
        at = bisect_right(self.first, zip5) - 1
        if at < 0 or len(zip5) != len(self.first[at]):
            return None
        last, state, locality, needs_plus4 = self.ranges[at]
        return (state, locality, needs_plus4) if zip5 <= last else None


def source(file: str, raw: object, table: bytes, *, dated: bool) -> Source:
    """A source file; the hash in it must be the one of the table beside it."""
    at = At(file)
    required = ("title", "section", "authority", "url", "retrieved", "sha256")
    got = members(at, raw, (*required, "in_force") if dated else required, ("note",))
    day(at / "retrieved", got["retrieved"])
    text(at / "authority", got["authority"])
    actual = hashlib.sha256(table).hexdigest()
    if got["sha256"] != actual:
        raise (at / "sha256").bad(f"expected {actual}, the hash of the table beside it")
    title, section, address = (
        text(at / "title", got["title"]),
        text(at / "section", got["section"]),
        url(at / "url", got["url"]),
    )
    listed = sequence(at / "in_force", got["in_force"]) if dated else []
    windows = tuple(
        _window(at / "in_force" / i, item, (title, section, address)) for i, item in enumerate(listed)
    )
    no_overlap(
        at / "in_force",
        [(at / "in_force" / i, _span_of(window)) for i, window in enumerate(windows)],
    )
    return Source(title, section, address, windows)


def _window(at: At, raw: object, cited: tuple[str, str, str]) -> Citation:
    got: Mapping[str, Any] = members(at, raw, ("from", "to", "confidence"), ("note",))
    when = span(at, got)
    sure = confidence(at / "confidence", got["confidence"])
    note = text(at / "note", got["note"]) if "note" in got else ""
    if sure is not Confidence.OFFICIAL and not note:
        raise (at / "note").bad("is missing; a window that is not official says why it holds")
    return Citation(*cited, when.start, when.end, sure, note)


def _span_of(citation: Citation) -> Span:
    return Span(citation.effective_from, citation.effective_to)


def _rows(file: str, content: bytes, columns: str, row: re.Pattern[str]) -> list[re.Match[str]]:
    """Every row matched; the header must be exactly the documented one."""
    lines = content.decode("utf-8", "replace").splitlines()
    if not lines or lines[0] != columns:
        raise At(file, "header").bad(f"expected {columns}")
    found = []
    for number, line in enumerate(lines[1:], start=2):
        match = row.fullmatch(line)
        if match is None:
            raise At(file, f"line {number}").bad(f"expected {columns} as {row.pattern}")
        found.append(match)
    return found


def rates(file: str, content: bytes) -> dict[tuple[str, str], tuple[str, ...]]:
    """`rates/<date>.csv`: relative values by code and modifier."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for number, match in enumerate(_rows(file, content, RATE_COLUMNS, _RATE_ROW), start=2):
        row = match.groups()
        if (row[0], row[1]) in found:
            raise At(file, f"line {number}").bad(f"{row[0]} {row[1]} is listed twice".rstrip())
        found[(row[0], row[1])] = row
    return found


def _relative_value(row: Sequence[str], citation: Citation) -> RelativeValue:
    nonfacility, facility = Decimal(row[4]), Decimal(row[6])
    return RelativeValue(
        code=row[0],
        modifier=row[1],
        status=row[2],
        work=Decimal(row[3]),
        pe_nonfacility=None if row[5] else nonfacility,
        pe_facility=None if row[7] else facility,
        malpractice=Decimal(row[8]),
        pctc=row[9],
        global_days=row[10],
        multiple_procedure=row[11],
        bilateral=row[12],
        assistant_surgeon=row[13],
        co_surgeon=row[14],
        team_surgeon=row[15],
        endoscopic_base=row[16],
        imaging_family=row[17],
        opps_cap_pe_nonfacility=Decimal(row[18]),
        opps_cap_pe_facility=Decimal(row[19]),
        opps_cap_malpractice=Decimal(row[20]),
        citation=citation,
        pe_nonfacility_printed=nonfacility,
        pe_facility_printed=facility,
    )


def localities(file: str, content: bytes, citation: Citation) -> LocalityTable:
    """`gpci/<date>.csv`: geographic indices by contractor and locality."""
    found: dict[str, Locality] = {}
    for number, match in enumerate(_rows(file, content, GPCI_COLUMNS, _GPCI_ROW), start=2):
        mac, locality, state, work, pe, mp, name = match.groups()
        id_ = f"{mac}-{locality}"
        if id_ in found:
            raise At(file, f"line {number}").bad(f"{id_} is listed twice")
        found[id_] = Locality(id_, name, state, Decimal(work), Decimal(pe), Decimal(mp), citation)
    return LocalityTable(citation, found)


def zips(file: str, content: bytes) -> tuple[tuple[str, ...], tuple[tuple[str, str, str, bool], ...]]:
    """`localities/<date>.csv`: ranges of assigned ZIP codes, in order, none inside another."""
    first: list[str] = []
    ranges: list[tuple[str, str, str, bool]] = []
    for number, match in enumerate(_rows(file, content, ZIP_COLUMNS, _ZIP_ROW), start=2):
        start, last, state, locality, flag = match.groups()
        if last < start or (ranges and start <= ranges[-1][0]):
            raise At(file, f"line {number}").bad("expected ranges in order, none inside another")
        first.append(start)
        ranges.append((last, state, locality, flag == "1"))
    return tuple(first), tuple(ranges)


def places(file: str, content: bytes) -> dict[str, str]:
    """`place_of_service.csv`: facility or nonfacility by place of service code."""
    found: dict[str, str] = {}
    for match in _rows(file, content, PLACE_COLUMNS, _PLACE_ROW):
        if match[1] in found:
            raise At(file, match[1]).bad("is listed twice")
        found[match[1]] = match[2]
    return found


def services(file: str, content: bytes) -> dict[str, Service]:
    """`services.csv`: the starter codes in our own plain words."""
    found: dict[str, Service] = {}
    for match in _rows(file, content, SERVICE_COLUMNS, _SERVICE_ROW):
        if match[1] in found:
            raise At(file, match[1]).bad("is listed twice")
        found[match[1]] = Service(match[1], match[2], match[3])
    return found


def edition_date(file: str) -> date:
    """The date in a table's file name, which is when the edition took effect."""
    name = file.rsplit("/", 1)[-1].removesuffix(".csv")
    return day(At(file, "file name"), matching(At(file, "file name"), name, _NAME_DATE, "a date"))
