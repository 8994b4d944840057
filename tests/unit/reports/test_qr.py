"""The QR code: one SVG with a title, a quiet zone, and the modules that segno computed."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import segno

from services.reports import render_qr
from tests.unit.reports.samples import LINK

SVG = "{http://www.w3.org/2000/svg}"


def test_it_is_a_titled_image_with_a_quiet_zone() -> None:
    root = ET.fromstring(render_qr.svg(LINK.url))  # noqa: S314  # our own document
    assert root.attrib["role"] == "img"
    title = root.find(f"{SVG}title")
    assert title is not None
    assert title.text == render_qr.TITLE
    assert root.attrib["aria-labelledby"] == title.attrib["id"]
    size = len(segno.make_qr(LINK.url, error="m").matrix) + 8
    assert root.attrib["viewBox"] == f"0 0 {size} {size}"


def test_the_path_draws_exactly_the_dark_modules() -> None:
    runs = re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", render_qr.svg(LINK.url))
    drawn = {(int(x) + i - 4, int(y) - 4) for x, y, width, _ in runs for i in range(int(width))}
    matrix = segno.make_qr(LINK.url, error="m", boost_error=False).matrix
    assert drawn == {(x, y) for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark}
    assert all(width == back for _, _, width, back in runs)
