"""Between the protos and differences: answered decisions in, their difference out."""

from __future__ import annotations

from datetime import date

from allowable.common.v1 import citation_pb2
from allowable.review.v1 import comparison_service_pb2 as pb
from allowable.review.v1 import review_service_pb2, rule_trace_pb2
from services.jurisdictions.model import Citation, Confidence
from services.kernel.money import amount_from_wire, amount_to_wire
from services.review import wire
from services.review.domain import difference_words as words
from services.review.domain.bill import Line
from services.review.domain.decision import Decision, Input, LineDecision, Reason, Status, Step
from services.review.domain.difference import (
    Decided,
    Difference,
    LineDifference,
    StepDifference,
    ValueDifference,
    change,
)


def decided_of(
    request: review_service_pb2.CreateReviewRequest, review: review_service_pb2.Review, today: date
) -> Decided:
    """A decision as it was answered, with the bill it was made on."""
    bill = wire.bill_of(request, today)
    lines = [_line_of(line, result) for line, result in zip(bill.lines, review.lines, strict=True)]
    versions = {field.name: value for field, value in review.versions.ListFields()}
    return Decided(bill, Decision(tuple(lines), tuple(review.warnings)), versions)


def _line_of(line: Line, result: rule_trace_pb2.LineResult) -> LineDecision:
    return LineDecision(
        line=line,
        status=Status(result.status),
        allowed=amount_from_wire(result.allowed_amount),
        reasons=tuple(
            [
                Reason(reason.carc, reason.group_code, amount_from_wire(reason.amount), reason.description)
                for reason in result.reduction_reasons
            ]
        ),
        steps=tuple([_step_of(step) for step in result.calculation_details]),
        citations=tuple([_citation_of(citation) for citation in result.rule_citations]),
        warnings=tuple(result.warnings),
    )


def _step_of(step: rule_trace_pb2.CalculationStep) -> Step:
    inputs = [
        Input(item.name, item.value, item.unit, item.citation if item.HasField("citation") else None)
        for item in step.inputs
    ]
    return Step(step.rule, step.formula, tuple(inputs), step.amount_before, step.amount_after, step.rounding)


def _citation_of(citation: citation_pb2.Citation) -> Citation:
    return Citation(
        title=citation.title,
        section=citation.section,
        url=citation.url,
        effective_from=date.fromisoformat(citation.effective_from),
        effective_to=date.fromisoformat(citation.effective_to) if citation.effective_to else None,
        confidence=Confidence(citation.confidence),
    )


def message_of(found: Difference) -> pb.ReviewDifference:
    """The difference as the API shows it."""
    return pb.ReviewDifference(
        summary=words.of_bill(found),
        base_status=found.base.status.value,
        other_status=found.other.status.value,
        base_allowed_amount=amount_to_wire(found.base.allowed),
        other_allowed_amount=amount_to_wire(found.other.allowed),
        allowed_amount_change=amount_to_wire(change(found)),
        terms=[_value(term) for term in found.terms],
        lines=[_line(line) for line in found.lines],
    )


def _line(found: LineDifference) -> pb.LineDifference:
    base, other = found.base, found.other
    message = pb.LineDifference(
        summary=words.of_line(found),
        allowed_amount_change=amount_to_wire(change(found)),
        billed=[_value(value) for value in found.billed],
        steps=[_step(step) for step in found.steps],
        rule_citations=[wire.citation_message(citation) for citation in found.citations],
    )
    for reason in found.base_reasons:
        wire.write_reason(message.base_reasons.add(), reason)
    for reason in found.other_reasons:
        wire.write_reason(message.other_reasons.add(), reason)
    if base:
        message.base_line_number, message.base_status = base.line.number, base.status.value
        message.base_allowed_amount = amount_to_wire(base.allowed)
    if other:
        message.other_line_number, message.other_status = other.line.number, other.status.value
        message.other_allowed_amount = amount_to_wire(other.allowed)
    return message


def _step(found: StepDifference) -> pb.StepDifference:
    message = pb.StepDifference(
        summary=words.of_step(found), values=[_value(value) for value in found.values]
    )
    for step, written in ((found.base, message.base), (found.other, message.other)):
        if step:
            message.rule = step.rule
            wire.write_step(written, step)
    return message


def _value(found: ValueDifference) -> pb.ValueDifference:
    return pb.ValueDifference(**found._asdict())
