"""Names: they say something, and the unique ones are so whatever their case and spacing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func

from services.crud.resource import Values
from services.kernel.errors import invalid


def folded(name: ColumnElement[Any]) -> ColumnElement[Any]:
    """As the unique indexes over names see them."""
    folded_name: ColumnElement[Any] = func.lower(func.regexp_replace(func.btrim(name), r"\s+", " ", "g"))
    return folded_name


def filled(values: Values, *names: str) -> Values:
    """The values, with these without blanks around them; one of nothing but blanks is refused."""
    texts = {name: values[name].strip() for name in names if name in values}
    for name, text in texts.items():
        if not text:
            raise invalid(name, "required", "must not be blank")
    return {**values, **texts}
