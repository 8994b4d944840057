"""Who publishes each table, under which title and address, and how long a release is meant to hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final, NamedTuple

from services.data.naming import effective_from, quarter_end, quarter_name, year_end
from services.data.part import Given, Origin
from services.data.sheet import Sheet
from services.jurisdictions.kinds import Kind
from services.jurisdictions.model import Confidence
from services.jurisdictions.rulebook import MEDICARE

CMS: Final = "https://www.cms.gov/medicare"
NCCI: Final = f"{CMS}/coding-billing/national-correct-coding-initiative-ncci-edits"
PHYSICIANS: Final = f"{CMS}/payment/fee-schedules/physician"


class Publication(NamedTuple):
    """`{year}`, `{quarter}`, `{month}` and `{release}` stand for the release's date."""

    title: str
    section: str
    url: str
    lasts: Callable[[date], date] = year_end


_RVU_PAGE: Final = PHYSICIANS + "/pfs-relative-value-files/rvu{release}"
_MUE_PAGE: Final = f"{NCCI}/medicare-ncci-medically-unlikely-edits"

MEDICARE_TABLES: Final = {
    "relative_values": Publication(
        "Medicare physician fee schedule relative value file RVU{RELEASE}",
        "{month} {year} release",
        _RVU_PAGE,
    ),
    "gpci": Publication("Geographic practice cost indices {year}", "Addendum E, {year}", _RVU_PAGE),
    "localities": Publication(
        "ZIP code to carrier locality file, {quarter}",
        "ZIP5 file",
        f"{CMS}/payment/fee-schedules",
        quarter_end,
    ),
    "localities_plus4": Publication(
        "ZIP code to carrier locality file, {quarter}",
        "ZIP9 file",
        f"{CMS}/payment/fee-schedules",
        quarter_end,
    ),
    "counties": Publication(
        "Physician fee schedule localities and their counties {year}", "counties file", _RVU_PAGE
    ),
    "anesthesia_base_units": Publication(
        "Anesthesia base units by procedure code {year}", "base units", f"{CMS}/payment/fee-schedules"
    ),
    "anesthesia_factors": Publication(
        "Anesthesia conversion factors by locality {year}", "locality factors", _RVU_PAGE
    ),
    "opps_cap": Publication(
        "Outpatient limits on imaging in the physician fee schedule {year}",
        "OPPSCAP file, {month} {year} release",
        _RVU_PAGE,
    ),
    "clinical_laboratory": Publication(
        "Clinical laboratory fee schedule {year}",
        "{quarter} file",
        f"{CMS}/payment/fee-schedules/clinical-laboratory-fee-schedule-clfs/files",
    ),
    "drug_prices": Publication(
        "Medicare Part B drug payment limits (average sales price), {quarter}",
        "ASP pricing file",
        f"{CMS}/payment/part-b-drugs/asp-pricing-files",
        quarter_end,
    ),
    "ndc_crosswalk": Publication(
        "National drug code to HCPCS crosswalk, {quarter}",
        "ASP NDC-HCPCS crosswalk",
        f"{CMS}/payment/part-b-drugs/asp-pricing-files",
        quarter_end,
    ),
    "outpatient": Publication(
        "Outpatient prospective payment system, Addendum B {year}",
        "Addendum B, {month} {year}",
        f"{CMS}/payment/prospective-payment-systems/hospital-outpatient-pps/quarterly-addenda-updates",
    ),
    "ambulatory_surgery": Publication(
        "Ambulatory surgical center payment rates {year}",
        "Addenda AA and BB, {month} {year}",
        f"{CMS}/payment/prospective-payment-systems/ambulatory-surgical-center-asc/asc-payment-rates-addenda",
    ),
    "ncci_pairs": Publication(
        "NCCI procedure to procedure edits, practitioner services, {quarter}",
        "PTP edit files",
        f"{NCCI}/medicare-ncci-procedure-procedure-ptp-edits",
        quarter_end,
    ),
    "mue_practitioner": Publication(
        "NCCI medically unlikely edits, practitioner services, {quarter}", "MUE table", _MUE_PAGE, quarter_end
    ),
    "mue_outpatient": Publication(
        "NCCI medically unlikely edits, outpatient hospital services, {quarter}",
        "MUE table",
        _MUE_PAGE,
        quarter_end,
    ),
    "mue_supplier": Publication(
        "NCCI medically unlikely edits, equipment suppliers, {quarter}", "MUE table", _MUE_PAGE, quarter_end
    ),
    "add_on_codes": Publication(
        "NCCI add-on code edits {year}", "add-on code file", f"{NCCI}/medicare-ncci-add-code-edits"
    ),
}

STATE_TABLES: Final = {
    "al": Publication(
        "Alabama workers' compensation maximum fee schedule {year}",
        "physicians' fees",
        "https://adol.alabama.gov/divisions/workers-compensation/",
    ),
    "az": Publication(
        "Arizona physicians' and pharmaceutical fee schedule {year}",
        "table of values and rates",
        "https://www.azica.gov/fee-schedule-frequently-asked-questions",
        lambda start: date(start.year + 1, 9, 30),
    ),
    "ga": Publication(
        "Georgia workers' compensation medical fee schedule",
        "professional fees",
        "https://sbwc.georgia.gov/publications-and-forms/publications/fee-schedules/medical-and-dental-fee-schedules",
    ),
    "la": Publication(
        "Louisiana medical reimbursement schedule",
        "radiology",
        "https://regulations.justia.com/states/louisiana/title-40/part-i/subpart-2/chapter-51/section-i-5137",
    ),
    "nc": Publication(
        "North Carolina Industrial Commission medical fee schedule {year}",
        "professional, equipment and laboratory tables",
        "https://www.ic.nc.gov/ncic/pages/feesched.asp",
    ),
}
_TAKES_EFFECT: Final = {"al": (3, 1), "az": (10, 1)}
"""Month and day on which a state's schedule of a year takes effect, where that is not 1 January."""

CARRIED_OVER: Final = "Carried over from a table in the CSV form; the publisher's own file was not read."


def origin(
    sheet: Sheet,
    folder: str,
    kind: Kind[Any],
    given: Given,
    *,
    official: bool,
    span: tuple[date, date | None] | None = None,
) -> Origin:
    """The origin of a table: dates in the file are believed first, then its name, then whoever imports."""
    publication = MEDICARE_TABLES.get(kind.name) if folder == MEDICARE else STATE_TABLES.get(folder)
    start = span[0] if span else effective_from(sheet.name, sheet.archive) or given.start
    if start and not span and folder in _TAKES_EFFECT:
        start = start.replace(month=_TAKES_EFFECT[folder][0], day=_TAKES_EFFECT[folder][1])
    confidence = Confidence.OFFICIAL if official else Confidence.SECONDARY
    note = "" if official else CARRIED_OVER
    if publication is None:
        return Origin("", "", "", start, span[1] if span else None, confidence, note)
    end = (span and span[1]) or (start and publication.lasts(start))
    title, section, url = (
        _filled(text, start) for text in (publication.title, publication.section, publication.url)
    )
    return Origin(title, section, url, start, end, confidence, note)


def _filled(text: str, start: date | None) -> str:
    if start is None:
        return "" if "{" in text else text
    release = f"{start:%y}{'abcd'[(start.month - 1) // 3]}"
    return text.format(
        year=start.year,
        month=f"{start:%B}",
        quarter=quarter_name(start),
        release=release,
        RELEASE=release.upper(),
    )
