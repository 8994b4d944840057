"""The PDF: whole, the same each time, and blind to Typst markup in data."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from services.reports.domain.page import Page
from services.reports.render_pdf import LINES_IN_FULL, PdfRenderer
from tests.unit.reports.samples import sample_page, sample_review
from tests.unit.reports.strings import fill_strings

RENDERER = PdfRenderer()
needs_pdftotext = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")


def text_of(page: Page, folder: Path) -> str:
    file = folder / "report.pdf"
    file.write_bytes(RENDERER.pdf(page))
    command = [shutil.which("pdftotext") or "", "-layout", str(file), "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_it_is_a_pdf_for_archives_and_screen_readers_and_always_the_same() -> None:
    document = RENDERER.pdf(sample_page())
    assert document.startswith(b"%PDF-")
    assert b"pdfaid" in document
    assert b"pdfuaid" in document
    assert document == RENDERER.pdf(sample_page())


@needs_pdftotext
def test_it_says_the_totals(tmp_path: Path) -> None:
    text = text_of(sample_page(), tmp_path)
    for words in ("$9,247.50", "$2,260.56", "Sandbox.", "3 November 2026", "Page 1 of"):
        assert words in text, words


ATTACK = r'#panic("no") $x^2$ *bold* `raw` @note-1 <note-1> \ = Heading #read("/etc/passwd") "] #let x = 1 //'


def test_typst_markup_in_any_field_compiles() -> None:
    review = sample_review()
    fill_strings(review, lambda text: ATTACK + text)
    assert RENDERER.pdf(sample_page(review)).startswith(b"%PDF-")


@needs_pdftotext
def test_typst_markup_stays_text(tmp_path: Path) -> None:
    review = sample_review()
    review.warnings.append(ATTACK)
    text = " ".join(text_of(sample_page(review), tmp_path).split())
    assert '#panic("no") $x^2$ *bold* `raw` @note-1 <note-1>' in text
    assert "root:" not in text


def test_a_character_without_a_glyph_does_not_stop_the_document() -> None:
    review = sample_review()
    review.warnings.append("\u65e5\u672c\u8a9e")
    assert RENDERER.pdf(sample_page(review)).startswith(b"%PDF-")


@needs_pdftotext
def test_a_very_long_bill_says_what_it_leaves_to_the_page(tmp_path: Path) -> None:
    review = sample_review()
    line = review.lines[8]
    for number in range(11, LINES_IN_FULL + 2):
        review.lines.add().CopyFrom(line)
        review.lines[-1].line_number = number
    text = text_of(sample_page(review), tmp_path)
    assert f"the calculation of the first {LINES_IN_FULL} lines" in text
    assert f"Line {LINES_IN_FULL} " in text
    assert f"Line {LINES_IN_FULL + 1} " not in text
