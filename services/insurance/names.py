"""Names that are unique whatever their case and spacing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func

from services.crud.resource import Values


def folded(name: ColumnElement[Any]) -> ColumnElement[Any]:
    """As the unique indexes over names see them."""
    folded_name: ColumnElement[Any] = func.lower(func.regexp_replace(func.btrim(name), r"\s+", " ", "g"))
    return folded_name


def trimmed(values: Values, name: str) -> Values:
    """The values, with this one without blanks around it."""
    return {**values, name: values[name].strip()} if name in values else values
