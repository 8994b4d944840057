"""Several procedures on one day, by the multiple procedure indicator of the row.

Indicators 2 and 3 (surgery, endoscopy): the procedures of the day are ranked by amount and paid by their
rank. Indicator 5 (therapy): all units but the one with the highest practice expense are paid that
expense in part. Several endoscopies of one family, the other indicators (imaging, cardiovascular, eye)
and the older rule go to a person, and so does all surgery of a day whose ranks they leave open. So does
every line of a family of which another line is held: what that line comes to decides the ranks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.kernel.money import ZERO, round_cents
from services.review.domain.ranking import can_be_ranked, dearest_first, ranked
from services.review.domain.work import LineWork

ROUNDING = "half up to cents"
HUNDRED = Decimal(100)
SURGERY = frozenset({"1", "2", "3"})
THERAPY = "5"
NOT_PRICED = frozenset({"4", "6", "7"})
REDUCING = frozenset({"surgery", THERAPY}) | NOT_PRICED
FAMILY_NAMES = {
    "surgery": "endoscopy, or surgery under the older rule",
    THERAPY: "therapy on both sides",
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


@dataclass(frozen=True, slots=True)
class Waiting:
    """Another line of the family is held, so this line's rank is not known yet."""


Place = Ranked | Reduced | NotPriced | Waiting


def places(works: Sequence[LineWork], _params: Mapping[str, str]) -> Iterator[tuple[LineWork, Place]]:
    """Lines that share a day with another procedure of their family, or bill several of it."""
    families: dict[tuple[object, str], list[LineWork]] = {}
    held: set[tuple[object, str]] = set()
    for work in works:
        key: tuple[object, str] = (work.line.on, _family(work))
        if key[1] in REDUCING and not work.open:
            held.add(key)
        elif key[1] in REDUCING and work.amount:
            families.setdefault(key, []).append(work)
    for key, members in families.items():
        if key in held:
            yield from [(work, Waiting()) for work in members]
        elif len(members) > 1 or _several(members[0], key[1]):
            yield from _places_in(key[1], members)


def _family(work: LineWork) -> str:
    """By the row; a line held before a row was found is surgery when its code is in that section."""
    if work.row is None:
        return work.book.section(work.folder, work.line.code) or ""
    indicator = work.row.multiple_procedure
    return "surgery" if indicator in SURGERY else indicator


def _several(work: LineWork, family: str) -> bool:
    """Several units; both sides of a test, each paid, are two tests."""
    if not work.units_priced:
        return work.line.units > 1
    return family != "surgery" and work.row is not None and work.row.bilateral in {"1", "3"}


def _places_in(family: str, members: Sequence[LineWork]) -> Iterable[tuple[LineWork, Place]]:
    if family == "surgery" and can_be_ranked(members):
        return [(work, Ranked(ranks)) for work, ranks in ranked(members)]
    if family == THERAPY and not any(_several(work, family) for work in members if work.units_priced):
        return _therapy(members)
    return [(work, NotPriced(family)) for work in members]


def _therapy(members: Sequence[LineWork]) -> Iterable[tuple[LineWork, Place]]:
    """One unit of the line with the highest practice expense is paid in full."""
    order = sorted(members, key=lambda work: (-(work.practice_expense or ZERO), dearest_first(work)))
    for position, work in enumerate(order):
        yield work, Reduced(work.line.units - 1 if position == 0 else work.line.units)


def apply(work: LineWork, params: Mapping[str, str], place: Place) -> None:
    if isinstance(place, Ranked):
        _pay_by_rank(work, params, place.ranks)
    elif isinstance(place, Reduced):
        _pay_therapy(work, params, place.units)
    elif isinstance(place, Waiting):
        work.hold("Another procedure of the day that could reduce this one must be judged by a person first.")
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
    _close(work, "sum over units of amount x percent of the rank / 100, each rounded", paid, full)


def _pay_therapy(work: LineWork, params: Mapping[str, str], reduced_units: int) -> None:
    """A reduced unit has an amount of its own, made like the full one and rounded like it."""
    total, expense, factor = work.adjusted_total, work.practice_expense, work.rate_factor
    if work.row is None or work.amount is None or total is None or expense is None or factor is None:
        return
    full_units = work.line.units - reduced_units
    work.figure("multiple_procedure_indicator", work.row.multiple_procedure, source=work.row.citation)
    share = work.value(f"{params['percents']}.therapy")
    work.figure("adjusted_total", total, "relative value units")
    work.figure("adjusted_practice_expense", expense, "relative value units")
    work.figure("factor", factor, "USD per relative value unit")
    work.figure("percent_of_rate", work.percent_of_rate)
    work.figure("units_in_full", full_units, "units")
    work.figure("units_reduced", reduced_units, "units")
    unit = round_cents((total - expense * (HUNDRED - share) / HUNDRED) * factor, ROUNDING)
    unit = round_cents(unit * work.percent_of_rate / HUNDRED, ROUNDING)
    _close(
        work,
        "amount x units in full + ((adjusted total - adjusted practice expense x (100 - percent) / 100)"
        " x factor x percent of rate / 100, rounded) x units reduced",
        work.amount * full_units + unit * reduced_units,
        work.amount * work.line.units,
    )


def _close(work: LineWork, formula: str, paid: Decimal, full: Decimal) -> None:
    work.units_priced = True
    work.set_amount(formula, paid, ROUNDING)
    if paid < full:
        work.reductions.append((*REDUCED, full - paid))
