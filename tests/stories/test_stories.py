"""Tells every story of the folder over gRPC and over REST, through the real gateway."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.stack import Stack
from tests.harness.stories import TRANSPORTS, Story, load, tell

STORIES = [(story, transport) for story in load(Path(__file__).parent) for transport in TRANSPORTS]


@pytest.mark.parametrize(
    ("story", "transport"), STORIES, ids=[f"{s.file}: {s.story} [{t}]" for s, t in STORIES]
)
def test_story(story: Story, transport: str, stack: Stack) -> None:
    tell(story, transport, stack)
