"""What can be priced, since when and how surely: read off the programs, figures and tables themselves.

A program prices a service on a date when every figure and table is held that each of its lines needs.
The least sure of their sources decides for whom: official and secondary ones for everybody, a recalled
one for test credentials only. What only some lines meet (both sides, several procedures, a charge below
the amount) is not counted here; the trace of such a line tells.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final

from services.jurisdictions.index import Dated, FolderIndex, TablesInTime
from services.jurisdictions.kinds import (
    AMBULATORY_SURGERY,
    ANESTHESIA_BASE_UNITS,
    ANESTHESIA_FACTORS,
    CLINICAL_LABORATORY,
    DRUG_PRICES,
    FEES,
    GPCIS,
    OUTPATIENT,
    RELATIVE_VALUES,
    STATE_RELATIVE_VALUES,
    SUPPLIES,
    Kind,
)
from services.jurisdictions.model import Citation, Confidence, Program, StepSpec, Value

TABLES: Final[Mapping[str, tuple[str, Kind[Any]]]] = {
    "service": ("relative_values", RELATIVE_VALUES),
    "fee_table": ("table", FEES),
    "state_relative_value_rate": ("table", STATE_RELATIVE_VALUES),
}
"""Steps that need a table: the parameter that names its folder, and its kind."""
OF_A_BILL_TYPE: Final[Mapping[str, tuple[str, Kind[Any]]]] = {
    "laboratory_fee": ("laboratory", CLINICAL_LABORATORY),
    "drug": ("pharmacy", DRUG_PRICES),
    "supply_fee": ("supplies", SUPPLIES),
    "outpatient_rate": ("outpatient", OUTPATIENT),
    "surgery_center_rate": ("ambulatory_surgery", AMBULATORY_SURGERY),
}
"""Steps whose table is needed on one bill type: elsewhere they price some codes only."""
FIGURES: Final = {
    "relative_value_rate": "factor", "state_relative_value_rate": "factor", "percent": "percent",
    "percent_of_charge": "percent",
}  # fmt: skip
"""Steps that need a figure of every line: the parameter that names its key."""
FOR_TRIAL_WITHOUT: Final = "supplementary_table"
"""The step that prices for trial while its table is not held."""
EVERY_LINE: Final = frozenset({*TABLES, *FIGURES, "code_status", "setting", "region", "locality"})
"""Steps whose own source every priced line cites."""
GEOGRAPHY: Final = ("us_medicare", GPCIS)
SURENESS: Final = (Confidence.OFFICIAL, Confidence.SECONDARY, Confidence.RECALLED)
DAY: Final = timedelta(days=1)


class Answer(enum.StrEnum):
    """What such a line comes back as, unless something about the line itself holds it."""

    PRICED = "priced"
    TRIAL = "trial"
    """Priced with a warning for test credentials, held for live ones."""
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Reach:
    """The answer for some services of one bill type over a span of dates of service."""

    bill_type: str
    services: tuple[str, ...]
    """Sections of the schedule; empty: all it lists."""
    start: date
    end: date | None
    answer: Answer
    confidence: Confidence | None
    """Of the least sure source; None where nothing is priced."""
    why: str
    """What is missing or only recalled."""


@dataclass(frozen=True, slots=True)
class _Need:
    """A figure or table that every line needs."""

    what: str
    found: Dated[Value] | TablesInTime | None
    as_of: date | None = None
    for_trial_without: bool = False

    def at(self, on: date) -> Citation | None:
        item = self.found.at(self.as_of or on) if self.found is not None else None
        return None if item is None else item.citation

    def edges(self) -> Iterator[date]:
        for item in self.found or ():
            yield item.citation.effective_from
            if item.citation.effective_to is not None and item.citation.effective_to < date.max:
                yield item.citation.effective_to + DAY


def reach(folder: str, programs: Sequence[Program], folders: Mapping[str, FolderIndex]) -> tuple[Reach, ...]:
    """What the programs of a folder price, by date, services with the same answer together."""
    rows: list[Reach] = []
    for program in programs:
        services = _services(folder, program, folders)
        found: dict[Reach, list[str]] = {}
        for service in services:
            for span in _spans(folder, program, service, folders):
                found.setdefault(span, []).append(service)
        rows += [
            replace(span, services=() if names == services else tuple(_short(names)))
            for span, names in found.items()
        ]
    return tuple(sorted(rows, key=lambda row: (row.bill_type, row.start)))


def _short(services: Sequence[str]) -> Iterator[str]:
    """A section whose two settings are answered alike is named once."""
    for service in services:
        section, dot, setting = service.partition(".")
        if not dot or f"{section}.{'non' if setting == 'facility' else ''}facility" not in services:
            yield service
        elif setting == "facility":
            yield section


def _services(folder: str, program: Program, folders: Mapping[str, FolderIndex]) -> list[str]:
    """The parts of the schedule that figures tell apart; one nameless part where they do not."""
    ways = {step.params.get("by", "none") for step in program.steps if step.step in FIGURES}
    sections = folders[folder].sections
    if sections is None or not ways - {"none"}:
        return [""]
    names, parts = sorted(sections.names), [""]
    if "section_and_setting" in ways:
        parts = [".facility", ".nonfacility"]
    elif "section_and_region" in ways:
        regions = next(step.params for step in program.steps if step.step == "region")
        parts = [f".{region}" for region in regions]
    return [f"{name}{part}" for name in names for part in parts]


def _spans(
    folder: str, program: Program, service: str, folders: Mapping[str, FolderIndex]
) -> Iterator[Reach]:
    """Answers for one service, from change to change."""
    holds = (step.params for step in program.steps if step.step == "hold")
    held = next((params["reason"] for params in holds if set(params) == {"reason"}), "")
    needs = [] if held else list(_needs(folder, program, service, folders))
    rules = [step.citation for step in program.steps if step.step in EVERY_LINE and step.citation is not None]
    last = program.effective_to
    after = date.max if last is None else last + DAY
    edges = {edge for need in needs for edge in need.edges() if program.effective_from < edge < after}
    current: Reach | None = None
    for start, following in pairwise(sorted({program.effective_from, *edges, after})):
        end = None if following == date.max else following - DAY
        answer, confidence, why = (Answer.HELD, None, held) if held else _answer(needs, rules, start)
        next_one = Reach(program.bill_type, (), start, end, answer, confidence, why)
        if current is not None and _alike(current, next_one):
            current = replace(current, end=end)
            continue
        if current is not None:
            yield current
        current = next_one
    if current is not None:
        yield current


def _alike(one: Reach, other: Reach) -> bool:
    return (one.answer, one.confidence, one.why) == (other.answer, other.confidence, other.why)


def _needs(
    folder: str, program: Program, service: str, folders: Mapping[str, FolderIndex]
) -> Iterator[_Need]:
    if service.partition(".")[0] == "anesthesia" and any(step.step == "anesthesia" for step in program.steps):
        yield from _anesthesia(folder, program, folders)
        return
    for step in program.steps:
        kept = step.params.get("as_of")
        as_of = date.fromisoformat(kept) if kept else None
        optional = step.step == "fee_table" and step.params.get("missing") == "continue"
        if step.step in TABLES and not optional:
            param, kind = TABLES[step.step]
            tables = folders[step.params[param]].tables.get(kind.name)
            yield _Need(f"the {kind.title}", tables, as_of)
        bill_type, kind = OF_A_BILL_TYPE.get(step.step, ("", RELATIVE_VALUES))
        if bill_type == program.bill_type:
            tables = folders[step.params["table"]].tables.get(kind.name)
            yield _Need(f"the {kind.title}", tables)
        if step.step == FOR_TRIAL_WITHOUT:
            tables = folders[step.params["table"]].tables.get(FEES.name)
            yield _Need(f"the supplementary {FEES.title}", tables, for_trial_without=True)
        if step.step == "locality" and step.params["rule"] != "national":
            name, kind = GEOGRAPHY
            yield _Need(f"the {kind.title}", folders[name].tables.get(kind.name), as_of)
        if step.step in FIGURES:
            yield _figure(folder, step, service, folders)


def _anesthesia(folder: str, program: Program, folders: Mapping[str, FolderIndex]) -> Iterator[_Need]:
    """Base units and a factor, local ones or the jurisdiction's own, in place of relative values."""
    params = next(step.params for step in program.steps if step.step == "anesthesia")
    kinds: list[tuple[str, Kind[Any]]] = [(params["base_units"], ANESTHESIA_BASE_UNITS)]
    if "factors" in params:
        kinds.append((params["factors"], ANESTHESIA_FACTORS))
    else:
        figures = folders[folder]
        yield _Need(figures.titles[params["factor"]], figures.values.get(params["factor"]))
    for where, kind in kinds:
        yield _Need(f"the {kind.title}", folders[where].tables.get(kind.name))


