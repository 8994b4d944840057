"""Indicator 3, endoscopy: the dearest of a family in full, every other less the amount of the base code.

The base code itself, billed beside its family, is worth nothing. Where a procedure of such a family is
billed twice, on both sides, or as more than its plain rate, nothing is ranked and a person decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.jurisdictions.model import RelativeValue
from services.kernel.money import ZERO
from services.review.domain.multiple.amounts import is_plain, of_row
from services.review.domain.ranking import dearest_first
from services.review.domain.work import LineWork

ENDOSCOPY = "3"


@dataclass(frozen=True, slots=True)
class Family:
    """Several endoscopies of one family on one day."""

    base: RelativeValue
    dearest: LineWork
    lowered: tuple[LineWork, ...]
    total: Decimal


def families(procedures: Sequence[LineWork]) -> list[Family] | None:
    """The families of several; None when one of them cannot be priced."""
    found = []
    for base, members in _by_base(procedures).items():
        if len(members) == 1:
            if members[0].line.units > 1 and not members[0].units_priced:
                return None
            continue
        family = _family(base, members)
        if family is None:
            return None
        found.append(family)
    return found


def _by_base(procedures: Sequence[LineWork]) -> dict[str, list[LineWork]]:
    """Endoscopies by the code of their base, with the lines that bill the base itself."""
    found: dict[str, list[LineWork]] = {}
    for work in procedures:
        if work.row is not None and work.row.multiple_procedure == ENDOSCOPY:
            found.setdefault(_base_code(work.row), []).append(work)
    for work in procedures:
        members = found.get(work.line.code)
        if members is not None and work not in members:
            members.append(work)
    return found


def _base_code(row: RelativeValue) -> str:
    return row.endoscopic_base or row.code


def _family(code: str, members: Sequence[LineWork]) -> Family | None:
    first = members[0]
    base = first.book.relative_value(first.table, code, "", first.table_on)
    codes = {work.line.code for work in members}
    if (
        base is None
        or base.opps_cap_pe_nonfacility
        or base.opps_cap_pe_facility
        or len(codes) < len(members)
        or not _own(members, code)
    ):
        return None
    amounts = [of_row(work, base) for work in members]
    if not all(amounts) or not all(is_plain(work) and _is_whole(work) for work in members):
        return None
    order = sorted((work for work in members if work.line.code != code), key=dearest_first)
    dearest = order[0]
    lowered = tuple([work for work in members if work is not dearest])
    total = (dearest.amount or ZERO) + sum((_worth(work, base) for work in lowered), ZERO)
    return Family(base, dearest, lowered, total)


def _is_whole(work: LineWork) -> bool:
    """Not a part of a procedure, as a discontinued one is."""
    return work.row is not None and not work.row.modifier


def _own(members: Sequence[LineWork], code: str) -> bool:
    """Whether no member belongs to another family too."""
    rows = [work.row for work in members if work.row is not None]
    return all(_base_code(row) == code for row in rows if row.multiple_procedure == ENDOSCOPY)


def _worth(work: LineWork, base: RelativeValue) -> Decimal:
    return max((work.amount or ZERO) - (of_row(work, base) or ZERO), ZERO)
