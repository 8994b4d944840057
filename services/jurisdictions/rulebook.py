"""All rule data, loaded and indexed once at start, then only read; shared by every thread.

Every lookup is by date of service. What has no answer raises one of `missing`, never the
nearest figure. Shapes of the files are in `schema` and `tables`; nothing here prices a line.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final, Literal, cast

from services.jurisdictions import pack
from services.jurisdictions.index import Dated, FolderIndex, SectionIndex
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
    Citation,
    Jurisdiction,
    Locality,
    Program,
    RelativeValue,
    Service,
    Value,
)
from services.jurisdictions.tables import LocalityTable, ZipTable

DATA: Final = Path(__file__).parent / "data"
NATIONAL: Final = "NATIONAL"

Setting = Literal["facility", "nonfacility"]


class Rulebook:
    """Read-only answers to "what does the rule data say for this date?"."""

    def __init__(self, files: pack.Files, known_steps: frozenset[str] | None = None) -> None:
        self._files = dict(sorted(files.items()))
        self.version: Final = pack.rules_version(self._files)
        self.data_version: Final = pack.fees_version(self._files)
        loaded: Loaded = load_files(self._files, known_steps)
        self._folders: Mapping[str, FolderIndex] = loaded.folders
        self._jurisdictions: Mapping[str, Jurisdiction] = loaded.jurisdictions
        self._localities: Dated[LocalityTable] = loaded.localities
        self._zips: Dated[ZipTable] = loaded.zips
        self._places: Mapping[str, str] = loaded.places
        self._services: Mapping[str, Service] = loaded.services
        self._national: Final = loaded.national

    @classmethod
    def load(cls, path: Path = DATA, known_steps: frozenset[str] | None = None) -> Rulebook:
        """The rule data of a folder; `known_steps` are the step names the engine has."""
        return cls(pack.read_folder(path), known_steps)

    @classmethod
    def load_bytes(cls, snapshot: bytes, known_steps: frozenset[str] | None = None) -> Rulebook:
        """The rule data of a snapshot."""
        return cls(pack.read_snapshot(snapshot), known_steps)

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

    def program(self, code: str, bill_type: str, on: date) -> Program:
        """The steps that price a bill type on a date of service."""
        jurisdiction = self.jurisdiction(code)
        folder = self._folders.get(jurisdiction.folder)
        dated = folder.programs.get(bill_type) if folder else None
        found = dated.at(on) if dated else None
        if found is None:
            raise NoProgram(code, jurisdiction.name, bill_type, on)
        return found

    def value(self, folder: str, key: str, on: date) -> Value:
        """A dated figure; a key `folder:name` is read in that folder instead."""
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

    def relative_value(self, folder: str, code: str, modifier: str, on: date) -> RelativeValue | None:
        """The row of a code and modifier; None when the edition in force has no such row."""
        index = self._folders.get(folder)
        table = index.rates.at(on) if index else None
        if table is None:
            raise NoEditionInForce(f"relative value table of {folder}", on)
        return table.find(code, modifier)

    def has_code(self, folder: str, code: str, on: date) -> bool:
        """Whether the edition in force lists the code with any modifier."""
        index = self._folders.get(folder)
        table = index.rates.at(on) if index else None
        if table is None:
            raise NoEditionInForce(f"relative value table of {folder}", on)
        return code in table.codes

    def locality(self, locality_id: str, on: date) -> Locality:
        """A payment locality with its indices on a date; NATIONAL has all indices 1."""
        if locality_id == NATIONAL:
            return self._national
        table = self._localities.at(on)
        if table is None:
            raise NoEditionInForce("geographic index table", on)
        found = table.by_id.get(locality_id)
        if found is None:
            raise UnknownLocality(locality_id, on)
        return found

    def localities(self, on: date) -> tuple[Locality, ...]:
        """All payment localities on a date."""
        table = self._localities.at(on)
        if table is None:
            raise NoEditionInForce("geographic index table", on)
        return tuple(table.by_id.values())

    def locality_for_zip(self, zip5: str, on: date) -> Locality:
        """The payment locality of the ZIP code where the service was given."""
        table = self._zips.at(on)
        if table is None:
            raise NoEditionInForce("ZIP to locality table", on)
        found = table.find(zip5)
        if found is None:
            raise UnknownZip(zip5, on)
        _, locality, needs_plus4 = found
        if needs_plus4:
            raise NeedsZipPlus4(zip5)
        return self.locality(locality, on)

    def zip_citation(self, on: date) -> Citation:
        """Who says which ZIP code belongs to which locality on a date."""
        table = self._zips.at(on)
        if table is None:
            raise NoEditionInForce("ZIP to locality table", on)
        return table.citation

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
