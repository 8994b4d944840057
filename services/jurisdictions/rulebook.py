"""All rule data, loaded and indexed once at start, then only read; shared by every thread.

Every lookup is by date of service. What has no answer raises one of `missing`, never the
nearest figure. Shapes of the files are in `schema` and `tables`; nothing here prices a line.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, cast

from services.jurisdictions import pack
from services.jurisdictions.editions import Editions
from services.jurisdictions.index import FolderIndex, SectionIndex
from services.jurisdictions.kinds import GPCIS, LOCALITIES, LOCALITIES_PLUS4, RELATIVE_VALUES, Kind
from services.jurisdictions.loading import Loaded, load_files
from services.jurisdictions.missing import (
    NeedsZipPlus4,
    NoEditionInForce,
    NoProgram,
    NoValueInForce,
    UnknownJurisdiction,
    UnknownLocality,
    UnknownPlaceOfService,
    UnknownZip,
)
from services.jurisdictions.model import (
    Jurisdiction,
    Locality,
    Program,
    RelativeValue,
    Service,
    Value,
)
from services.jurisdictions.reach import Reach, reach
from services.jurisdictions.records import ZipRange
from services.jurisdictions.table import CitedTable

DATA: Final = Path(__file__).parent / "data"
NATIONAL: Final = "NATIONAL"
MEDICARE: Final = "us_medicare"
"""The folder whose localities every jurisdiction uses."""

ANSWERS_REMEMBERED: Final = 20_000

R = TypeVar("R")
T = TypeVar("T")

Setting = Literal["facility", "nonfacility"]


def remember(answers: dict[Any, T], asked: Any, answer: T) -> T:
    """Keeps the answer to a question, a bounded number of them."""
    if len(answers) >= ANSWERS_REMEMBERED:
        answers.clear()
    answers[asked] = answer
    return answer


class Rulebook:
    """Read-only answers to "what does the rule data say for this date?"."""

    def __init__(
        self,
        files: pack.Files,
        known_steps: frozenset[str] | None = None,
        editions: Editions | None = None,
    ) -> None:
        self._files = dict(sorted(files.items()))
        named: list[str] = json.loads(self._files.get(pack.EDITIONS, b"[]"))
        imported = (editions or Editions(Path("nowhere"))).open_all(named)
        self.version: Final = pack.rules_version(self._files)
        self.data_version: Final = pack.fees_version(self._files)
        loaded: Loaded = load_files(self._files, known_steps, imported)
        self._folders: Mapping[str, FolderIndex] = loaded.folders
        self._jurisdictions: Mapping[str, Jurisdiction] = loaded.jurisdictions
        self._names = {entry.folder: entry.name for entry in loaded.jurisdictions.values()}
        self._places: Mapping[str, str] = loaded.places
        self._services: Mapping[str, Service] = loaded.services
        self._national: Final = loaded.national
        self._changes: Final = {name: set(folder.changes()) for name, folder in loaded.folders.items()}
        self._periods: dict[str, list[date]] = {}
        self._values: dict[tuple[str, str, date], Value] = {}
        self._localities: dict[tuple[str, date], Locality] = {}
        self._tables: dict[tuple[str, str, date], CitedTable[Any]] = {}

    @classmethod
    def load(
        cls,
        path: Path = DATA,
        known_steps: frozenset[str] | None = None,
        editions: Editions | None = None,
    ) -> Rulebook:
        """The rule data of a folder; `known_steps` are the step names the engine has.

        `editions` adds the imported editions in use: on a date that one of them covers, it replaces the
        starter table of its kind.
        """
        files = pack.read_folder(path)
        if editions is not None and (active := editions.active()):
            files[pack.EDITIONS] = json.dumps(sorted(active)).encode()
        return cls(files, known_steps, editions)

    @classmethod
    def load_bytes(
        cls,
        snapshot: bytes,
        known_steps: frozenset[str] | None = None,
        editions: Editions | None = None,
    ) -> Rulebook:
        """The rule data of a snapshot. EditionMissing when the store lacks an edition that it names."""
        return cls(pack.read_snapshot(snapshot), known_steps, editions)

    def snapshot(self) -> bytes:
        """All data files in one value; loading it gives the same answers and versions."""
        return pack.write_snapshot(self._files)

    def jurisdictions(self) -> tuple[Jurisdiction, ...]:
        """Every jurisdiction, covered or not, by code."""
        return tuple(self._jurisdictions.values())

    def jurisdiction(self, code: str) -> Jurisdiction:
        """One jurisdiction by its code, e.g. TX."""
        found = self._jurisdictions.get(code)
        if found is None:
            raise UnknownJurisdiction
        return found

    def reach(self, code: str) -> tuple[Reach, ...]:
        """What a jurisdiction's programs price, since when and how surely."""
        entry = self.jurisdiction(code)
        return reach(entry.folder, entry.programs, self._folders)

    def program(self, code: str, bill_type: str, on: date) -> Program:
        """The steps that price a bill type on a date of service."""
        jurisdiction = self.jurisdiction(code)
        folder = self._folders.get(jurisdiction.folder)
        dated = folder.programs.get(bill_type) if folder else None
        found = dated.at(on) if dated else None
        if found is None:
            raise NoProgram(code, jurisdiction.name, bill_type, on)
        return found

    def folders_read(self, code: str) -> frozenset[str]:
        """The folders that say what a jurisdiction pays: its own, Medicare's, and those its programs name."""
        own = self.jurisdiction(code).folder
        folder = self._folders.get(own)
        named = folder.named() if folder else ()
        return frozenset({own, MEDICARE}.union(named).intersection(self._folders))

    def period(self, code: str, on: date) -> int:
        """Dates of one period have the same number: nothing that the jurisdiction reads changes within it."""
        starts = self._periods.get(code)
        if starts is None:
            read = [self._changes[folder] for folder in self.folders_read(code)]
            starts = self._periods[code] = sorted(set().union(*read))
        return bisect_right(starts, on)

    def value(self, folder: str, key: str, on: date) -> Value:
        """A dated figure; a key `folder:name` is read in that folder instead."""
        asked = (folder, key, on)
        known = self._values.get(asked)
        return known or remember(self._values, asked, self._value(*asked))

    def _value(self, folder: str, key: str, on: date) -> Value:
        other, colon, name = key.partition(":")
        if not colon:
            other, name = folder, key
        index = self._folders.get(other)
        dated = index.values.get(name) if index else None
        found = dated.at(on) if dated else None
        if found is None:
            title = index.titles.get(name, "") if index else ""
            raise NoValueInForce(f"{other}:{name}", on, title)
        return found

    def section(self, folder: str, code: str) -> str | None:
        """The section a folder puts a procedure code in; the suffix of its value keys."""
        index = self._folders.get(folder)
        sections: SectionIndex | None = index.sections if index else None
        return sections.find(code) if sections else None

    def table(self, folder: str, kind: Kind[R], on: date) -> CitedTable[R]:
        """The table of a kind in force on a date."""
        asked = (folder, kind.name, on)
        known: CitedTable[R] | None = self._tables.get(asked)
        return known or remember(self._tables, asked, self._table(folder, kind, on))

    def _table(self, folder: str, kind: Kind[R], on: date) -> CitedTable[R]:
        index = self._folders.get(folder)
        tables = index.tables.get(kind.name) if index else None
        found = tables.at(on) if tables else None
        if found is None:
            raise NoEditionInForce(f"{kind.title} of {self._names.get(folder, folder)}", on)
        return found

    def holds(self, folder: str, kind: Kind[Any], on: date) -> bool:
        """Whether a table of a kind is in force on a date."""
        try:
            self.table(folder, kind, on)
        except NoEditionInForce:
            return False
        return True

    def row(self, folder: str, kind: Kind[R], on: date, *key: str) -> R | None:
        """A row of the table in force on a date; None when it has no such row."""
        return self.table(folder, kind, on).find(*key)

    def relative_value(self, folder: str, code: str, modifier: str, on: date) -> RelativeValue | None:
        """The row of a code and modifier; None when the edition in force has no such row."""
        return self.row(folder, RELATIVE_VALUES, on, code, modifier)

    def has_code(self, folder: str, code: str, on: date) -> bool:
        """Whether the edition in force lists the code with any modifier."""
        return self.table(folder, RELATIVE_VALUES, on).has(code)

    def locality(self, locality_id: str, on: date) -> Locality:
        """A payment locality with its indices on a date; NATIONAL has all indices 1."""
        if locality_id == NATIONAL:
            return self._national
        asked = (locality_id, on)
        found = self._localities.get(asked) or self.row(MEDICARE, GPCIS, on, *locality_id.split("-"))
        if found is None:
            raise UnknownLocality(locality_id, on)
        return remember(self._localities, asked, found)

    def localities(self, on: date) -> tuple[Locality, ...]:
        """All payment localities on a date."""
        return tuple(self.table(MEDICARE, GPCIS, on).starting_with())

    def locality_for_zip(self, zip_code: str, on: date) -> Locality:
        """The payment locality of the ZIP code where the service was given: five digits, or `12345-6789`."""
        return self.locality(self.zip_range(zip_code, on).locality, on)

    def zip_range(self, zip_code: str, on: date) -> ZipRange:
        """The range a ZIP code lies in; where the last four digits decide, the range of those."""
        zip5, _, plus4 = zip_code.partition("-")
        found = self._range(LOCALITIES, zip5, on)
        if found is None:
            raise UnknownZip(zip5, on)
        if not found.needs_plus4:
            return found
        index = self._folders[MEDICARE].tables.get(LOCALITIES_PLUS4.name)
        held = index is not None and index.at(on) is not None
        exact = self._range(LOCALITIES_PLUS4, zip5 + plus4, on) if held and plus4 else None
        if exact is None:
            raise NeedsZipPlus4(zip5, held=held)
        return exact

    def _range(self, kind: Kind[ZipRange], digits: str, on: date) -> ZipRange | None:
        cited = self.table(MEDICARE, kind, on)
        position = cited.table.last_at_most(digits)
        found = None if position is None else cited.at(position)
        return found if found and len(digits) == len(found.last) and digits <= found.last else None

    def setting(self, place_of_service: str) -> Setting:
        """Which practice expense a place of service is paid with."""
        found = self._places.get(place_of_service)
        if found is None:
            raise UnknownPlaceOfService
        return cast("Setting", found)

    def plain_words(self, code: str) -> str:
        """Our own words for a code; empty for codes outside the starter schedule."""
        found = self._services.get(code)
        return found.plain_words if found else ""

    def services(self) -> tuple[Service, ...]:
        """The codes of the starter schedule in our own words."""
        return tuple(self._services.values())
