"""Which region of a state's schedule the service was given in, by its county.

Each parameter is a region and its counties, between semicolons. Only counties whose region was read are
named; a service elsewhere, or of an unknown county, goes to a person.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.review.domain.work import LineWork


def apply(work: LineWork, params: Mapping[str, str]) -> None:
    county = work.bill.service_county.upper().removesuffix(" COUNTY")
    for region, counties in params.items():
        if county in (name.strip() for name in counties.split(";")):
            work.region = region
            work.figure("region", region)
            work.record("the county of the service decides the region")
            return
    known = "; ".join(params.values()).title()
    work.hold(f"The schedule's region is known for these counties only, as serviceCounty: {known}.")
