"""Holds every line: the jurisdiction pays by a standard that no table answers.

`reason` says in our own words which standard that is and what a person needs to apply it.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.review.domain.work import LineWork


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    work.hold(params["reason"])
