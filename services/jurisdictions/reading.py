"""Reading untrusted values: where we are in a file, and small readers that refuse politely.

Everything that does not fit raises `BadRuleData` with the file, the key and what was expected.
YAML is read with every scalar as a string: plain YAML reads code 00100 as 64, NO as false and
0.1 as a float. Which members a file has is in `schema`.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import yaml

from services.jurisdictions.model import Citation, Confidence

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_URL = re.compile(r"https?://[^\s/]+\.[^\s/]+(/\S*)?")


class BadRuleData(ValueError):  # noqa: N818  # reads better where it is raised
    """A data file does not have its permitted shape; the text names file and key."""

    def __init__(self, file: str, key: str, problem: str) -> None:
        super().__init__(f"{file}: {key}: {problem}" if key else f"{file}: {problem}")
        self.file = file
        self.key = key


@dataclass(frozen=True, slots=True)
class At:
    """Where we are in a file, for errors."""

    file: str
    key: str = ""

    def __truediv__(self, part: str | int) -> At:
        if isinstance(part, int):
            return At(self.file, f"{self.key}[{part}]")
        return At(self.file, f"{self.key}.{part}" if self.key else part)

    def bad(self, problem: str) -> BadRuleData:
        """The error to raise here."""
        return BadRuleData(self.file, self.key, problem)


@dataclass(frozen=True, slots=True)
class Span:
    """A range of service dates, both ends included; no end means until replaced."""

    start: date
    end: date | None


_Base: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class _StringLoader(_Base):  # type: ignore[misc]  # the C loader when libyaml is there
    """Every scalar a string, and a key written twice refused instead of the last one winning."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002
        keys = [child.value for child, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} is written twice", node.start_mark
                )
        loaded: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return loaded


def parse(file: str, content: bytes) -> Any:
    """The YAML document of a file, scalars as strings."""
    try:
        return yaml.load(content, Loader=_StringLoader)  # noqa: S506  # a safe loader: strings only
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadRuleData(file, "", f"expected a YAML document: {error}") from error


def members(at: At, raw: object, required: Sequence[str], optional: Sequence[str] = ()) -> Mapping[str, Any]:
    """A mapping with exactly the permitted members."""
    if not isinstance(raw, dict):
        raise at.bad("expected a mapping")
    for name in required:
        if name not in raw:
            raise (at / name).bad("is missing")
    for name in raw:
        if name not in required and name not in optional:
            permitted = ", ".join([*required, *optional])
            raise (at / str(name)).bad(f"unknown member; permitted are {permitted}")
    return raw


def text(at: At, raw: object) -> str:
    """A non-empty string without blanks around it."""
    if not isinstance(raw, str) or not raw or raw != raw.strip():
        raise at.bad("expected a text that is not empty")
    return raw


def sequence(at: At, raw: object) -> list[Any]:
    """A list, possibly empty."""
    if raw == "":
        return []
    if not isinstance(raw, list):
        raise at.bad("expected a list")
    return raw


def texts(at: At, raw: object) -> tuple[str, ...]:
    """A list of texts."""
    return tuple(text(at / i, item) for i, item in enumerate(sequence(at, raw)))


def matching(at: At, raw: object, pattern: re.Pattern[str], wanted: str) -> str:
    """A string that fits a pattern."""
    if not isinstance(raw, str) or not pattern.fullmatch(raw):
        raise at.bad(f"expected {wanted}, found {raw!r}")
    return raw


def one_of(at: At, raw: object, permitted: frozenset[str]) -> str:
    """One of a set of words."""
    if not isinstance(raw, str) or raw not in permitted:
        raise at.bad(f"expected one of {', '.join(sorted(permitted))}, found {raw!r}")
    return raw


def day(at: At, raw: object) -> date:
    """An ISO date."""
    try:
        return date.fromisoformat(matching(at, raw, _DATE, "a date as YYYY-MM-DD"))
    except ValueError as error:
        if isinstance(error, BadRuleData):
            raise
        raise at.bad(f"expected a date of the calendar, found {raw!r}") from error


def span(at: At, raw: Mapping[str, Any]) -> Span:
    """The members `from` and optional `to`."""
    start = day(at / "from", raw["from"])
    end = day(at / "to", raw["to"]) if "to" in raw else None
    if end is not None and end < start:
        raise (at / "to").bad(f"expected a date on or after from ({start}), found {end}")
    return Span(start, end)


def no_overlap(at: At, spans: Sequence[tuple[At, Span]]) -> None:
    """Refuses two spans that share a day, and an open span before another."""
    ordered = sorted(spans, key=lambda pair: pair[1].start)
    for (_, earlier), (later_at, later) in pairwise(ordered):
        if earlier.end is None or earlier.end >= later.start:
            raise later_at.bad(
                f"overlaps the span from {earlier.start} to {earlier.end or 'open'} of {at.key}"
            )


def url(at: At, raw: object) -> str:
    """An http or https address."""
    return matching(at, raw, _URL, "an http or https address")


def confidence(at: At, raw: object) -> Confidence:
    """One of the three confidences."""
    return Confidence(one_of(at, raw, frozenset(Confidence)))


def cite(at: At, raw: object, when: Span) -> Citation:
    """A citation; a recalled one must say in its note where the figure comes from."""
    got = members(at, raw, ("title", "section", "url", "confidence"), ("note",))
    sure = confidence(at / "confidence", got["confidence"])
    note = text(at / "note", got["note"]) if "note" in got else ""
    if sure is Confidence.RECALLED and not note:
        raise (at / "note").bad("is missing; a recalled figure says where it comes from")
    return Citation(
        title=text(at / "title", got["title"]),
        section=text(at / "section", got["section"]),
        url=url(at / "url", got["url"]),
        effective_from=when.start,
        effective_to=when.end,
        confidence=sure,
        note=note,
    )
