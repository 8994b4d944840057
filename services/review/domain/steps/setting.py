"""Whether facility or non-facility practice expense is paid.

`rule: place_of_service` reads the place of service list; `rule: always_nonfacility` is for schedules
that pay the non-facility value everywhere; `rule: listed` is for those with a list of their own, whose
places stand in `facility` and `nonfacility` between spaces.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.review.domain.work import LineWork


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    if params["rule"] == "always_nonfacility":
        work.setting = "nonfacility"
        work.record("non-facility values whatever the place of service")
        return
    place = work.line.place_of_service
    if params["rule"] == "listed":
        listed = {at: name for name in ("facility", "nonfacility") for at in params[name].split()}
        if place not in listed:
            work.hold(f"The schedule does not say which column place of service {place} is paid from.")
            return
        work.setting = listed[place]
    else:
        work.setting = work.book.setting(place)
    work.figure("place_of_service", place)
    work.figure("setting", work.setting)
    work.record("place of service decides facility or non-facility")
