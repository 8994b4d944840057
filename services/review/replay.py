"""Compares a stored decision with its recomputation, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf.message import Message

from allowable.review.v1 import review_service_pb2 as pb

NOT_COMPUTED = frozenset({"review_id", "created_at", "livemode", "rule_trace_reference", "report_url"})
"""Given to the decision, not part of it."""

DIFFERENCES_SHOWN = 200


def differences(stored: pb.Review, again: pb.Review) -> list[pb.ReplayDifference]:
    """Every field that came out otherwise, up to a bound; none when the decisions are identical."""
    if stored.SerializeToString(deterministic=True) == again.SerializeToString(deterministic=True):
        return []
    found = []
    for path, before, after in _walk("", stored, again):
        found.append(pb.ReplayDifference(field=path, stored=before, recomputed=after))
        if len(found) == DIFFERENCES_SHOWN:
            break
    return found


def _walk(path: str, before: Message, after: Message) -> Iterator[tuple[str, str, str]]:
    for field in before.DESCRIPTOR.fields:
        if not path and field.name in NOT_COMPUTED:
            continue
        name = f"{path}.{field.json_name}" if path else field.json_name
        left, right = getattr(before, field.name), getattr(after, field.name)
        if field.is_repeated:
            yield from _walk_list(name, left, right)
        elif isinstance(left, Message):
            yield from _walk(name, left, right)
        elif left != right:
            yield name, str(left), str(right)


def _walk_list(path: str, before: Any, after: Any) -> Iterator[tuple[str, str, str]]:
    if len(before) != len(after):
        yield f"{path}.length", str(len(before)), str(len(after))
    for index, (left, right) in enumerate(zip(before, after, strict=False)):
        name = f"{path}[{index}]"
        if isinstance(left, Message):
            yield from _walk(name, left, right)
        elif left != right:
            yield name, str(left), str(right)
