"""Answers put together as bytes.

A protobuf message on the wire is the concatenation of its fields, and parts of one message, one behind
the other, are read as their merge. So what is the same in many answers is serialized once and laid down
again, and a large answer is never copied from message to message.
"""

from __future__ import annotations

from functools import lru_cache

from google.protobuf.descriptor import Descriptor

LENGTH_DELIMITED = 2
SEVEN_BITS, MORE = 0x7F, 0x80


class Encoded:
    """An answer that is serialized already; stands wherever only that is asked of a message."""

    __slots__ = ("_content",)

    def __init__(self, content: bytes) -> None:
        self._content = content

    def SerializeToString(self) -> bytes:  # noqa: N802 - the name that messages have
        """The bytes of the answer."""
        return self._content


def tag(message: Descriptor, field: str) -> bytes:
    """What stands before every value of a field that holds messages."""
    return varint(message.fields_by_name[field].number << 3 | LENGTH_DELIMITED)


def part(tag_of_field: bytes, content: bytes) -> bytes:
    """One value of a field that holds messages."""
    return tag_of_field + varint(len(content)) + content


@lru_cache(maxsize=4096)
def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    written = bytearray()
    while number > SEVEN_BITS:
        written.append(number & SEVEN_BITS | MORE)
        number >>= 7
    written.append(number)
    return bytes(written)
