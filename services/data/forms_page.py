"""The page of the docs that describes what can be imported, written from the kinds and the forms themselves.

`python -m services.data.forms_page` prints it, or with `--write FILE` puts it into a file.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from services.data.formats import FORMATS
from services.data.formats.csv_form import PASSED_OVER
from services.jurisdictions.kinds import KINDS, Kind

WRITE: Final = "python -m services.data.forms_page --write docs/data.md"
HEAD: Final = f"""# Full schedules

Written from the forms themselves by `{WRITE}`.

`python -m services.data import PATH` reads what agencies publish and our own CSV form, as `.csv`,
`.txt`, either of them gzipped, a `.zip` as published, or a folder. What a file is, its heading
tells; when it takes effect, its lines above the table, its name or the name of its archive; what is
not told is asked for. Nothing is guessed and nothing is half done: a wrong file is refused with
line and column, and nothing changes.

Tables carry codes and figures, never descriptors: those of CPT and CDT are licensed and are not
read.

## Editions

An edition is one table of one publisher from one date of service on, and never changes. It holds
for the dates its release was published for: relative values, indices and rates to the end of the
year, price lists and edits to the end of the quarter. Of the editions in use that cover a date, the
one that took effect last is read, and the starter table of that kind only where there is none.
`--stands-in-from` and `--stands-in-to` use a release for other dates too, as a secondary source
that says so in every citation. A table published in parts (Addenda AA and BB; the four files of
pair edits) is imported in one command.

The publisher's own file is `official`. A table in the CSV form was carried over by somebody, so it
is `secondary` with a note, unless `--confidence official` says that it holds the official figures
unchanged.

## Published forms

| what | named for example |
|---|---|
"""
CSV: Final = """
Not read: `.xlsx` (save the sheet as CSV), the fixed-width `PPRRVU….txt` (its CSV lies in the same
archive), pair edits for hospitals (`ccioph`).

## The CSV form

The first line names the columns, in any order. A column `year`, or `start_date` and `end_date` as
YYYY-MM-DD, says which edition a row belongs to, so that one file can hold several. Figures stand as
printed, without currency sign; an empty cell is "nothing is printed". A key stands once.

The file name tells the rest: `…_2026.csv`, `…_2026q3.csv` or `…_2026_jul.csv` when it takes effect,
`wc_nc_…` whose table it is; or say it with `--effective-from`, `--effective-to`, `--folder`,
`--title` and `--url`. Where two kinds have the same columns, the name has a word that decides
(`practitioner`, `outpatient`, `supplier`, `plus4`), or say `--kind`.
"""


def page() -> str:
    """The page as Markdown."""
    forms = "".join(f"| {form.name} | `{form.example}` |\n" for form in FORMATS)
    return HEAD + forms + CSV + "".join(line for kind in KINDS.values() for line in _kind(kind))


def _kind(kind: Kind[Any]) -> Iterator[str]:
    yield f"\n### `{kind.name}`\n\n{kind.title[:1].upper()}{kind.title[1:]}.\n\n"
    yield "| column | a cell is | |\n|---|---|---|\n"
    for column in kind.columns:
        yield f"| `{column.name}` | {column.wanted} | {'key' if column in kind.key else ''} |\n"
    if others := PASSED_OVER.get(kind.name):
        named = ", ".join(f"`{name}`" for name in sorted(others))
        yield f"\nMay stand beside them, and are passed over: {named}.\n"


def main() -> None:
    """Prints the page, or writes it."""
    parser = argparse.ArgumentParser(prog="python -m services.data.forms_page", description=__doc__)
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page into this file")
    target: Path | None = parser.parse_args().write
    if target is None:
        sys.stdout.write(page())
    else:
        target.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
