"""The added complexity of a visit (G2211) is paid beside an office visit of the day that is itself payable.

Beside a visit with modifier 25 it is paid only where the other service is one of some preventive ones, whose
list is not held: a person decides. So a person does where the visit is missing, held or denied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from services.review.domain.codes import is_listed
from services.review.domain.work import LineWork

ADDED = "G2211"
VISITS = "99202-99215"
SEPARATE = "25"
WITHOUT_VISIT = f"Code {ADDED} is paid beside an office visit of the day, and none is payable here."
BESIDE_ANOTHER_SERVICE = (
    f"Code {ADDED} beside a visit with modifier 25 is paid only with certain preventive services; whether"
    " the other service is one must be judged by a person."
)


def places(works: Sequence[LineWork], _params: Mapping[str, str]) -> Iterable[tuple[LineWork, str]]:
    """Every open line of the code that cannot be paid as it stands, with the words that say why."""
    for work in works:
        if work.line.code == ADDED and work.open and (words := _unclear(work, works)):
            yield work, words


def _unclear(work: LineWork, works: Sequence[LineWork]) -> str:
    visits = [
        other for other in works
        if other.line.on == work.line.on and other.open and is_listed(other.line.code, VISITS)
    ]  # fmt: skip
    if not visits:
        return WITHOUT_VISIT
    return BESIDE_ANOTHER_SERVICE if any(SEPARATE in other.line.modifiers for other in visits) else ""


def apply(work: LineWork, _params: Mapping[str, str], words: str) -> None:
    work.doubt(words)
