"""From published files to editions: recognised, read, checked, dated; stored only when all of them fit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from services.data import formats
from services.data.building import Builder, build
from services.data.part import Format, Found, Given, Origin
from services.data.progress import Progress
from services.data.sheet import Sheet, sheets
from services.jurisdictions.editions import Edition
from services.jurisdictions.model import Confidence
from services.jurisdictions.reading import At
from services.jurisdictions.table import Table

STANDS_IN = "{title} stands in for dates of service that it was not published for."


@dataclass(frozen=True, slots=True)
class Wanted:
    """What whoever imports says about the files; None and empty where the files are to tell."""

    folder: str = ""
    kind: str = ""
    effective_from: date | None = None
    effective_to: date | None = None
    stands_in_from: date | None = None
    stands_in_to: date | None = None
    title: str = ""
    section: str = ""
    url: str = ""
    confidence: Confidence | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Arrived:
    """What was read, and the files that were passed over with the reason."""

    editions: list[tuple[Edition, Table[Any]]] = field(default_factory=list)
    passed: list[tuple[str, str]] = field(default_factory=list)


def read(paths: Sequence[Path], wanted: Wanted, progress: Progress) -> Arrived:
    """The editions that files hold. BadRuleData, with line and column, when one of them is wrong."""
    found, passed = sheets(paths, progress)
    given = Given(
        wanted.folder, wanted.kind, wanted.effective_from, wanted.stands_in_from or wanted.effective_from
    )
    known: list[tuple[Sheet, Format]] = []
    for sheet in found:
        form = formats.of(sheet, given)
        if form is not None:
            known.append((sheet, form))
        elif sheet.path in paths and not sheet.member:
            raise At(str(sheet), "header").bad("is none of the forms we read; docs/data.md describes them")
        else:
            passed.append((str(sheet), "none of the forms we read"))
    builders = build(_rows(known, given))
    if not builders:
        raise At(", ".join(path.name for path in paths)).bad("holds no table that we read")
    own_dates = wanted.effective_from or wanted.effective_to
    spans = {(builder.part.origin.start, builder.part.origin.end) for builder in builders}
    if own_dates and len(spans) > 1:
        problem = "holds editions of several dates; --effective-from and --effective-to fit only one"
        raise At(", ".join(path.name for path in paths)).bad(problem)
    editions = [pair for builder in builders for pair in _editions(builder, wanted)]
    progress.clear()
    return Arrived(editions, passed)


def _rows(known: Sequence[tuple[Sheet, Format]], given: Given) -> Iterator[tuple[Sheet, Found]]:
    for sheet, form in known:
        one = None
        for one in form.rows(sheet, given):
            yield sheet, one
        if one is None:
            raise At(str(sheet)).bad("holds no rows")


def _editions(builder: Builder, wanted: Wanted) -> Iterator[tuple[Edition, Table[Any]]]:
    """The edition of a table; and those in which it stands in for dates it was not published for."""
    table = builder.table()
    origin = _origin(builder, wanted)
    edition = _edition(builder, origin)
    yield edition, table
    first, last = edition.effective_from, edition.effective_to
    if wanted.stands_in_from and wanted.stands_in_from < first:
        yield _stand_in(edition, wanted.stands_in_from, first - timedelta(days=1)), table
    if wanted.stands_in_to and last and wanted.stands_in_to > last:
        yield _stand_in(edition, last + timedelta(days=1), wanted.stands_in_to), table


def _stand_in(edition: Edition, first: date, last: date) -> Edition:
    note = f"{edition.note} {STANDS_IN.format(title=edition.title)}".strip()
    return replace(
        edition, effective_from=first, effective_to=last, confidence=Confidence.SECONDARY, note=note
    )


def _origin(builder: Builder, wanted: Wanted) -> Origin:
    read = builder.part.origin
    start = wanted.effective_from or read.start
    at = At(", ".join(str(sheet) for _, sheet in builder.sheets))
    if start is None:
        raise at.bad("does not say when it takes effect; give --effective-from, for example 2026-07-01")
    end = wanted.effective_to or read.end
    if end is not None and end < start:
        raise at.bad(f"would end on {end}, before it takes effect on {start}; give --effective-to")
    title, url = wanted.title or read.title, wanted.url or read.url
    if not title or not url:
        raise at.bad("does not say where it was published; give --title and --url")
    note = wanted.note or read.note
    sure = wanted.confidence or read.confidence
    if sure is Confidence.OFFICIAL and not wanted.note:
        note = ""
    if sure is not Confidence.OFFICIAL and not note:
        raise at.bad(f"is to be {sure}; say why with --note")
    return Origin(title, wanted.section or read.section or title, url, start, end, sure, note)


def _edition(builder: Builder, origin: Origin) -> Edition:
    assert origin.start is not None  # noqa: S101  # `_origin` refused it
    digest = hashlib.sha256()
    for path in dict.fromkeys(sheet.path for _, sheet in builder.sheets):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return Edition(
        id="",
        folder=builder.part.folder,
        kind=builder.part.kind.name,
        effective_from=origin.start,
        effective_to=origin.end,
        title=origin.title,
        section=origin.section,
        url=origin.url,
        confidence=origin.confidence,
        note=origin.note,
        rows=0,
        table_sha256="",
        file_sha256=digest.hexdigest(),
        file_name=", ".join(str(sheet) for _, sheet in builder.sheets),
        imported_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
