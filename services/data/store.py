"""Writes the store of editions that `services.jurisdictions.editions` reads.

One writer at a time holds a lock. A folder appears whole or not at all, because it is written beside its
place and then renamed; which editions are in use is one small file, replaced in one step.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from services.jurisdictions.editions import ABOUT, ACTIVE, TABLE, Edition, EditionMissing, Editions
from services.jurisdictions.table import Table

INCOMING: Final = ".incoming"
LOCK: Final = ".lock"
ID_HASH: Final = 12
SAME_TABLE: Final = ("imported_at", "file_name", "file_sha256")
"""What may differ when a table is imported again."""


class Refused(ValueError):  # noqa: N818  # reads better where it is raised
    """The store cannot do what was asked; the text says why and what to do."""


class Store:
    """The one place that changes a store folder."""

    def __init__(self, root: Path) -> None:
        self.root: Final = root
        self.editions: Final = Editions(root)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Holds the lock; what a writer that died left behind is removed first."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            shutil.rmtree(self.root / INCOMING, ignore_errors=True)
            yield

    def put(self, arrived: Sequence[tuple[Edition, Table[Any]]]) -> list[tuple[Edition, bool]]:
        """Writes editions, whose ids are made here; False beside those that were there already.

        Everything is written before the first one appears.
        """
        scratch = self.root / INCOMING
        scratch.mkdir()
        written: list[tuple[Edition, Path | None]] = []
        for edition, table in arrived:
            folder = Path(tempfile.mkdtemp(dir=scratch))
            folder.chmod(0o755)
            named = _identified(edition, table, folder / TABLE)
            if (self.root / named.place).exists():
                self._require_same(named)
                written.append((self.editions.get(named.id), None))
            else:
                _write(folder / ABOUT, json.dumps(named.to_json(), indent=1) + "\n")
                written.append((named, folder))
        for edition, fresh in written:
            if fresh is not None:
                place = self.root / edition.place
                place.parent.mkdir(parents=True, exist_ok=True)
                fresh.rename(place)
        shutil.rmtree(scratch)
        return [(edition, fresh is not None) for edition, fresh in written]

    def activate(self, editions: Sequence[Edition]) -> list[str]:
        """Puts editions in use and returns the ids they replace: same table, same first day."""
        active = self.editions.active()
        replaced = [
            id_ for id_ in active for new in editions
            if id_ != new.id and id_.split(".")[:3] == new.id.split(".")[:3]
        ]  # fmt: skip
        self._use((set(active) | {edition.id for edition in editions}) - set(replaced))
        return replaced

    def deactivate(self, editions: Sequence[Edition]) -> None:
        """Takes editions out of use; they stay in the store, so that decisions can be replayed."""
        self._use(set(self.editions.active()) - {edition.id for edition in editions})

    def remove(self, edition: Edition) -> None:
        """Deletes an edition. Refused while it is in use."""
        if edition.id in self.editions.active():
            raise Refused(f"{edition.id} is in use; deactivate it first")
        doomed = self.root / INCOMING
        (self.root / edition.place).rename(doomed)
        shutil.rmtree(doomed)

    def named(self, beginning: str) -> Edition:
        """The edition with an id, or with the only id that begins so."""
        try:
            return self.editions.get(beginning)
        except (EditionMissing, ValueError):
            found = [edition for edition in self.editions.all() if edition.id.startswith(beginning)]
        if len(found) == 1:
            return found[0]
        if not found:
            raise Refused(f"no edition begins with {beginning!r}; `list` prints them")
        listed = ", ".join(edition.id for edition in found)
        raise Refused(f"{len(found)} editions begin with {beginning!r}: {listed}")

    def _use(self, ids: set[str]) -> None:
        scratch = self.root / f".{ACTIVE}"
        _write(scratch, json.dumps(sorted(ids), indent=1) + "\n")
        scratch.replace(self.root / ACTIVE)

    def _require_same(self, again: Edition) -> None:
        there = self.editions.get(again.id)
        kept = {name: getattr(there, name) for name in SAME_TABLE}
        if replace(again, **kept) != there:
            old, new = there.to_json(), again.to_json()
            named = ", ".join(
                f"{name} {old[name]}, now {new[name]}"
                for name in old
                if name not in SAME_TABLE and old[name] != new[name]
            )
            problem = f"{there.id} is in the store with other particulars ({named})"
            raise Refused(f"{problem}; deactivate and remove it to import it anew")


def _identified(edition: Edition, table: Table[Any], path: Path) -> Edition:
    table.save(path)
    with path.open("rb") as file:
        os.fsync(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    id_ = f"{edition.folder}.{edition.kind}.{edition.effective_from}.{digest[:ID_HASH]}"
    return replace(edition, id=id_, table_sha256=digest, rows=len(table))


def _write(path: Path, content: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
