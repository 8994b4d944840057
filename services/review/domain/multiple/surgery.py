"""Indicators 2 and 3, surgery: the procedures of a day are ranked by amount and paid by their rank.

An endoscopy family with several procedures is one procedure, ranked by its total. Under the older rule
(indicator 1) no line is ranked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from services.kernel.money import ZERO, round_cents
from services.review.domain.multiple import endoscopy
from services.review.domain.multiple.amounts import HUNDRED, ROUNDING, figure_rate, figure_row, of_row, pay
from services.review.domain.multiple.place import NotPriced, Ranked
from services.review.domain.ranking import is_second_side, ranked
from services.review.domain.work import LineWork

FAMILY = "surgery"
OLDER_RULE = "1"
RANKS = ("first", "second", "third", "fourth", "fifth")


def places(members: Sequence[LineWork]) -> Iterable[tuple[LineWork, Ranked | NotPriced]]:
    """Every line with the ranks of its units; nothing is ranked where one line cannot be."""
    procedures = [work for work in members if not is_second_side(work)]
    families = endoscopy.families(procedures)
    if families is None or any(work.row and work.row.multiple_procedure == OLDER_RULE for work in procedures):
        return [(work, NotPriced(FAMILY)) for work in members]
    lowered = {id(work): family.base for family in families for work in family.lowered}
    totals = {id(family.dearest): family.total for family in families}
    alone = [work for work in members if id(work) not in lowered]
    found = []
    with_family = {id(family.dearest): family.lowered for family in families}
    for work, ranks in ranked(alone, totals):
        found.append((work, Ranked(ranks)))
        found += [(other, Ranked(ranks, lowered[id(other)])) for other in with_family.get(id(work), ())]
    return found


def apply(work: LineWork, params: Mapping[str, str], place: Ranked) -> None:
    """Each unit at the percent of its rank, of what is left after the base code of its family."""
    if work.row is None or work.amount is None:
        return
    if place.ranks[-1] >= len(RANKS):
        work.hold("From the sixth procedure of a day on, payment is by report.")
        return
    work.figure("multiple_procedure_indicator", work.row.multiple_procedure, source=work.row.citation)
    unit, formula = work.amount, "amount x percent of the rank / 100"
    if place.base is not None:
        work.figure("base_code", place.base.code, source=place.base.citation)
        figure_row(work, "base", place.base)
        figure_rate(work)
        unit = max(work.amount - (of_row(work, place.base) or ZERO), ZERO)
        formula = "(amount - amount of the base code, not below 0) x percent of the rank / 100"
    paid = sum((_by_rank(work, params, rank, unit) for rank in place.ranks), ZERO)
    pay(work, f"sum over units of {formula}, each rounded", paid, work.amount * len(place.ranks))


def _by_rank(work: LineWork, params: Mapping[str, str], rank: int, unit: Decimal) -> Decimal:
    work.figure("rank", rank + 1)
    share = work.value(f"{params['percents']}.{RANKS[rank]}")
    return round_cents(unit * share / HUNDRED, ROUNDING)
