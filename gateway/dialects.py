"""Reads dialects.yaml: how each API family speaks REST. Refuses names it does not know."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

SOURCE = Path(__file__).with_name("dialects.yaml")


@dataclass(frozen=True, slots=True)
class Dialect:
    """One family's ways."""

    family: str
    paths: tuple[str, ...]
    casing: str
    error_form: str
    invalid_body_status: int
    body_bytes: int
    numeric_text: bool
    gzip_required: tuple[str, ...]
    oauth_errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds and sizes that hold for all families."""

    request_headers_seconds: float
    rest_idle_seconds: float
    rest_seconds: float
    grpc_seconds: float
    header_kilobytes: int
    buffer_bytes: int
    inflate_ratio: int
    form_bytes: int


@dataclass(frozen=True, slots=True)
class Dialects:
    """The whole file."""

    families: dict[str, Dialect]
    limits: Limits
    rate_limit_policy: str
    native_services: tuple[str, ...]

    def of(self, family: str) -> Dialect:
        """The family's dialect; a family without one stops the start."""
        try:
            return self.families[family]
        except KeyError:
            raise SystemExit(
                f"{SOURCE.name}: families.{family} is missing; name at least its paths"
            ) from None

    @property
    def largest_body(self) -> int:
        """What the size filter lets through; smaller limits are checked per route."""
        return max(dialect.body_bytes for dialect in self.families.values())


def load_dialects(source: Path = SOURCE) -> Dialects:
    """Reads and checks the file."""
    content: dict[str, Any] = yaml.safe_load(source.read_text())
    defaults = content["defaults"]
    return Dialects(
        families={name: _dialect(name, {**defaults, **own}) for name, own in content["families"].items()},
        limits=Limits(**content["limits"]),
        rate_limit_policy=content["rate_limit"]["policy"],
        native_services=tuple(content["native_services"]),
    )


def _dialect(family: str, values: dict[str, Any]) -> Dialect:
    unknown = values.keys() - {field.name for field in fields(Dialect)}
    if unknown:
        raise SystemExit(f"{SOURCE.name}: families.{family} has unknown keys: {', '.join(sorted(unknown))}")
    for name, allowed in {
        "casing": {"snake_case", "camelCase"},
        "error_form": {"problem", "insurance"},
    }.items():
        if values[name] not in allowed:
            raise SystemExit(
                f"{SOURCE.name}: families.{family}.{name} must be one of {', '.join(sorted(allowed))}"
            )
    ready: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return Dialect(family=family, **ready)
