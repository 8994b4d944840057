"""The permitted shape of the CSV tables and of the source file beside each of them.

Rows are checked when loaded, cell by cell, but become records only when asked for: a full edition
has 20,000 rows and a review touches a dozen. The columns of each kind of table are in `kinds`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from services.jurisdictions.kinds import Kind, Row
from services.jurisdictions.model import Citation, Confidence, Service
from services.jurisdictions.reading import (
    At,
    Span,
    confidence,
    day,
    matching,
    members,
    no_overlap,
    sequence,
    span,
    text,
    url,
)

PLACE_COLUMNS: Final = "pos,setting,name"
SERVICE_COLUMNS: Final = "code,section,plain_words"

_PLACE_ROW: Final = re.compile(r"([0-9]{2}),(facility|nonfacility),(.+)")
_NAME_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SERVICE_ROW: Final = re.compile(r"([A-Z0-9][0-9]{3}[A-Z0-9]),([a-z][a-z0-9_]*),(.+)")


@dataclass(frozen=True, slots=True)
class Source:
    """The `.source.yaml` beside a table: who says so, and for which service dates."""

    title: str
    section: str
    url: str
    in_force: tuple[Citation, ...]


def source(file: str, raw: object, table: bytes, *, dated: bool) -> Source:
    """A source file; the hash in it must be the one of the table beside it."""
    at = At(file)
    required = ("title", "section", "authority", "url", "retrieved", "sha256")
    got = members(at, raw, (*required, "in_force") if dated else required, ("note",))
    day(at / "retrieved", got["retrieved"])
    text(at / "authority", got["authority"])
    actual = hashlib.sha256(table).hexdigest()
    if got["sha256"] != actual:
        raise (at / "sha256").bad(f"expected {actual}, the hash of the table beside it")
    title, section, address = (
        text(at / "title", got["title"]),
        text(at / "section", got["section"]),
        url(at / "url", got["url"]),
    )
    listed = sequence(at / "in_force", got["in_force"]) if dated else []
    windows = tuple(
        _window(at / "in_force" / i, item, (title, section, address)) for i, item in enumerate(listed)
    )
    no_overlap(
        at / "in_force",
        [(at / "in_force" / i, _span_of(window)) for i, window in enumerate(windows)],
    )
    return Source(title, section, address, windows)


def _window(at: At, raw: object, cited: tuple[str, str, str]) -> Citation:
    got: Mapping[str, Any] = members(at, raw, ("from", "to", "confidence"), ("note",))
    when = span(at, got)
    sure = confidence(at / "confidence", got["confidence"])
    note = text(at / "note", got["note"]) if "note" in got else ""
    if sure is not Confidence.OFFICIAL and not note:
        raise (at / "note").bad("is missing; a window that is not official says why it holds")
    return Citation(*cited, when.start, when.end, sure, note)


def _span_of(citation: Citation) -> Span:
    return Span(citation.effective_from, citation.effective_to)


def _rows(file: str, content: bytes, columns: str, row: re.Pattern[str]) -> list[re.Match[str]]:
    """Every row matched; the header must be exactly the documented one."""
    lines = content.decode("utf-8", "replace").splitlines()
    if not lines or lines[0] != columns:
        raise At(file, "header").bad(f"expected {columns}")
    found = []
    for number, line in enumerate(lines[1:], start=2):
        match = row.fullmatch(line)
        if match is None:
            raise At(file, f"line {number}").bad(f"expected {columns} as {row.pattern}")
        found.append(match)
    return found


def read(kind: Kind[Any], file: str, content: bytes) -> Iterator[Row]:
    """The rows of a table in the CSV form of its kind. Refused with line and column, nothing is skipped."""
    lines = csv.reader(io.StringIO(content.decode("utf-8", "replace"), newline=""))
    if ",".join(next(lines, [])) != kind.header:
        raise At(file, "header").bad(f"expected {kind.header}")
    check = Checker(kind, file)
    for number, cells in enumerate(lines, start=2):
        yield check(f"line {number}", tuple(cells))


class Checker:
    """Checks rows of a kind one by one; remembers cells that fit, and keys that were there."""

    def __init__(self, kind: Kind[Any], file: str) -> None:
        self._kind = kind
        self._file = file
        self._keys: set[Row] = set()
        self._fitting: list[set[str]] = [set() for _ in kind.columns]

    def __call__(self, where: str, cells: Row) -> Row:
        """The row itself when its cells fit and its key is new."""
        key = self.fitting(where, cells)[: len(self._kind.key)]
        if key in self._keys:
            raise At(self._file, where).bad(f"{' '.join(key)} is listed twice")
        self._keys.add(key)
        return cells

    def fitting(self, where: str, cells: Row) -> Row:
        """The row itself, or a refusal that names where it stands and which column is wrong."""
        columns = self._kind.columns
        if len(cells) != len(columns):
            raise At(self._file, where).bad(f"expected {len(columns)} cells, found {len(cells)}")
        for column, cell, fitting in zip(columns, cells, self._fitting, strict=True):
            if cell not in fitting:
                if not column.fits(cell):
                    raise At(self._file, f"{where}, column {column.name}").bad(
                        f"expected {column.wanted}, found {cell[:40]!r}"
                    )
                fitting.add(cell)
        return cells


def places(file: str, content: bytes) -> dict[str, str]:
    """`place_of_service.csv`: facility or nonfacility by place of service code."""
    found: dict[str, str] = {}
    for match in _rows(file, content, PLACE_COLUMNS, _PLACE_ROW):
        if match[1] in found:
            raise At(file, match[1]).bad("is listed twice")
        found[match[1]] = match[2]
    return found


def services(file: str, content: bytes) -> dict[str, Service]:
    """`services.csv`: the starter codes in our own plain words."""
    found: dict[str, Service] = {}
    for match in _rows(file, content, SERVICE_COLUMNS, _SERVICE_ROW):
        if match[1] in found:
            raise At(file, match[1]).bad("is listed twice")
        found[match[1]] = Service(match[1], match[2], match[3])
    return found


def edition_date(file: str) -> date:
    """The date in a table's file name, which is when the edition took effect."""
    name = file.rsplit("/", 1)[-1].removesuffix(".csv")
    return day(At(file, "file name"), matching(At(file, "file name"), name, _NAME_DATE, "a date"))
