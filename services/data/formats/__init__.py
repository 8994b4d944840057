"""The published forms we read, told apart by their heads; the first that fits is taken."""

from __future__ import annotations

from typing import Final

from services.data.formats import (
    code_pairs,
    counties,
    csv_form,
    originals,
    relative_values,
    states,
    zip_localities,
)
from services.data.part import Format, Given
from services.data.sheet import Sheet

FORMATS: Final[tuple[Format, ...]] = (
    *zip_localities.FORMATS,
    *counties.FORMATS,
    *states.FORMATS,
    csv_form.FORMAT,
    *relative_values.FORMATS,
    *code_pairs.FORMATS,
    *originals.FORMATS,
)


def of(sheet: Sheet, given: Given) -> Format | None:
    """The form of a file; None when it is none of ours."""
    return next((form for form in FORMATS if form.fits(sheet, given)), None)
