"""The QR code of a report's address as SVG: to print, to scan, and with a title for who cannot see it."""

from __future__ import annotations

import segno

TITLE = "QR code with the address of this report"
QUIET = 4
"""Modules of white around the code; ISO/IEC 18004 asks for four."""
PIXELS = 8
"""Size of a module when nobody sets another: large enough for a phone at arm's length."""


def svg(url: str) -> str:
    """A complete SVG document, black on white whatever is behind it."""
    path, size = _path(url)
    pixels = size * PIXELS
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{pixels}" height="{pixels}"'
        f' viewBox="0 0 {size} {size}" shape-rendering="crispEdges" role="img" aria-labelledby="qr-title">'
        f'<title id="qr-title">{TITLE}</title>'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path fill="#000" d="{path}"/></svg>'
    )


def _path(url: str) -> tuple[str, int]:
    """One subpath per run of dark modules, and the side of the code with its quiet zone.

    Level M survives a crease or a stamp on paper and keeps the modules larger than level H would.
    """
    code = segno.make_qr(url, error="m", boost_error=False)
    runs = []
    for y, row in enumerate(code.matrix):
        x = 0
        while x < len(row):
            end = x
            while end < len(row) and row[end] == row[x]:
                end += 1
            if row[x]:
                runs.append(f"M{x + QUIET} {y + QUIET}h{end - x}v1h{x - end}z")
            x = end
    return "".join(runs), len(code.matrix) + 2 * QUIET
