"""What the commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from services.data.comparing import Difference
from services.jurisdictions.editions import Edition

OPEN = "open"


def as_json(value: Any) -> str:
    """JSON with every figure as the text it was printed as."""
    return json.dumps(value, indent=1, default=str)


def columns(rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Rows under each other, columns as wide as their widest cell; `right` are flush right."""
    held = [list(row) for row in rows]
    widths = [max(map(len, cells)) for cells in zip(*held, strict=True)]
    lines = (
        "  ".join(
            cell.rjust(width) if at in right else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in held
    )
    return "\n".join(lines)


def day(when: date | None) -> str:
    """A date, or `open`."""
    return when.isoformat() if when else OPEN


def edition_rows(editions: Iterable[Edition], active: Iterable[str]) -> list[tuple[str, ...]]:
    """A row for each edition, under a row of headings."""
    used = set(active)
    rows: list[tuple[str, ...]] = [("in use", "edition", "rows", "from", "to", "confidence", "file")]
    rows += [
        (
            "*" if e.id in used else "", e.id, f"{e.rows:,}", day(e.effective_from), day(e.effective_to),
            e.confidence.value, e.file_name,
        )
        for e in editions
    ]  # fmt: skip
    return rows


def difference(found: Difference, before: Edition, after: Edition, top: int) -> str:
    """A difference for people: counts first, then the `top` largest changes."""
    parts = [
        f"{before.folder} {before.kind}",
        f"  before  {before.effective_from}  {before.title}, {before.section}",
        f"  after   {after.effective_from}  {after.title}, {after.section}",
        "",
        f"{len(found.added):,} added, {len(found.removed):,} removed, {found.changed:,} changed",
    ]
    for word, names in (("added", found.added), ("removed", found.removed)):
        if names:
            more = f" and {len(names) - top:,} more" if len(names) > top else ""
            parts.append(f"{word}: {', '.join(names[:top])}{more}")
    if found.changes:
        rows = [("", "column", "before", "after", "moved", "percent")]
        rows += [
            (
                c.key, c.column, c.before or "-", c.after or "-",
                "" if c.moved is None else f"{c.moved:+}",
                "" if c.percent is None else f"{c.percent:+} %",
            )
            for c in found.changes[:top]
        ]  # fmt: skip
        parts += ["", columns(rows, right=(2, 3, 4, 5))]
        if len(found.changes) > top:
            parts.append(f"... {len(found.changes) - top:,} more; --top {len(found.changes)} prints all")
    return "\n".join(parts)


def difference_json(found: Difference, before: Edition, after: Edition, top: int) -> str:
    """The same as JSON."""
    body = asdict(found) | {"before": before.id, "after": after.id}
    body["changes"] = body["changes"][:top]
    return as_json(body)
