"""Services billed so that they are denied: GY (no benefit of the program), GZ (not necessary).

GZ is the provider's to bear, GY the patient's; GX beside GY says that the patient was told. Where the
modifiers contradict one another, or GX stands alone, the line goes to a person.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.review.domain.work import LineWork

MODIFIERS = ("GX", "GY", "GZ")
NOT_A_BENEFIT = ("96", "The provider says that the service is no benefit of the program (GY).", "PR")
NOT_NECESSARY = ("50", "The provider says that the service is not necessary (GZ).", "CO")
CONTRADICTIONS = (frozenset({"GY", "GZ"}), frozenset({"GA", "GZ"}), frozenset({"GX", "GZ"}))


def apply(work: LineWork, _params: Mapping[str, str]) -> None:
    modifiers = set(work.line.modifiers)
    for pair in CONTRADICTIONS:
        if pair <= modifiers:
            work.hold(f"Modifiers {' and '.join(sorted(pair))} contradict each other on one line.")
            return
    if "GZ" in modifiers:
        work.deny(*NOT_NECESSARY)
    elif "GY" in modifiers:
        work.deny(*NOT_A_BENEFIT)
    elif "GX" in modifiers:
        work.hold("Modifier GX (the patient was told of a denial) without GY must be judged by a person.")
