"""Modifiers whose price rests on documents (22, 52) and those of another bill (73, 74): a person decides.

The hold names what is missing. Discontinued procedures with a row of their own for 53 are priced by it;
those without one are held where the row is looked for.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.review.domain.work import LineWork

WORDS = {
    "22": "Modifier 22 (more work than usual) is priced by report: a short statement of how the service"
    " differs from the usual one and the operative report are missing.",
    "52": "Modifier 52 (reduced service) is priced by report: a statement of what was left out is missing.",
    "73": "Modifier 73 belongs on the bill of a hospital or surgery center; a professional reports a"
    " discontinued procedure with 53.",
    "74": "Modifier 74 belongs on the bill of a hospital or surgery center; a professional reports a"
    " discontinued procedure with 53.",
}


def apply(work: LineWork, _params: Mapping[str, str]) -> None:
    for modifier in work.line.modifiers:
        if modifier in WORDS:
            work.record("the schedule amount, before a person judges the modifier")
            work.hold(WORDS[modifier])
            return
