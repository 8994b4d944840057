"""From data files to indexes: reads each file by its place, then checks what files say of others.

A place we do not know is refused: a misspelt file name would otherwise be silently ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeVar

from services.jurisdictions import pack, schema, tables
from services.jurisdictions.index import Dated, FolderIndex, SectionIndex, TablesInTime
from services.jurisdictions.kinds import KINDS, RELATIVE_VALUES
from services.jurisdictions.model import (
    Citation,
    Confidence,
    Jurisdiction,
    Locality,
    Program,
    Service,
    StepSpec,
    Value,
)
from services.jurisdictions.reading import At, Span, day, no_overlap, parse
from services.jurisdictions.table import CitedTable, Table

T = TypeVar("T")

Imported = Mapping[tuple[str, str], Sequence[CitedTable[Any]]]

COVERAGE: Final = "coverage.yaml"
VALUE_PARAMS: Final = (
    "factor", "labor", "limit", "minutes", "most", "nonphysician", "percent", "percents", "several",
    "share", "stopped",
)  # fmt: skip
"""Step parameters that name a value key, or the part of it before the section."""
FOLDER_PARAMS: Final = (
    "anesthesia", "base_units", "drugs", "factors", "laboratory", "relative_values", "supplies", "table",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Loaded:
    """All indexes of a rulebook."""

    folders: Mapping[str, FolderIndex]
    jurisdictions: Mapping[str, Jurisdiction]
    places: Mapping[str, str]
    services: Mapping[str, Service]
    national: Locality


@dataclass(slots=True)
class _Folder:
    """What was read of one folder so far."""

    name: str
    identity: schema.Identity | None = None
    figures: dict[str, tuple[str, schema.Figure]] = field(default_factory=dict)
    rules: dict[str, tuple[schema.ProgramRule, ...]] = field(default_factory=dict)
    programs: dict[str, tuple[Program, ...]] = field(default_factory=dict)
    sections: SectionIndex | None = None
    tables: dict[str, list[tuple[At, CitedTable[Any]]]] = field(default_factory=dict)


@dataclass(slots=True)
class _Shared:
    """Tables every folder uses, wherever they are kept."""

    places: dict[str, str] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)


def load_files(files: pack.Files, known_steps: frozenset[str] | None, imported: Imported) -> Loaded:
    """Reads and checks all files; `imported` are the tables of editions by folder and kind."""
    folders: dict[str, _Folder] = {}
    shared = _Shared()
    coverage: tuple[schema.CoverageEntry, ...] = ()
    for path, content in files.items():
        if path == COVERAGE:
            coverage = schema.coverage(path, parse(path, content))
            continue
        if path == pack.EDITIONS:
            continue
        name, slash, rest = path.partition("/")
        if not slash:
            raise At(path).bad(f"expected {COVERAGE} or a file in a jurisdiction's folder")
        folder = folders.setdefault(name, _Folder(name))
        if path.endswith(".csv"):
            _read_table(folder, shared, rest, path, files)
        elif path.endswith(".source.yaml"):
            _require(files, path, path.removesuffix(".source.yaml") + ".csv")
        else:
            _read_rules(folder, rest, path, content, known_steps)
    for folder in folders.values():
        _finish(folder, folders)
    indexes = {name: _index(folder, imported) for name, folder in folders.items()}
    return Loaded(
        folders=indexes,
        jurisdictions=_jurisdictions(coverage, folders),
        places=shared.places,
        services=shared.services,
        national=_national(),
    )


def _require(files: pack.Files, path: str, other: str) -> bytes:
    if other not in files:
        raise At(path).bad(f"expected {other} beside it")
    return files[other]


def _read_rules(
    folder: _Folder, rest: str, path: str, content: bytes, known_steps: frozenset[str] | None
) -> None:
    name = rest.removesuffix(".yaml")
    raw = parse(path, content)
    if "/" in rest:
        raise At(path).bad("expected rule files directly in the jurisdiction's folder")
    if name == "jurisdiction":
        folder.identity = schema.identity(path, raw)
    elif name == "sections":
        folder.sections = SectionIndex(schema.sections(path, raw))
    elif name in schema.BILL_TYPES:
        folder.rules[name] = schema.programs(path, raw, known_steps)
    else:
        for figure in schema.figures(path, raw):
            for key in (figure.key, *figure.applies_to):
                if key in folder.figures:
                    problem = f"{key} is already given in {folder.figures[key][0]}"
                    raise At(path, figure.key).bad(problem)
                folder.figures[key] = (path, figure)


def _program(code: str, bill_type: str, rule: schema.ProgramRule) -> Program:
    steps = tuple(StepSpec(name, params, cited) for name, params, cited in rule.steps)
    return Program(code, bill_type, rule.span.start, rule.span.end, steps)


def _read_table(folder: _Folder, shared: _Shared, rest: str, path: str, files: pack.Files) -> None:
    content = files[path]
    source_path = path.removesuffix(".csv") + ".source.yaml"
    raw = parse(source_path, _require(files, path, source_path))
    kind, slash, _ = rest.partition("/")
    source = tables.source(source_path, raw, content, dated=bool(slash))
    windows = [(At(source_path, f"in_force[{i}]"), w) for i, w in enumerate(source.in_force)]
    if kind in KINDS and slash:
        table = Table.build(KINDS[kind], tables.read(KINDS[kind], path, content))
        found = folder.tables.setdefault(kind, [])
        edition = f"{folder.name}.{kind}.{tables.edition_date(path)}.{raw['sha256'][:12]}"
        found += [(at, CitedTable(cited, table, edition, starter=True)) for at, cited in windows]
    elif rest == "place_of_service.csv":
        shared.places = tables.places(path, content)
    elif rest == "services.csv":
        shared.services = tables.services(path, content)
    else:
        raise At(path).bad(
            "expected a folder named as a kind of table and a date as name, place_of_service.csv"
            " or services.csv"
        )


def _finish(folder: _Folder, folders: Mapping[str, _Folder]) -> None:
    """Builds the programs; steps may only name declared value keys and folders with rates."""
    if folder.identity is None:
        raise At(f"{folder.name}/jurisdiction.yaml").bad("is missing")
    for bill_type, rules in folder.rules.items():
        programs = tuple(_program(folder.identity.code, bill_type, rule) for rule in rules)
        folder.programs[bill_type] = programs
        at = At(f"{folder.name}/{bill_type}.yaml", "programs")
        for i, program in enumerate(programs):
            for j, step in enumerate(program.steps):
                _check_step(at / i / "steps" / j / "with", folder, step, folders)


def _check_step(at: At, folder: _Folder, step: StepSpec, folders: Mapping[str, _Folder]) -> None:
    for param in VALUE_PARAMS:
        if param in step.params and not _declared(step.params[param], folder, folders):
            raise (at / param).bad(f"no value file declares {step.params[param]!r}")
    if "as_of" in step.params:
        day(at / "as_of", step.params["as_of"])
    for param in FOLDER_PARAMS:
        if param in step.params:
            other = folders.get(step.params[param])
            if other is None or (param == RELATIVE_VALUES.name and param not in other.tables):
                wanted = (
                    f"a folder with {param}/" if param == RELATIVE_VALUES.name else "the name of a folder"
                )
                raise (at / param).bad(f"expected {wanted}: {step.params[param]!r}")


def _declared(key: str, folder: _Folder, folders: Mapping[str, _Folder]) -> bool:
    other, colon, name = key.partition(":")
    source = folders.get(other) if colon else folder
    name = name if colon else key
    return source is not None and any(
        known == name or known.startswith(f"{name}.") for known in source.figures
    )


def _dated(found: list[tuple[At, T]], cited: Callable[[T], Citation]) -> Dated[T]:
    spans = [(at, Span(cited(t).effective_from, cited(t).effective_to)) for at, t in found]
    if spans:
        no_overlap(spans[0][0], spans)
    return Dated((cited(t).effective_from, cited(t).effective_to, t) for _, t in found)


def _index(folder: _Folder, imported: Imported) -> FolderIndex:
    by_figure = {
        figure.key: Dated(
            (cited.effective_from, cited.effective_to, value) for value, cited in _values(folder.name, figure)
        )
        for _, figure in folder.figures.values()
    }
    return FolderIndex(
        values={key: by_figure[figure.key] for key, (_, figure) in folder.figures.items()},
        titles={key: figure.title for key, (_, figure) in folder.figures.items()},
        programs={
            bill_type: Dated((p.effective_from, p.effective_to, p) for p in programs)
            for bill_type, programs in folder.programs.items()
        },
        sections=folder.sections,
        tables={
            kind: TablesInTime(
                _dated(folder.tables.get(kind, []), lambda table: table.citation),
                imported.get((folder.name, kind), ()),
            )
            for kind in KINDS
            if kind in folder.tables or (folder.name, kind) in imported
        },
    )


def _values(folder: str, figure: schema.Figure) -> list[tuple[Value, Citation]]:
    return [
        (Value(f"{folder}:{figure.key}", amount, figure.unit, cited), cited)
        for amount, cited in figure.amounts
    ]


def _jurisdictions(
    coverage: tuple[schema.CoverageEntry, ...],
    folders: Mapping[str, _Folder],
) -> dict[str, Jurisdiction]:
    by_code = {f.identity.code: f for f in folders.values() if f.identity is not None}
    listed = {entry.code for entry in coverage}
    for code, folder in by_code.items():
        if code not in listed:
            raise At(f"{folder.name}/jurisdiction.yaml", "code").bad(f"{COVERAGE} lacks {code}")
    found = {entry.code: _jurisdiction(entry, by_code.get(entry.code)) for entry in coverage}
    return dict(sorted(found.items()))


def _jurisdiction(entry: schema.CoverageEntry, folder: _Folder | None) -> Jurisdiction:
    if folder is None or folder.identity is None:
        if entry.coverage.covered:
            raise At(COVERAGE, entry.code).bad("is covered but no folder has this code")
        return Jurisdiction(
            entry.code, entry.name, "", entry.fee_schedule, "", entry.basis, (), (),
            (entry.coverage.reason,), entry.coverage,
        )  # fmt: skip
    known = folder.identity
    for bill_type in entry.coverage.bill_types:
        if not folder.programs.get(bill_type):
            raise At(COVERAGE, entry.code).bad(f"is covered for {bill_type} without a program")
    own = {figure.key: figure for _, figure in folder.figures.values()}
    return Jurisdiction(
        code=known.code,
        name=known.name,
        folder=folder.name,
        fee_schedule=known.fee_schedule,
        authority=known.authority,
        basis=known.basis,
        programs=tuple(p for programs in folder.programs.values() for p in programs),
        values=tuple(v for key in sorted(own) for v, _ in _values(folder.name, own[key])),
        missing=known.missing,
        coverage=entry.coverage,
    )


def _national() -> Locality:
    """No geographic adjustment: what a schedule pays that uses relative values as they are."""
    cited = Citation(
        title="National amount without geographic adjustment",
        section="indices of 1 for work, practice expense and malpractice",
        url="https://www.cms.gov/medicare/payment/fee-schedules/physician",
        effective_from=date.min,
        effective_to=None,
        confidence=Confidence.OFFICIAL,
    )
    one = Decimal(1)
    return Locality("NATIONAL", "National", "", one, one, one, cited)
