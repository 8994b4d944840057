"""Jurisdictions as the API shows them: what can be priced, since when, by which source, what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from allowable.pricing.v1 import pricing_service_pb2 as pb
from services.jurisdictions.missing import UnknownJurisdiction
from services.jurisdictions.model import Citation, Jurisdiction
from services.jurisdictions.reach import Answer, Reach
from services.jurisdictions.rulebook import Rulebook
from services.kernel.call import Call
from services.kernel.errors import invalid, not_found
from services.kernel.rpc import Handler, Service
from services.review.wire import citation_message


def services(book: Rulebook) -> list[Service]:
    """PricingService with its table."""
    reaches = {entry.code: book.reach(entry.code) for entry in book.jurisdictions()}

    def list_jurisdictions(request: pb.ListJurisdictionsRequest, call: Call) -> pb.ListJurisdictionsResponse:
        today = call.clock.today()
        found = [summary(entry, reaches[entry.code], today) for entry in book.jurisdictions()]
        kept = [entry for entry in found if entry.covered or not request.covered_only]
        return pb.ListJurisdictionsResponse(jurisdictions=kept)

    def get_jurisdiction(request: pb.GetJurisdictionRequest, _call: Call) -> pb.Jurisdiction:
        on = day(request.on_date)
        try:
            entry = book.jurisdiction(request.jurisdiction_id.upper())
        except UnknownJurisdiction:
            raise not_found("jurisdiction") from None
        return detail(entry, reaches[entry.code], on)

    table: dict[str, Handler] = {"ListJurisdictions": list_jurisdictions, "GetJurisdiction": get_jurisdiction}
    return [Service(pb.DESCRIPTOR.services_by_name["PricingService"], table)]


def day(text: str) -> date | None:
    """The date asked for; INVALID_REQUEST for one that the calendar does not have."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise invalid("on_date", "date.impossible", "must be a date of the calendar") from None


def summary(entry: Jurisdiction, reach: Sequence[Reach], today: date) -> pb.JurisdictionSummary:
    """A row of the list."""
    coverage = entry.coverage
    return pb.JurisdictionSummary(
        id=entry.code,
        name=entry.name,
        covered=bool(coverage and coverage.covered),
        bill_types=coverage.bill_types if coverage else (),
        covered_since=coverage.since.isoformat() if coverage and coverage.since else "",
        coverage_note=note(entry),
        answer_today=best(row.answer for row in reach if row.start <= today <= (row.end or date.max)),
    )


def best(answers: Iterable[Answer]) -> Answer:
    """The answer that prices most; held where there is none."""
    return min(answers, key=list(Answer).index, default=Answer.HELD)


def note(entry: Jurisdiction) -> str:
    """What coverage means here, in one sentence."""
    coverage = entry.coverage
    if coverage is None:
        return "Nothing is held for this jurisdiction yet."
    return coverage.verified_against if coverage.covered else coverage.reason


def detail(entry: Jurisdiction, reach: Sequence[Reach], on: date | None) -> pb.Jurisdiction:
    """One jurisdiction with its programs, figures, gaps, and what comes of them."""
    return pb.Jurisdiction(
        id=entry.code,
        name=entry.name,
        fee_schedule=entry.fee_schedule,
        authority=entry.authority,
        basis=entry.basis,
        covered=bool(entry.coverage and entry.coverage.covered),
        coverage_note=note(entry),
        programs=[
            pb.PricingProgram(
                bill_type=program.bill_type,
                effective_from=program.effective_from.isoformat(),
                effective_to=program.effective_to.isoformat() if program.effective_to else "",
                steps=[
                    pb.ProgramStep(
                        rule=step.step,
                        citation=citation_message(step.citation) if step.citation else None,
                    )
                    for step in program.steps
                ],
            )
            for program in entry.programs
        ],
        values=[
            pb.DatedValue(
                key=value.key,
                value=str(value.amount),
                unit=value.unit,
                citation=citation_message(value.citation),
            )
            for value in entry.values
            if on is None or covers(value.citation, on)
        ],
        missing=entry.missing,
        coverage=[
            pb.Coverage(
                bill_type=row.bill_type,
                services=row.services,
                effective_from=row.start.isoformat(),
                effective_to=row.end.isoformat() if row.end else "",
                answer=row.answer,
                confidence=row.confidence or "",
                why=row.why,
            )
            for row in reach
            if on is None or row.start <= on <= (row.end or date.max)
        ],
    )


def covers(citation: Citation, on: date) -> bool:
    """Whether a source is in force on a date."""
    return citation.effective_from <= on and (citation.effective_to is None or on <= citation.effective_to)
