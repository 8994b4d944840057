"""`python -m services.insurance.load_directory`: many records of the directory at once, from a CSV file."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from services.config import Settings
from services.insurance.directory_rows import KINDS, Fault, read
from services.insurance.directory_store import Counts, operator_call, store
from services.kernel.db import Database, Tenant
from services.kernel.errors import DomainError

HELP = """\
Loads records of the directory from a CSV file in UTF-8, all of them or none.

  kind              columns of the file, in any order (* must be there and filled)
  patients          external_ref*  first_name*  last_name*  birth_date (as in 1985-03-31)
  locations         external_ref*  name*  is_active (yes or no; yes when empty)
  providers         external_ref*  first_name*  last_name*  npi (ten digits)
  users             external_ref*  name*  email
  procedure-codes   code*  description (your own words)  category

external_ref is the record's number in the practice's own software. It, or the code, tells which record a line
is about: a record that is there already is changed where it differs, so a file may be loaded again. Columns
that the file does not have stay as they are; an empty cell empties the field. Archived records
stay archived, and no record is ever removed.

Faults are printed with line and column, and nothing is stored. The exit status is 1 then.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; the exit status says whether all went well."""
    options = _parser().parse_args(arguments)
    settings = Settings.from_environment()
    if not settings.database_url:
        return _fail("there is no database: set DATABASE_URL, or start the embedded one with make up")
    try:
        text = options.file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return _fail(f"{options.file} cannot be read: {type(error).__name__}")
    rows, faults = read(options.kind, text)
    counts = Counts()
    if not faults:
        database = Database(settings.database_url, connections=1)
        try:
            call = operator_call(database, Tenant(options.org, options.live), options.kind)
            counts = store(KINDS[options.kind], rows, call, preview=options.preview)
        except DomainError as error:
            return _fail(f"nothing was stored: {error.message} Load the file again.")
        finally:
            database.close()
    _print(options, counts, faults)
    return 1 if faults else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m services.insurance.load_directory",
        description=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kind", choices=list(KINDS), help="what the file holds")
    parser.add_argument("file", type=Path, help="the CSV file")
    parser.add_argument("--org", required=True, help="the organization that the records belong to")
    parser.add_argument("--live", action="store_true", help="load into live mode; test mode otherwise")
    parser.add_argument("--preview", action="store_true", help="say what would happen and store nothing")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    return parser


def _print(options: argparse.Namespace, counts: Counts, faults: Sequence[Fault]) -> None:
    if options.json:
        outcome = {"kind": options.kind, "preview": options.preview, **asdict(counts)}
        sys.stdout.write(json.dumps({**outcome, "errors": [asdict(fault) for fault in faults]}) + "\n")
        return
    for fault in faults:
        sys.stdout.write(f"line {fault.line}, column {fault.column}: {fault.message}\n")
    if faults:
        sys.stdout.write(f"{len(faults)} faults; nothing was stored\n")
    else:
        would = " (preview: nothing was stored)" if options.preview else ""
        sys.stdout.write(
            f"{options.kind}: {counts.added} added, {counts.changed} changed,"
            f" {counts.unchanged} unchanged{would}\n"
        )


def _fail(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
