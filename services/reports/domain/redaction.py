"""The second lock on the door: sentences and figures of a decision, freed of what could name a person.

The first lock is that `report` has no field for such things. But sentences of the engine may name the
date of service or the ZIP code they failed on, and a step may list them among its figures. Of a date
only the year stays, as 45 CFR 164.514(b)(2)(i)(C) permits.
"""

from __future__ import annotations

import re

WITHHELD = "not shown"

_MONTHS = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<![\d.])(?P<year>(?:19|20)\d\d)-\d\d-\d\d(?:[T ]\d\d:\d\d\S*)?(?!\d)",
        r"(?<![\d.])\d{1,2}[/-]\d{1,2}[/-](?P<year>(?:19|20)\d\d)(?!\d)",
        rf"\b{_MONTHS}\.? \d{{1,2}}(?:st|nd|rd|th)?,? (?P<year>(?:19|20)\d\d)\b",
        rf"\b\d{{1,2}}(?:st|nd|rd|th)? {_MONTHS}\.?,? (?P<year>(?:19|20)\d\d)\b",
    )
)
_COMPACT_DATE = re.compile(r"(?P<year>(?:19|20)\d\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_ZIP = re.compile(r"\b(zip(?:[ +_-]*code)?(?: is| of|:|=)? *)\d{5}(?:-?\d{4})?\b", re.IGNORECASE)
_ZIP_PLUS_4 = re.compile(r"(?<![\d-])\d{5}-\d{4}(?![\d-])")
_TAX_ID = re.compile(r"(?<![\d-])(?:\d{2}-\d{7}|\d{3}-\d{2}-\d{4})(?![\d-])")
# Control characters break documents; direction marks make a text read as something it is not.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]+"
)

_PERSONAL = frozenset(
    [
        "zip",
        "zip5",
        "zip4",
        "dos",
        "diagnosis",
        "diagnoses",
        "icd",
        "icd10",
        "npi",
        "tin",
        "ssn",
        "tax",
        "patient",
        "claim",
        "claimant",
        "birth",
        "birthday",
        "born",
        "age",
        "member",
        "address",
    ]
)
_DATED = re.compile(r"\bdates?[ _.]of[ _.]|[ _.]dates?$|^dates?$")


def sentence(text: str) -> str:
    """Prose without exact dates, ZIP codes or identifiers of nine digits."""
    text = plain(text)
    for pattern in _DATES:
        text = pattern.sub(r"a date in \g<year>", text)
    text = _ZIP.sub(rf"\1({WITHHELD})", text)
    text = _ZIP_PLUS_4.sub(f"({WITHHELD})", text)
    return _TAX_ID.sub(f"({WITHHELD})", text)


def figure(name: str, value: str) -> str:
    """The value of a figure; withheld when its name says that it could point at a person."""
    value = plain(value)
    if not value:
        return ""
    if _PERSONAL & set(re.findall(r"[a-z0-9]+", name.lower())):
        return WITHHELD
    if _DATED.search(name.lower()):
        compact = _COMPACT_DATE.fullmatch(value)
        shown = f"a date in {compact['year']}" if compact else sentence(value)
        return shown if shown != value else WITHHELD
    return sentence(value)


def plain(text: str) -> str:
    """The text on one line, without invisible characters."""
    return " ".join(_INVISIBLE.sub(" ", text).split())
