"""Python values as Lua source, deterministic to the byte."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ESCAPES = {ord('"'): '\\"', ord("\\"): "\\\\", ord("\n"): "\\n", ord("\r"): "\\r"}


class Raw(str):
    """Lua source that stands for itself, e.g. the name of a table."""

    __slots__ = ()


def lua(value: Any) -> str:
    """The value as a Lua expression. Members whose value is None are left out."""
    match value:
        case Raw():
            return str(value)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            return f'"{value.translate(ESCAPES)}"'
        case Mapping():
            members = (f"[{lua(k)}]={lua(v)}" for k, v in value.items() if v is not None)
            return "{" + ",".join(members) + "}"
        case Sequence():
            return "{" + ",".join(lua(v) for v in value) + "}"
    raise TypeError(f"no Lua form for {type(value).__name__}")
