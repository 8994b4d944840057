"""Whether facility or non-facility practice expense is paid.

`rule: place_of_service` reads the place of service list; `rule: always_nonfacility` is for schedules
that pay the non-facility value everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.review.domain.work import LineWork


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    if params["rule"] == "always_nonfacility":
        work.setting = "nonfacility"
        work.record("non-facility values whatever the place of service")
        return
    work.setting = work.book.setting(work.line.place_of_service)
    work.figure("place_of_service", work.line.place_of_service)
    work.figure("setting", work.setting)
    work.record("place of service decides facility or non-facility")
