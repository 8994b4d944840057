"""What the amount does not hold and a reader should know, by modifier: warnings, never money."""

from __future__ import annotations

from collections.abc import Mapping

from services.review.domain.work import LineWork

WORDS = {
    "AQ": "The bonus of an area short of physicians (AQ) is not part of the allowed amount.",
    "AR": "The bonus of an area short of physicians (AR) is not part of the allowed amount.",
    "KX": "Whether the year's therapy is above the threshold that KX names is not known to one bill.",
    "Q5": "A substitute's service (Q5) is allowed to the regular provider; the arrangement was not checked.",
    "Q6": "A substitute's service (Q6) is allowed to the regular provider; the arrangement was not checked.",
}


def apply(work: LineWork, _params: Mapping[str, str]) -> None:
    work.warnings += [WORDS[modifier] for modifier in work.line.modifiers if modifier in WORDS]
