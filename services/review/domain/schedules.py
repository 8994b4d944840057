"""Which fee schedule pays a code: the physician fee schedule, or one of those beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from services.jurisdictions.kinds import (
    ANESTHESIA_BASE_UNITS,
    CLINICAL_LABORATORY,
    DRUG_PRICES,
    SUPPLIES,
    Kind,
)
from services.jurisdictions.missing import NoEditionInForce
from services.jurisdictions.rulebook import Rulebook

PHYSICIAN: Final = ""
ANESTHESIA: Final = "anesthesia"
LABORATORY: Final = "laboratory"
DRUGS: Final = "drugs"
SUPPLY: Final = "supplies"
SURGERY_CENTER: Final = "surgery center"
OUTPATIENT: Final = "outpatient"

TABLES: Final[Mapping[str, Kind[Any]]] = {
    ANESTHESIA: ANESTHESIA_BASE_UNITS,
    LABORATORY: CLINICAL_LABORATORY,
    DRUGS: DRUG_PRICES,
    SUPPLY: SUPPLIES,
}
"""The schedules beside the physician's that a program may name, and the table of the codes of each."""

SHAPES: Final[Mapping[str, re.Pattern[str]]] = {
    ANESTHESIA: re.compile(r"0[01][0-9]{3}"),
    LABORATORY: re.compile(r"[0-9]{4}[UM]"),
    DRUGS: re.compile(r"J[0-9]{4}|Q5[0-9]{3}"),
    SUPPLY: re.compile(r"[EKL][0-9]{4}"),
}
"""Codes that a schedule pays by their shape alone, whether its edition is held or not."""


def schedule_of(book: Rulebook, folders: Mapping[str, str], code: str, on: date) -> str:
    """The schedule that pays a code, of those in `folders` (name to folder of its table)."""
    for name, kind in TABLES.items():
        folder = folders.get(name)
        if folder is not None and (SHAPES[name].fullmatch(code) or _lists(book, folder, kind, code, on)):
            return name
    return PHYSICIAN


def _lists(book: Rulebook, folder: str, kind: Kind[Any], code: str, on: date) -> bool:
    try:
        return book.table(folder, kind, on).has(code)
    except NoEditionInForce:
        return False
