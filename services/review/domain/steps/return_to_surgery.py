"""An unplanned return to the operating room (78) is paid the share for the operation itself.

The care before and after it is paid with the first operation. Procedures without such shares are paid in
full. Several procedures on the day of the return, and modifiers that split or share the surgery beside 78,
go to a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from services.kernel.money import round_cents
from services.review.domain.roles import role_modifiers
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"
RETURN = "78"
RANKED = frozenset({"1", "2", "3"})
OPERATIONS = frozenset({"000", "010", "090", "ZZZ"})
WITH_THE_FIRST = ("97", "The care before and after a return to surgery is paid with the first operation.")


def places(works: Sequence[LineWork], _params: Mapping[str, str]) -> Iterable[tuple[LineWork, bool]]:
    """The lines that return to surgery; whether each is the only operation of its day."""
    returns = [work for work in works if RETURN in work.line.modifiers]
    if not returns:
        return
    for work in returns:
        if work.open:
            others = [other for other in works if other is not work and other.line.on == work.line.on]
            yield work, not any(_is_operation(other) for other in others)
    days = {work.line.on for work in returns}
    for work in works:
        if work.open and work.line.on in days and RETURN not in work.line.modifiers and _is_operation(work):
            yield work, False


def apply(work: LineWork, _params: Mapping[str, str], alone: bool) -> None:  # noqa: FBT001 - the place of the line
    row = work.row
    if row is None or work.amount is None:
        return
    if not alone or work.line.units > 1:
        work.hold("Several procedures on the day of a return to surgery (78) must be judged by a person.")
        return
    if row.global_days not in OPERATIONS:
        work.hold(f"Code {row.code} is no operation; modifier 78 must be confirmed.")
        return
    if role_modifiers(work.line):
        work.hold("Modifier 78 of an assistant, co-surgeon or team must be judged by a person.")
        return
    if not row.intra_operative:
        work.record("the code has no share for the operation itself: paid in full")
        return
    whole = work.amount
    work.figure("intra_operative", row.intra_operative, "share", row.citation)
    work.set_amount("amount x share", round_cents(whole * row.intra_operative, ROUNDING), ROUNDING)
    work.reductions.append((*WITH_THE_FIRST, whole - work.amount))


def _is_operation(work: LineWork) -> bool:
    return work.row is not None and work.row.multiple_procedure in RANKED
