"""Several procedures on one day, by the multiple procedure indicator of the row.

Indicators 2 and 3 (surgery, endoscopy): the procedures of the day are ranked by amount and paid by their
rank. Indicator 5 (therapy): all units but the one with the highest practice expense are paid that
expense in part. Several endoscopies of one family, the other indicators (imaging, cardiovascular, eye)
and the older rule go to a person, and so does all surgery of a day whose ranks they leave open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.kernel.money import ZERO, round_cents
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"
HUNDRED = Decimal(100)
SURGERY = frozenset({"1", "2", "3"})
THERAPY, OLDER_RULE, ENDOSCOPY = "5", "1", "3"
NOT_PRICED = frozenset({"4", "6", "7"})
FAMILY_NAMES = {
    "surgery": "endoscopy, or surgery under the older rule",
    "4": "imaging",
    "6": "cardiovascular tests",
    "7": "eye tests",
}
RANKS = ("first", "second", "third", "fourth", "fifth")
REDUCED = ("59", "Several procedures on one day are paid in part from the second on.")


@dataclass(frozen=True, slots=True)
class Ranked:
    """Surgery: the rank of each unit of the line, from 0."""

    ranks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reduced:
    """Therapy: how many of the line's units have their practice expense reduced."""

    units: int


@dataclass(frozen=True, slots=True)
class NotPriced:
    """A family without a rule here."""

    family: str


Place = Ranked | Reduced | NotPriced


def places(works: Sequence[LineWork], _params: Mapping[str, str]) -> Iterator[tuple[LineWork, Place]]:
    """Lines that share a day with another procedure of their family, or bill several units of it."""
    families: dict[tuple[object, str], list[LineWork]] = {}
    for work in works:
        if work.row is not None and work.amount is not None:
            indicator = work.row.multiple_procedure
            family = "surgery" if indicator in SURGERY else indicator
            families.setdefault((work.line.on, family), []).append(work)
    for (_, family), members in families.items():
        if len(members) == 1 and (members[0].line.units == 1 or members[0].units_priced):
            continue
        if family == "surgery" and _can_be_ranked(members):
            yield from _ranked(members)
        elif family == THERAPY:
            yield from _therapy(members)
        elif family == "surgery" or family in NOT_PRICED:
            yield from [(work, NotPriced(family)) for work in members]


def _can_be_ranked(members: Sequence[LineWork]) -> bool:
    """No older rule, and at most one unit of each endoscopy family."""
    rows = [work.row for work in members if work.row is not None]
    bases = [row.endoscopic_base or row.code for row in rows if row.multiple_procedure == ENDOSCOPY]
    several = any(
        work.line.units > 1 and not work.units_priced
        for work in members
        if work.row is not None and work.row.multiple_procedure == ENDOSCOPY
    )
    return (
        len(bases) == len(set(bases))
        and not several
        and all(r.multiple_procedure != OLDER_RULE for r in rows)
    )


def _ranked(members: Sequence[LineWork]) -> Iterable[tuple[LineWork, Place]]:
    """Ranks by amount, then charge, then code: an order that the order of the lines cannot change.

    The two sides of a bilateral pair are one procedure and share a rank; every unit of a line is a
    procedure of its own.
    """
    rank = 0
    for work in sorted(members, key=_dearest_first):
        if (
            work.pair is not None
            and work.pair.amount is not None
            and _dearest_first(work.pair) < _dearest_first(work)
        ):
            continue
        count = 1 if work.units_priced else work.line.units
        ranks = Ranked(tuple(range(rank, rank + count)))
        yield work, ranks
        if work.pair is not None:
            yield work.pair, ranks
        rank += count


def _dearest_first(work: LineWork) -> tuple[object, ...]:
    amount = (work.amount or ZERO) + ((work.pair.amount or ZERO) if work.pair else ZERO)
    side = -(work.amount or ZERO)
    return (
        -amount,
        side,
        -work.line.charge,
        work.line.code,
        work.line.modifiers,
        work.line.units,
        work.line.number,
    )


def _therapy(members: Sequence[LineWork]) -> Iterable[tuple[LineWork, Place]]:
    """One unit of the line with the highest practice expense is paid in full."""
    order = sorted(members, key=lambda work: (-(work.practice_expense or ZERO), _dearest_first(work)))
    for position, work in enumerate(order):
        yield work, Reduced(work.line.units - 1 if position == 0 else work.line.units)


def apply(work: LineWork, params: Mapping[str, str], place: Place) -> None:
    if isinstance(place, Ranked):
        _pay_by_rank(work, params, place.ranks)
    elif isinstance(place, Reduced):
        _pay_therapy(work, params, place.units)
    else:
        work.hold(
            f"Several procedures of one family ({FAMILY_NAMES[place.family]}) on one day reduce one another;"
            " this must be judged by a person."
        )


def _pay_by_rank(work: LineWork, params: Mapping[str, str], ranks: Sequence[int]) -> None:
    if work.row is None or work.amount is None:
        return
    if ranks[-1] >= len(RANKS):
        work.hold("From the sixth procedure of a day on, payment is by report.")
        return
    work.figure("multiple_procedure_indicator", work.row.multiple_procedure, source=work.row.citation)
    full = work.amount * len(ranks)
    paid = ZERO
    for rank in ranks:
        work.figure("rank", rank + 1)
        share = work.value(f"{params['percents']}.{RANKS[rank]}")
        paid += round_cents(work.amount * share / HUNDRED, ROUNDING)
    _close(work, "sum over units of amount x percent of the rank / 100", paid, full)


def _pay_therapy(work: LineWork, params: Mapping[str, str], reduced_units: int) -> None:
    if work.row is None or work.amount is None or work.practice_expense is None or work.rate_factor is None:
        return
    full = work.amount * work.line.units
    work.figure("multiple_procedure_indicator", work.row.multiple_procedure, source=work.row.citation)
    share = work.value(f"{params['percents']}.therapy")
    expense = work.practice_expense * work.rate_factor * work.percent_of_rate / HUNDRED
    cut = round_cents(expense * (HUNDRED - share) / HUNDRED, ROUNDING)
    work.figure("practice_expense_amount", expense, "USD per unit")
    work.figure("units", work.line.units, "units")
    work.figure("units_reduced", reduced_units, "units")
    _close(work, "amount x units - practice expense x (100 - percent) / 100 x units reduced",
           full - cut * reduced_units, full)  # fmt: skip


def _close(work: LineWork, formula: str, paid: Decimal, full: Decimal) -> None:
    work.units_priced = True
    work.set_amount(formula, paid, ROUNDING)
    if paid < full:
        work.reductions.append((*REDUCED, full - paid))
