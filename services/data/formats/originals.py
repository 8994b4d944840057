"""Agencies' own files with one row of headings: each is a list of the headings that our columns stand under.

Headings are patterns, because years and footnote marks change from release to release. Columns that are
not listed are passed over, descriptors above all: they are licensed. Lines above the headings and notes
below the table belong to the file. A row without the figure it is there for is left out (a drug without
a payment limit), so that its code is answered as one that the table does not price.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from services.data.formats import cells as c
from services.data.naming import told
from services.data.part import Format, Found, Given, Part
from services.data.published import origin
from services.data.sheet import Sheet
from services.jurisdictions import kinds
from services.jurisdictions.kinds import Kind, Row
from services.jurisdictions.rulebook import MEDICARE

JULIAN: Final = 7
NOWHERE: Final = r"(?!)"
"""A heading that no file has."""


class Field(NamedTuple):
    """The heading of a column, and how its cells are read; without one the column is filled with nothing."""

    heading: str
    clean: c.Clean = c.plain
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Original:
    """A published file: its fields in the order of the kind's columns."""

    name: str
    example: str
    kind: Kind[Any]
    fields: tuple[Field, ...]
    needs: str = ""
    """The column without which a row is left out."""
    ended: tuple[str, ...] = ()
    """Headings of dates; a row that ended before the edition begins is left out."""
    piece: str = ""
    pieces: tuple[str, ...] = ()

    @property
    def wanted(self) -> list[str]:
        """The headings a file must have."""
        return [field.heading for field in self.fields if not field.optional]

    def fits(self, sheet: Sheet, _: Given) -> bool:
        """Whether a file is one of these."""
        return sheet.matching(self.wanted) is not None

    def rows(self, sheet: Sheet, given: Given) -> Iterator[Found]:
        """The rows of a file."""
        optional = [field.heading for field in self.fields if field.optional] + list(self.ended)
        found = sheet.matching(self.wanted, optional)
        assert found is not None  # noqa: S101  # `fits` found it
        heading, at = found
        source = origin(sheet, MEDICARE, self.kind, given, official=True, span=told("".join(sheet.head)))
        part = Part(MEDICARE, self.kind, source, self.piece, self.pieces)
        needed = [column.name for column in self.kind.columns].index(self.needs) if self.needs else None
        ends = [at[pattern] for pattern in self.ended if pattern in at]
        seen: dict[Row, Row] = {}
        for line, cells in sheet.rows(heading, strict=False):
            row = tuple(
                field.clean(cells[at[field.heading]]) if field.heading in at else "" for field in self.fields
            )
            if (needed is not None and not row[needed]) or any(_over(cells[i], source.start) for i in ends):
                continue
            key = row[: len(self.kind.key)]
            if seen.setdefault(key, row) is row or seen[key] != row:
                yield Found(part, line, row)


def _over(cell: str, start: date | None) -> bool:
    """Whether a date as YYYYMMDD, or as year and day of the year, lies before an edition begins."""
    text = cell.strip()
    if not text.isdigit() or start is None:
        return False
    if len(text) == JULIAN:
        return date(int(text[:4]), 1, 1) + timedelta(days=int(text[4:]) - 1) < start
    return text < f"{start:%Y%m%d}"


_CODE: Final = Field(r"hcpcs( code)?|cpt code|hcpcs/ ?cpt code")


def _unit_limits(setting: str, kind: Kind[Any]) -> Original:
    return Original(
        f"medically unlikely edits, {setting}",
        f"MCR_MUE_{setting.title().replace(' ', '')}Services_Eff_07-01-2026.csv",
        kind,
        (
            _CODE,
            Field(f"{setting} services mue values"),
            Field("mue adjudication indicator", c.first),
            Field("mue rationale"),
        ),
    )


def _surgery_centers(piece: str, discount: Field) -> Original:
    return Original(
        f"ambulatory surgical center rates, Addendum {piece}",
        f"July 2026 ASC {piece}.csv",
        kinds.AMBULATORY_SURGERY,
        (
            Field("hcpcs code"),
            discount,
            Field(".*payment indicator"),
            Field(".*payment weight", c.money, optional=True),
            Field(".*payment rate", c.to_the_cent),
        ),
        piece=piece,
        pieces=("AA", "BB"),
    )


