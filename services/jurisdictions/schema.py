"""The permitted shape of the YAML rule files; strings become Decimal and date here.

A file that does not fit stops the start with the file, the key and what was expected. Fee
tables (CSV) are in `tables`; references between files are checked in `rulebook`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from services.jurisdictions.model import Citation, Coverage
from services.jurisdictions.reading import (
    At,
    Span,
    cite,
    day,
    matching,
    members,
    no_overlap,
    one_of,
    sequence,
    span,
    text,
    texts,
)

BASES: Final = frozenset(
    {
        "medicare_rbrvs",
        "percent_of_medicare",
        "state_rvu",
        "dollar_table",
        "percent_of_charge",
        "ucr",
        "none",
    }
)
BILL_TYPES: Final = frozenset(
    {"professional", "outpatient", "ambulatory_surgery", "laboratory", "pharmacy", "supplies"}
)
"""A file with one of these names holds a program; any other rule file holds values."""

_KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_CODE = re.compile(r"[A-Z]{2,12}")
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
_RANGE = re.compile(r"([A-Z0-9][0-9]{3}[A-Z0-9])(?:-([A-Z0-9][0-9]{3}[A-Z0-9]))?")


@dataclass(frozen=True, slots=True)
class Identity:
    """`jurisdiction.yaml`."""

    code: str
    name: str
    fee_schedule: str
    authority: str
    basis: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One key of a value file with its dated amounts; none means it exists but is not known."""

    key: str
    title: str
    unit: str
    applies_to: tuple[str, ...]
    amounts: tuple[tuple[Decimal, Citation], ...]


@dataclass(frozen=True, slots=True)
class SectionRule:
    """One entry of `sections.yaml`: a section name and its code ranges."""

    section: str
    ranges: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ProgramRule:
    """One dated list of steps, each with its parameters and citation."""

    span: Span
    steps: tuple[tuple[str, Mapping[str, str], Citation], ...]


@dataclass(frozen=True, slots=True)
class CoverageEntry:
    """One entry of `coverage.yaml`."""

    code: str
    name: str
    fee_schedule: str
    basis: str
    coverage: Coverage


def identity(file: str, raw: object) -> Identity:
    """`jurisdiction.yaml`."""
    at = At(file)
    got = members(at, raw, ("code", "name", "fee_schedule", "authority", "basis", "missing"))
    return Identity(
        code=matching(at / "code", got["code"], _CODE, "a code in capital letters"),
        name=text(at / "name", got["name"]),
        fee_schedule=text(at / "fee_schedule", got["fee_schedule"]),
        authority=text(at / "authority", got["authority"]),
        basis=one_of(at / "basis", got["basis"], BASES),
        missing=texts(at / "missing", got["missing"]),
    )


def figures(file: str, raw: object) -> tuple[Figure, ...]:
    """A value file: every key with title, unit and dated, cited values."""
    at = At(file)
    if not isinstance(raw, dict):
        raise at.bad("expected a mapping of keys")
    return tuple(_figure(at / str(key), key, body) for key, body in raw.items())


def _figure(at: At, key: object, raw: object) -> Figure:
    name = matching(at, key, _KEY, "a key in lower case, parts joined by dots")
    got = members(at, raw, ("title", "unit", "values"), ("applies_to",))
    spans: list[tuple[At, Span]] = []
    amounts: list[tuple[Decimal, Citation]] = []
    for i, item in enumerate(sequence(at / "values", got["values"])):
        here = at / "values" / i
        value = members(here, item, ("from", "value", "cite"), ("to",))
        when = span(here, value)
        spans.append((here, when))
        number = matching(here / "value", value["value"], _NUMBER, "a decimal number")
        amounts.append((Decimal(number), cite(here / "cite", value["cite"], when)))
    no_overlap(at, spans)
    targets = sequence(at / "applies_to", got.get("applies_to", []))
    return Figure(
        key=name,
        title=text(at / "title", got["title"]),
        unit=text(at / "unit", got["unit"]),
        applies_to=tuple(
            matching(at / "applies_to" / i, item, _KEY, "a key") for i, item in enumerate(targets)
        ),
        amounts=tuple(sorted(amounts, key=lambda pair: pair[1].effective_from)),
    )


def sections(file: str, raw: object) -> tuple[SectionRule, ...]:
    """`sections.yaml`: ordered, first match wins."""
    at = At(file)
    return tuple(_section(at / i, item) for i, item in enumerate(sequence(at, raw)))


