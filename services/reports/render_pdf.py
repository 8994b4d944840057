"""The report as PDF, set by Typst offline: fit for archives (PDF/A-2a) and screen readers (PDF/UA-1)."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from threading import Lock

import typst

from services.reports import render_qr
from services.reports.domain.page import Page
from services.reports.render_html import TEMPLATES, TONES

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""The document's own date is a constant, so that the same decision gives the same bytes."""

LINES_IN_FULL = 50
"""Typst needs 1.5 MB of memory and 5 ms for each calculation; the document says what it leaves out."""
STANDARDS: list[typst.PDFStandard] = ["a-2a", "ua-1"]


class PdfRenderer:
    """One compiler with its fonts and its parsed template; compiles one document at a time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._compiler = typst.Compiler(
            TEMPLATES / "report.typ",
            root=TEMPLATES,
            font_paths=typst.Fonts(include_system_fonts=False),
            ignore_system_fonts=True,
        )

    def pdf(self, page: Page) -> bytes:
        """The document. Everything of `page` goes in as JSON values, which Typst does not evaluate."""
        data = {
            **asdict(page),
            "tones": TONES,
            "qr": render_qr.svg(page.url),
            "lines_in_full": LINES_IN_FULL,
        }
        inputs = {"page": json.dumps(data, ensure_ascii=False)}
        with self._lock:
            try:
                return self._compile(inputs, STANDARDS)
            except typst.TypstError:
                # The standards refuse a character that no embedded font can draw; a reader prefers a box.
                return self._compile(inputs, [])

    def _compile(self, inputs: dict[str, str], standards: list[typst.PDFStandard]) -> bytes:
        document = self._compiler.compile(
            format="pdf", sys_inputs=inputs, timestamp=EPOCH, pdf_standards=standards
        )
        if not isinstance(document, bytes):
            raise TypeError("one document was asked for")
        return document