ORIGINALS: Final = (
    Original(
        "geographic indices (Addendum E)",
        "GPCI2026.csv",
        kinds.GPCIS,
        (
            Field(r"medicare administrative contractor \(mac\)", c.digits(5)),
            Field("locality number", c.digits(2)),
            Field("state"),
            Field(r"20[0-9]{2} pw gpci( \(with 1\.0 floor\))?\**", c.decimals(3)),
            Field(r"20[0-9]{2} pe gpci\**", c.decimals(3)),
            Field(r"20[0-9]{2} mp gpci\**", c.decimals(3)),
            Field("locality name", c.unstarred),
        ),
    ),
    Original(
        "local anesthesia factors",
        "ANES2025.csv",
        kinds.ANESTHESIA_FACTORS,
        (
            Field("contractor", c.digits(5)),
            Field("locality", c.digits(2)),
            Field(r"national anes cf of [0-9.]+", c.money),
        ),
    ),
    Original(
        "anesthesia base units",
        "CY_2026_Anesthesia_Base_Units.txt",
        kinds.ANESTHESIA_BASE_UNITS,
        (Field("code"), Field("20[0-9]{2}( base units?)?|base units?")),
    ),
    Original(
        "limits on imaging (OPPSCAP)",
        "OPPSCAP_OCT.csv in rvu25d.zip",
        kinds.OPPS_CAP,
        (
            Field("hcpcs"),
            Field("mod"),
            Field("carrier", c.digits(5)),
            Field("locality", c.digits(2)),
            Field("facility price", c.money),
            Field("non-facili?ty price", c.money),
        ),
    ),
    Original(
        "clinical laboratory fee schedule",
        "PUF_CLFS_CY2026_Q2V1.csv",
        kinds.CLINICAL_LABORATORY,
        (Field("hcpcs"), Field("mod"), Field("indicator"), Field("rate", c.money)),
    ),
    Original(
        "drug payment limits (ASP pricing file)",
        "July 2026 ASP Pricing File.csv",
        kinds.DRUG_PRICES,
        (
            Field("hcpcs code"),
            Field("hcpcs code dosage"),
            Field("payment limit", c.money),
            Field("co-?insurance percentage.*", c.money, optional=True),
        ),
        needs="payment_limit",
    ),
    Original(
        "national drug code crosswalk (ASP NDC-HCPCS)",
        "July 2026 ASP NDC-HCPCS Crosswalk.csv",
        kinds.NDC_CROSSWALK,
        (
            Field("ndc2?", c.ndc),
            Field("_?20[0-9]{2}_code|hcpcs level ii code.*"),
            Field("hcpcs dosage"),
            Field("billunitspkg", c.money),
        ),
    ),
    Original(
        "outpatient rates (Addendum B)",
        "January 2026 Web Addendum B.csv",
        kinds.OUTPATIENT,
        (
            Field("hcpcs code"),
            Field("si|status indicator"),
            Field("apc"),
            Field("relative weight", c.money),
            Field("payment rate", c.money),
            Field("national unadjusted copayment", c.money),
            Field("minimum unadjusted copayment", c.money),
        ),
    ),
    _surgery_centers("AA", Field("subject to multiple procedure discounting")),
    _surgery_centers("BB", Field(NOWHERE, optional=True)),
    _unit_limits("practitioner", kinds.MUE_PRACTITIONER),
    _unit_limits("outpatient hospital", kinds.MUE_OUTPATIENT),
    _unit_limits("dme supplier", kinds.MUE_SUPPLIER),
    Original(
        "add-on code edits",
        "AOC_V2026Q2-MCR.csv",
        kinds.ADD_ON_CODES,
        (
            Field("add-on[ _]code"),
            Field("primary[ _]code"),
            Field("aoc[ _]edit[ _]type"),
        ),
        ended=("aoc_?del_?dt.*", "primary_?code_?del_?dt.*", "aoc_?edit_?del_?dt.*"),
    ),
)

FORMATS: Final = tuple(
    Format(original.name, original.example, original.fits, original.rows) for original in ORIGINALS
)
