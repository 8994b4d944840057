"""Texts that must say something."""

from __future__ import annotations

from services.crud.resource import Values
from services.kernel.errors import invalid


def filled(values: Values, name: str) -> Values:
    """The values, with this one without blanks around it; one of nothing but blanks is refused."""
    if name not in values:
        return values
    text = values[name].strip()
    if not text:
        raise invalid(name, "required", "must not be blank")
    return {**values, name: text}