def _section(at: At, raw: object) -> SectionRule:
    got = members(at, raw, ("section", "codes"))
    codes = sequence(at / "codes", got["codes"])
    if not codes:
        raise (at / "codes").bad("expected at least one code or range")
    return SectionRule(
        section=matching(at / "section", got["section"], _NAME, "a name in lower case"),
        ranges=tuple(code_range(at / "codes" / i, item) for i, item in enumerate(codes)),
    )


def shape(code: str) -> tuple[str, str]:
    """The letters a code starts and ends with; ranges hold only codes of their own shape."""
    first, last = code[:1], code[-1:]
    return (first if first.isalpha() else "", last if last.isalpha() else "")


def code_range(at: At, raw: object) -> tuple[str, str]:
    """`99202-99499` or a single code."""
    found = _RANGE.fullmatch(raw) if isinstance(raw, str) else None
    if found is None:
        raise at.bad(f"expected a five-character code or FIRST-LAST, found {raw!r}")
    first, last = found[1], found[2] or found[1]
    if shape(first)[1] != shape(last)[1] or first > last:
        raise at.bad(f"expected a range of one kind of code in order, found {raw!r}")
    return first, last


def programs(file: str, raw: object, known_steps: frozenset[str] | None) -> tuple[ProgramRule, ...]:
    """`professional.yaml`: dated lists of steps, in order."""
    at = At(file) / "programs"
    listed = sequence(at, members(At(file), raw, ("programs",))["programs"])
    read = [(at / i, _program(at / i, item, known_steps)) for i, item in enumerate(listed)]
    no_overlap(at, [(here, program.span) for here, program in read])
    return tuple(program for _, program in read)


def _program(at: At, raw: object, known_steps: frozenset[str] | None) -> ProgramRule:
    got = members(at, raw, ("from", "steps"), ("to",))
    when = span(at, got)
    listed = sequence(at / "steps", got["steps"])
    if not listed:
        raise (at / "steps").bad("expected at least one step")
    steps = tuple(_step(at / "steps" / i, item, when, known_steps) for i, item in enumerate(listed))
    return ProgramRule(when, steps)


def _step(
    at: At, raw: object, when: Span, known_steps: frozenset[str] | None
) -> tuple[str, Mapping[str, str], Citation]:
    got = members(at, raw, ("step", "cite"), ("with",))
    name = matching(at / "step", got["step"], _NAME, "the name of a step")
    if known_steps is not None and name not in known_steps:
        raise (at / "step").bad(f"unknown step {name!r}; known are {', '.join(sorted(known_steps))}")
    params = got.get("with", {})
    if not isinstance(params, dict):
        raise (at / "with").bad("expected a mapping of parameters")
    return (
        name,
        {str(k): text(at / "with" / str(k), v) for k, v in params.items()},
        cite(at / "cite", got["cite"], when),
    )


def coverage(file: str, raw: object) -> tuple[CoverageEntry, ...]:
    """`coverage.yaml`: one entry per jurisdiction, covered or not."""
    at = At(file)
    read = tuple(_coverage(at / i, item) for i, item in enumerate(sequence(at, raw)))
    seen: set[str] = set()
    for i, entry in enumerate(read):
        if entry.code in seen:
            raise (at / i / "code").bad(f"{entry.code} is listed twice")
        seen.add(entry.code)
    return read


def _coverage(at: At, raw: object) -> CoverageEntry:
    covered = isinstance(raw, dict) and raw.get("covered") == "true"
    identity_members = ("code", "name", "fee_schedule", "basis", "covered")
    got = members(
        at,
        raw,
        (*identity_members, "bill_types", "since", "verified_against")
        if covered
        else (*identity_members, "reason"),
    )
    one_of(at / "covered", got["covered"], frozenset({"true", "false"}))
    types = texts(at / "bill_types", got["bill_types"]) if covered else ()
    for i, kind in enumerate(types):
        one_of(at / "bill_types" / i, kind, BILL_TYPES)
    return CoverageEntry(
        code=matching(at / "code", got["code"], _CODE, "a code in capital letters"),
        name=text(at / "name", got["name"]),
        fee_schedule=text(at / "fee_schedule", got["fee_schedule"]),
        basis=one_of(at / "basis", got["basis"], BASES),
        coverage=Coverage(
            covered=covered,
            bill_types=types,
            since=day(at / "since", got["since"]) if covered else None,
            verified_against=(text(at / "verified_against", got["verified_against"]) if covered else ""),
            reason="" if covered else text(at / "reason", got["reason"]),
        ),
    )
