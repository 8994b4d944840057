"""From a stored `Review` message to the report's view of it. Here everything personal stays behind."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Protocol

from allowable.common.v1 import citation_pb2
from allowable.review.v1 import review_service_pb2, rule_trace_pb2
from services.kernel.money import amount_from_wire
from services.reports.domain import redaction
from services.reports.domain.report import Citation, Figure, Line, Reason, Report, Step, Versions


class Names(Protocol):
    """Names in our own words for codes; empty for codes that have none."""

    def jurisdiction(self, code: str) -> str:
        """E.g. TX → Texas."""

    def service(self, code: str) -> str:
        """A procedure code in plain words."""


def report_of(review: review_service_pb2.Review, names: Names) -> Report:
    """What may be shown of a decision."""
    return Report(
        review_id=redaction.plain(review.review_id),
        jurisdiction=redaction.plain(review.jurisdiction),
        jurisdiction_name=names.jurisdiction(review.jurisdiction),
        bill_type=redaction.plain(review.bill_type),
        created_on=_day(review.created_at),
        charge=amount_from_wire(review.total_charge),
        allowed=amount_from_wire(review.allowed_amount),
        status=redaction.plain(review.status),
        livemode=review.livemode,
        lines=tuple(_line(line, names) for line in review.lines),
        warnings=_sentences(review.warnings),
        versions=Versions(
            engine=redaction.plain(review.versions.engine),
            rules=redaction.plain(review.versions.rules),
            data=redaction.plain(review.versions.data),
        ),
    )


def _day(created_at: str) -> date | None:
    try:
        return date.fromisoformat(created_at[:10])
    except ValueError:
        return None


def _line(line: rule_trace_pb2.LineResult, names: Names) -> Line:
    citations = tuple(_citation(citation) for citation in line.rule_citations)
    return Line(
        number=line.line_number,
        code=redaction.plain(line.cpt),
        words=redaction.plain(names.service(line.cpt)),
        modifiers=tuple(redaction.plain(modifier) for modifier in line.modifiers),
        units=line.units,
        charge=amount_from_wire(line.charge),
        allowed=amount_from_wire(line.allowed_amount),
        status=redaction.plain(line.status),
        reasons=tuple(_reason(reason) for reason in line.reduction_reasons),
        steps=tuple(_step(step, citations) for step in line.calculation_details),
        citations=citations,
        warnings=_sentences(line.warnings),
    )


def _reason(reason: rule_trace_pb2.ReductionReason) -> Reason:
    return Reason(
        carc=redaction.plain(reason.carc),
        group=redaction.plain(reason.group_code),
        words=redaction.sentence(reason.description),
        amount=amount_from_wire(reason.amount),
    )


def _step(step: rule_trace_pb2.CalculationStep, citations: tuple[Citation, ...]) -> Step:
    return Step(
        rule=redaction.plain(step.rule),
        formula=redaction.sentence(step.formula),
        figures=tuple(_figure(figure, citations) for figure in step.inputs),
        before=redaction.plain(step.amount_before),
        after=redaction.plain(step.amount_after),
        rounding=redaction.sentence(step.rounding),
    )


def _figure(figure: rule_trace_pb2.CalculationInput, citations: tuple[Citation, ...]) -> Figure:
    known = figure.HasField("citation") and 0 <= figure.citation < len(citations)
    return Figure(
        name=redaction.plain(figure.name),
        value=redaction.figure(figure.name, figure.value),
        unit=redaction.sentence(figure.unit),
        citation=citations[figure.citation] if known else None,
    )


def _citation(citation: citation_pb2.Citation) -> Citation:
    """Sources are public: their dates say what they cover, nothing about a patient."""
    return Citation(
        title=redaction.plain(citation.title),
        section=redaction.plain(citation.section),
        url=redaction.plain(citation.url),
        effective_from=redaction.plain(citation.effective_from),
        effective_to=redaction.plain(citation.effective_to),
        confidence=redaction.plain(citation.confidence),
    )


def _sentences(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(None, map(redaction.sentence, texts)))
