"""ReportService: shows a decision to whoever holds its link; its owner renews and revokes the link."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from google.api.httpbody_pb2 import HttpBody

from allowable.reports.v1 import reports_pb2 as pb
from allowable.review.v1.review_service_pb2 import Review
from services.config import Settings
from services.kernel import seal
from services.kernel.call import Call
from services.kernel.clock import rfc3339
from services.kernel.errors import not_found
from services.kernel.outbox import audit
from services.kernel.rpc import Handler, Service
from services.reports import render_html, render_qr, store, wire
from services.reports.cache import DocumentCache
from services.reports.domain import links
from services.reports.domain.page import Link, Page, page_of
from services.reports.render_pdf import PdfRenderer

CACHE_BYTES = 16 * 1024 * 1024
CONTENT_TYPES: dict[links.Form, str] = {
    "html": "text/html; charset=utf-8",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
}
# A link is a secret: no store but the reader's own eyes, no referrer that gives it away, no search engine.
_PRIVATE = (
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "private, no-store"),
    ("x-robots-tag", "noindex, nofollow, noarchive"),
    ("cross-origin-resource-policy", "same-origin"),
)
# Browsers show a PDF in a page of their own, which default-src 'none' would leave without its style.
_PDF_POLICY = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class ReportServicer:
    """The three methods, with what they need."""

    public_url: str
    link_days: int
    key: bytes
    names: wire.Names
    open_response: Callable[[bytes, str], bytes]
    """Stored answers are sealed; this opens one, given the review's id."""
    documents: DocumentCache
    typesetter: PdfRenderer

    def get_report(self, request: pb.GetReportRequest, call: Call) -> HttpBody:
        """Unknown, malformed, expired and revoked look the same."""
        address = links.address(request.share_token)
        if address is None:
            raise not_found("report")
        digest = links.digest_of(address.token)
        with call.transaction() as transaction:
            found = store.find(transaction, digest)
        if found is None or not links.is_open(found.expires_at, found.revoked_at, call.clock.now()):
            raise not_found("report")
        url = links.url_of(self.public_url, address.token)
        make = partial(self._make, address.form, url, found)
        content = self.documents.get((digest, found.expires_at, address.form), make)
        call.headers.extend(_headers(address.form, found.review_id))
        return HttpBody(content_type=CONTENT_TYPES[address.form], data=content)

    def create_report_link(self, request: pb.CreateReportLinkRequest, call: Call) -> pb.ReportLink:
        """A new serial makes a new secret, and the digest of the old one goes."""
        days = request.expires_in_days if request.HasField("expires_in_days") else self.link_days
        expires_at = call.clock.now() + timedelta(days=days)
        with call.transaction() as transaction:
            serial = store.lock_serial(transaction, request.review_id)
            if serial is None:
                raise not_found("review")
            token = links.token_for(self.key, request.review_id, serial + 1)
            store.renew(transaction, request.review_id, serial + 1, links.digest_of(token), expires_at)
            audit(transaction, call, request.review_id)
        return pb.ReportLink(
            review_id=request.review_id,
            report_url=links.url_of(self.public_url, token),
            expires_at=rfc3339(expires_at),
        )

    def revoke_report_link(
        self, request: pb.RevokeReportLinkRequest, call: Call
    ) -> pb.RevokeReportLinkResponse:
        """Ends the link at once; doing it again changes nothing."""
        with call.transaction() as transaction:
            if not store.revoke(transaction, request.review_id, call.clock.now()):
                raise not_found("review")
            audit(transaction, call, request.review_id)
        return pb.RevokeReportLinkResponse()

    def _make(self, form: links.Form, url: str, found: store.StoredReport) -> bytes:
        if form == "svg":
            return render_qr.svg(url).encode()
        works_until = found.expires_at.date() if found.expires_at else None
        review = Review.FromString(self.open_response(found.response, found.review_id))
        page = page_of(wire.report_of(review, self.names), Link(url, works_until))
        render: Callable[[Page], bytes] = self.typesetter.pdf if form == "pdf" else render_html.html
        return render(page)


def _headers(form: links.Form, review_id: str) -> list[tuple[str, str]]:
    if form == "pdf":
        return [
            *_PRIVATE,
            ("content-security-policy", _PDF_POLICY),
            ("content-disposition", f'inline; filename="{_file_name(review_id)}.pdf"'),
        ]
    return [*_PRIVATE, ("content-security-policy", render_html.CONTENT_SECURITY_POLICY)]


def _file_name(review_id: str) -> str:
    """Ours already; nothing but letters, digits and underscores goes into a header."""
    return "".join(c for c in review_id if c.isascii() and (c.isalnum() or c == "_")) or "report"


def services(
    settings: Settings, names: wire.Names, open_response: Callable[[bytes, str], bytes]
) -> list[Service]:
    """ReportService with its table."""
    servicer = ReportServicer(
        public_url=settings.public_url,
        link_days=settings.report_days,
        key=seal.derive(settings.master_key, links.KEY_PURPOSE),
        names=names,
        open_response=open_response,
        documents=DocumentCache(CACHE_BYTES),
        typesetter=PdfRenderer(),
    )
    table: dict[str, Handler] = {
        "GetReport": servicer.get_report,
        "CreateReportLink": servicer.create_report_link,
        "RevokeReportLink": servicer.revoke_report_link,
    }
    return [Service(pb.DESCRIPTOR.services_by_name["ReportService"], table)]
