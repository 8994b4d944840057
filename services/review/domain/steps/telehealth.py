"""Telehealth: whether a service may be given at a distance on its date, and that it says so in one way.

Since 2024 place 02 (patient elsewhere, facility rate) and 10 (patient at home, non-facility rate) say it;
while `usual_place` was in force, modifier 95 with the place of a visit in person did. `listed` are the
codes whose place on the list of telehealth services was read; any other goes to a person, since the list
is not held.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.review.domain.codes import is_listed
from services.review.domain.work import LineWork

AT_HOME = "10"
PLACES = frozenset({"02", AT_HOME})
AUDIO_ONLY = "93"
MODIFIERS = frozenset({"95", AUDIO_ONLY, "FQ", "GQ", "GT"})
OTHER_PROGRAMS = {
    "FQ": "Modifier FQ (sound only) is for clinics and treatment programs; it must be confirmed.",
    "GQ": "Modifier GQ (stored and sent) is for Alaska and Hawaii; it must be confirmed.",
    "GT": "Modifier GT is for critical access hospitals; a professional names place 02 or 10.",
}


def concerns(work: LineWork) -> bool:
    line = work.line
    return line.place_of_service in PLACES or not MODIFIERS.isdisjoint(line.modifiers)


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    line = work.line
    unclear = _unclear(work, params)
    if unclear:
        work.hold(unclear)
        return
    work.figure("place_of_service", line.place_of_service)
    if line.place_of_service in PLACES:
        work.value(params["permitted"])
        work.record("telehealth, paid by its place of service")
    else:
        work.value(params["usual_place"])
        work.record("telehealth, paid by the place of a visit in person")


def _unclear(work: LineWork, params: Mapping[str, str]) -> str:
    line = work.line
    other = next((OTHER_PROGRAMS[m] for m in line.modifiers if m in OTHER_PROGRAMS), "")
    if other:
        return other
    if not is_listed(line.code, params["listed"]):
        return (
            f"Whether code {line.code} was on the list of telehealth services on its date must be confirmed;"
            " the list is not held."
        )
    if AUDIO_ONLY in line.modifiers and line.place_of_service != AT_HOME:
        return "Modifier 93 (sound only) is for a patient at home, place 10; the place must be confirmed."
    return ""
