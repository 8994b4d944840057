"""The shipped rule data with tables of a test's own, as if their editions were imported."""

from __future__ import annotations

import hashlib

from services.jurisdictions.kinds import KINDS
from services.jurisdictions.pack import read_folder
from services.jurisdictions.rulebook import DATA, Rulebook
from services.review.domain import steps


def book_with(folder: str, kind: str, *rows: str, first: str, last: str) -> Rulebook:
    """The rule data and one table of `folder`; rows are CSV in the columns of the kind."""
    table = ("\n".join([KINDS[kind].header, *sorted(rows)]) + "\n").encode()
    source = (
        "title: Table of a test\nsection: rows by hand\nauthority: a test\n"
        "url: 'https://example.gov/table'\nretrieved: 2026-11-23\n"
        f"sha256: {hashlib.sha256(table).hexdigest()}\n"
        f"in_force: [{{from: {first}, to: {last}, confidence: official}}]\n"
    )
    files = read_folder(DATA)
    path = f"{folder}/{kind}/{first}"
    return Rulebook({**files, f"{path}.csv": table, f"{path}.source.yaml": source.encode()}, steps.KNOWN)
