"""Several procedures on one day, by the multiple procedure indicator of the row.

Lines of one day whose indicators reduce one another are a family; the rule of each family is a file of
`domain/multiple`. Where a family has no rule, or a rule leaves a line open, the whole family of the day
goes to a person. So does every line of a family of which another line is held: what that line comes to
decides the ranks. What an earlier review of the claim paid or held on the day has a rank too, which this
bill does not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from services.jurisdictions.model import RelativeValue
from services.review.domain import earlier
from services.review.domain.multiple import diagnostic, surgery, therapy
from services.review.domain.multiple.place import InParts, NotPriced, Place, Ranked, Reduced, Waiting
from services.review.domain.work import LineWork

SURGERY = frozenset({"1", "2", "3"})
THERAPY = "5"
PARTS = frozenset({"26", "TC"})
REDUCING = frozenset({surgery.FAMILY, THERAPY, *diagnostic.PERCENTS})
FAMILY_NAMES = {
    surgery.FAMILY: "endoscopy, or surgery under the older rule",
    THERAPY: "therapy on both sides",
    "4": "imaging",
    "6": "cardiovascular tests",
    "7": "eye tests",
}


def places(works: Sequence[LineWork], _params: Mapping[str, str]) -> Iterator[tuple[LineWork, Place]]:
    """Lines that share a day with another procedure of their family, or bill several of it."""
    families: dict[tuple[object, str], list[LineWork]] = {}
    held: set[tuple[object, str]] = set()
    for work in works:
        key: tuple[object, str] = (work.line.on, family(work))
        if key[1] in REDUCING and not work.open:
            held.add(key)
        elif key[1] in REDUCING and work.amount:
            families.setdefault(key, []).append(work)
    held.update((service.on, _family_of(row)) for service, row in earlier.rows(works))
    for key, members in families.items():
        if key in held:
            yield from [(work, Waiting()) for work in members]
        elif (len(members) > 1 and not _one_in_parts(members)) or _several(members[0], key[1]):
            yield from _places_in(key[1], members)


def family(work: LineWork) -> str:
    """By the row; a line held before a row was found is surgery when its code is in that section."""
    if work.row is None:
        return "" if work.schedule else work.book.section(work.folder, work.line.code) or ""
    return _family_of(work.row)


def _family_of(row: RelativeValue) -> str:
    return surgery.FAMILY if row.multiple_procedure in SURGERY else row.multiple_procedure


def _one_in_parts(members: Sequence[LineWork]) -> bool:
    """The professional and the technical part of one service, which is one procedure."""
    if len(members) != len(PARTS) or any(work.line.units > 1 for work in members):
        return False
    found = [PARTS.intersection(work.line.modifiers) for work in members]
    services = {(work.line.code, frozenset(work.line.modifiers) - PARTS) for work in members}
    return found[0] | found[1] == PARTS and not found[0] & found[1] and len(services) == 1


def _several(work: LineWork, family: str) -> bool:
    """Several units; both sides of a test, each paid, are two tests."""
    if not work.units_priced:
        return work.line.units > 1
    return family != surgery.FAMILY and work.row is not None and work.row.bilateral in {"1", "3"}


def _places_in(family: str, members: Sequence[LineWork]) -> Iterable[tuple[LineWork, Place]]:
    if family == surgery.FAMILY:
        return surgery.places(members)
    if family in diagnostic.PERCENTS:
        return diagnostic.places(family, members)
    if any(_several(work, family) for work in members if work.units_priced):
        return [(work, NotPriced(family)) for work in members]
    return therapy.places(members)


def apply(work: LineWork, params: Mapping[str, str], place: Place) -> None:
    if isinstance(place, Ranked):
        surgery.apply(work, params, place)
    elif isinstance(place, Reduced):
        therapy.apply(work, params, place.units)
    elif isinstance(place, InParts):
        diagnostic.apply(work, params, place.reduced)
    elif isinstance(place, Waiting):
        work.hold("Another procedure of the day that could reduce this one must be judged by a person first.")
    elif isinstance(place, NotPriced):
        work.hold(
            f"Several procedures of one family ({FAMILY_NAMES[place.family]}) on one day reduce one another;"
            " this must be judged by a person."
        )
