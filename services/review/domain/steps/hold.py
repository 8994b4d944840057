"""Holds every line: the jurisdiction pays by a standard that no table answers.

With `providers` only lines of these provider types, with `codes` only lines of these codes, whose payment has
a rule that was not read.
`reason` says in our own words which standard that is and what a person needs to apply it.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.review.domain.codes import is_listed
from services.review.domain.work import LineWork


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    if "providers" in params and work.line.provider_type not in params["providers"].split():
        return
    if "codes" in params and not is_listed(work.line.code, params["codes"]):
        return
    work.record("must be judged by a person")
    work.hold(params["reason"])
