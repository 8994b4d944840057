"""The report as one HTML page that fetches nothing and runs nothing, and the policy that says so."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.reports import render_qr
from services.reports.domain.page import Page

TEMPLATES = Path(__file__).parent / "templates"
STYLE = (TEMPLATES / "report.css").read_text(encoding="utf-8")
TONES = {
    "priced": "good",
    "denied": "bad",
    "needs_review": "open",
    "official": "good",
    "secondary": "plain",
    "recalled": "open",
}
"""How a status or confidence looks. Its word stands beside it: nothing is said by colour alone."""


def _style_hash() -> str:
    return base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()


CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_style_hash()}'; img-src data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_environment = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_template = _environment.get_template("report.html")


def html(page: Page) -> bytes:
    """The page in UTF-8. All of `page` is escaped; style and QR code are ours."""
    return _template.render(
        page=page,
        tones=TONES,
        style=Markup(STYLE),  # noqa: S704  # a file of this repository, not data
        qr=Markup(render_qr.svg(page.url)),  # noqa: S704  # numbers and constants only
    ).encode()