def _figure(folder: str, step: StepSpec, service: str, folders: Mapping[str, FolderIndex]) -> _Need:
    """The figure of a step for a service, keyed as the step keys it."""
    named, by = step.params[FIGURES[step.step]], step.params.get("by", "none")
    other, colon, rest = named.partition(":")
    source, key = (folders[other], rest) if colon else (folders[folder], named)
    if by != "none":
        key = f"{key}.{service.partition('.')[0] if by == 'section' else service}"
    return _Need("the figure of the section" if by != "none" else source.titles[key], source.values.get(key))


def _not_held(needs: Iterable[_Need]) -> str:
    names = "; ".join(dict.fromkeys(need.what for need in needs))
    return f"Not held: {names}" if names else ""


def _answer(
    needs: Sequence[_Need], rules: Sequence[Citation], on: date
) -> tuple[Answer, Confidence | None, str]:
    cited = [(need, need.at(on)) for need in needs]
    lacking = [need for need, citation in cited if citation is None]
    if not needs or not all(need.for_trial_without for need in lacking):
        return Answer.HELD, None, f"{_not_held(lacking) or 'Not held: any figure'}."
    sources = [citation for _, citation in cited if citation is not None] + list(rules)
    least = max((source.confidence for source in sources), key=SURENESS.index)
    if lacking:
        return Answer.TRIAL, least, f"{_not_held(lacking)}."
    if least is not Confidence.RECALLED:
        return Answer.PRICED, least, ""
    recalled = dict.fromkeys(
        f"{source.title}, {source.section}" for source in sources if source.confidence is least
    )
    return Answer.TRIAL, least, f"From memory only: {'; '.join(recalled)}."
