"""The store of imported editions: which there are, which are in use, and their tables.

One edition is one table of one publisher from one date of service on, and never changes: a folder
`<folder>/<kind>/<id>/` with `edition.json` and the mapped `table.npy`. `active.json` names the editions
in use. Of those that cover a date the one that took effect last is read, so a newer edition ends an
older one without a change to it. `services.data` writes the store; here it is only read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from services.jurisdictions.kinds import KINDS
from services.jurisdictions.model import Citation, Confidence
from services.jurisdictions.table import CitedTable, Table

ACTIVE: Final = "active.json"
ABOUT: Final = "edition.json"
TABLE: Final = "table.npy"


class EditionMissing(LookupError):  # noqa: N818  # a gap in the store, not a fault
    """An edition that is named is not in the store."""


@dataclass(frozen=True, slots=True)
class Edition:
    """What an edition is, where it was published, and which dates of service it is for."""

    id: str
    """`<folder>.<kind>.<first date>.<first 12 characters of the table's hash>`."""
    folder: str
    kind: str
    effective_from: date
    effective_to: date | None
    title: str
    section: str
    url: str
    confidence: Confidence
    note: str
    rows: int
    table_sha256: str
    file_sha256: str
    """Of the file it was imported from."""
    file_name: str
    imported_at: str

    @property
    def place(self) -> Path:
        """Its folder below the store."""
        return Path(self.folder, self.kind, self.id)

    @property
    def citation(self) -> Citation:
        """What its records are cited by."""
        return Citation(
            self.title, self.section, self.url, self.effective_from, self.effective_to, self.confidence,
            self.note,
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """As `edition.json` holds it."""
        return asdict(self) | {
            "effective_from": self.effective_from.isoformat(),
            "effective_to": self.effective_to.isoformat() if self.effective_to else None,
            "confidence": self.confidence.value,
        }

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> Edition:
        """From what `edition.json` holds."""
        end = raw["effective_to"]
        return Edition(
            **{
                **raw,
                "effective_from": date.fromisoformat(raw["effective_from"]),
                "effective_to": date.fromisoformat(end) if end else None,
                "confidence": Confidence(raw["confidence"]),
            }
        )


class Editions:
    """The editions of one store folder; an absent folder is an empty store."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def all(self) -> list[Edition]:
        """Every edition, by id."""
        return sorted((self._read(path) for path in self.root.glob(f"*/*/*/{ABOUT}")), key=lambda e: e.id)

    def active(self) -> tuple[str, ...]:
        """The ids of those in use."""
        path = self.root / ACTIVE
        return tuple(json.loads(path.read_text())) if path.exists() else ()

    def get(self, id_: str) -> Edition:
        """One edition by its id. EditionMissing when the store lacks it."""
        folder, kind, *_ = id_.split(".")
        path = self.root / folder / kind / id_ / ABOUT
        if not path.exists():
            raise EditionMissing(f"edition {id_} is not in the store {self.root}")
        return self._read(path)

    def open(self, edition: Edition) -> CitedTable[Any]:
        """The table of an edition, mapped."""
        kind = KINDS[edition.kind]
        return CitedTable(edition.citation, Table.open(kind, self.root / edition.place / TABLE), edition.id)

    def open_all(self, ids: Iterable[str]) -> dict[tuple[str, str], list[CitedTable[Any]]]:
        """Tables by folder and kind, the one that took effect first before the others."""
        found: dict[tuple[str, str], list[CitedTable[Any]]] = {}
        for edition in sorted((self.get(id_) for id_ in ids), key=lambda e: (e.effective_from, e.id)):
            found.setdefault((edition.folder, edition.kind), []).append(self.open(edition))
        return found

    def _read(self, path: Path) -> Edition:
        return Edition.from_json(json.loads(path.read_text()))
