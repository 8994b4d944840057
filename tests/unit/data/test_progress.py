"""The bar is for people: it is drawn on a terminal and nowhere else."""

from __future__ import annotations

import io

import pytest

from services.data.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_how_far_the_file_is() -> None:
    stream = Terminal()
    progress = Progress(stream)
    progress.show("edits.csv", 50, 200)
    assert " 25 %  edits.csv" in stream.getvalue()
    progress.clear()
    assert stream.getvalue().endswith("\r\x1b[K")


@pytest.mark.parametrize("total", [0, 100])
def test_nothing_is_drawn_elsewhere(total: int) -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    progress.show("edits.csv", 50, total)
    progress.clear()
    assert stream.getvalue() == ""
