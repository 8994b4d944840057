"""Path templates of google.api.http as exact paths, regular expressions and Lua patterns."""

from __future__ import annotations

import re
from collections.abc import Callable

from gateway.contract import VARIABLE, Binding

# A last segment holds no colon, so that `/reviews/{id}` never swallows `/reviews/{id}:replay`.
SEGMENT, LAST_SEGMENT = "[^/]+", "[^/:]+"


def specificity(binding: Binding) -> tuple[int, list[int], str, str]:
    """Sorts literal segments before variables, so that `/plans/stats` wins over `/plans/{id}`."""
    segments = binding.template.split("/")
    return len(segments), [len(VARIABLE.findall(s)) for s in segments], binding.template, binding.verb


def regex(template: str) -> str:
    """RE2 expression of the whole path."""
    return _translate(template, re.escape, lambda pattern: pattern)


def lua_pattern(template: str) -> str:
    """Lua pattern with one capture per variable."""
    return f"^{_translate(template, lua_escape, lambda pattern: f'({pattern})')}$"


def lua_escape(text: str) -> str:
    """Takes the meaning from Lua's magic characters."""
    return re.sub(r"([^\w/])", r"%\1", text)


def _translate(template: str, literal: Callable[[str], str], variable: Callable[[str], str]) -> str:
    parts: list[str] = []
    position = 0
    for match in VARIABLE.finditer(template):
        last = "/" not in template[match.end() :]
        parts += [literal(template[position : match.start()]), variable(LAST_SEGMENT if last else SEGMENT)]
        position = match.end()
    return "".join([*parts, literal(template[position:])])
