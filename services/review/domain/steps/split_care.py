"""The care of an operation split between providers: the surgeon (54), the care after (55), before (56).

The shares of the row say what part of the amount is for the care before, in and after the operation. The
surgeon who leaves the care after it to another is paid the rest. Modifiers 55 and 56 print their share and
go to a person: the days of care, and whether the surgeon's bill holds the care before, are not on the bill.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from services.jurisdictions.model import RelativeValue
from services.kernel.money import round_cents
from services.review.domain.roles import role_modifiers
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"
SURGEON_ONLY, AFTER, BEFORE = "54", "55", "56"
MODIFIERS = (SURGEON_ONLY, AFTER, BEFORE)
OF_ANOTHER = ("B20", "Another provider gives a part of the care that belongs to the operation.")
MISSING = {
    AFTER: "Modifier 55 is paid by the days of care after the operation: the dates on which the care was"
    " taken over and given up are missing.",
    BEFORE: "Modifier 56: whether the surgeon's own bill already holds the care before the operation must be"
    " judged by a person.",
}


def apply(work: LineWork, _params: Mapping[str, str]) -> None:
    row, named = work.row, [modifier for modifier in MODIFIERS if modifier in work.line.modifiers]
    if row is None or work.amount is None or not named:
        return
    if len(named) > 1 or role_modifiers(work.line) or "78" in work.line.modifiers:
        work.hold(f"Modifier {named[0]} beside the line's other modifiers must be judged by a person.")
        return
    if not row.intra_operative:
        work.hold(f"Code {row.code} has no care that could be split; modifier {named[0]} must be confirmed.")
        return
    whole = work.amount
    share = sum(_shares(work, row, named[0]))
    work.set_amount("amount x sum of the shares", round_cents(whole * share, ROUNDING), ROUNDING)
    if named[0] in MISSING:
        work.hold(MISSING[named[0]])
        return
    work.reductions.append((*OF_ANOTHER, whole - work.amount))


def _shares(work: LineWork, row: RelativeValue, modifier: str) -> list[Decimal]:
    shares = {
        SURGEON_ONLY: {"pre_operative": row.pre_operative, "intra_operative": row.intra_operative},
        AFTER: {"post_operative": row.post_operative},
        BEFORE: {"pre_operative": row.pre_operative},
    }[modifier]
    for name, share in shares.items():
        work.figure(name, share, "share", row.citation)
    return list(shares.values())
