"""Between the protos of the review family and the domain: bills in, decisions out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import TypeVar
from weakref import WeakKeyDictionary

from allowable.common.v1 import citation_pb2
from allowable.review.v1 import bill_pb2, edit_pb2, review_service_pb2, rule_trace_pb2
from services.jurisdictions.model import Citation
from services.kernel.errors import DomainError, FieldFault
from services.kernel.money import ZERO, NotADecimalError, amount_from_wire, amount_to_wire, rate_from_wire
from services.review.domain.bill import Bill, ContractTerms, Line
from services.review.domain.decision import Decision, LineDecision, Reason, Step
from services.review.domain.edits.finding import Edit
from services.review.domain.validation import Validation
from services.review.encoding import part, tag

OFFICE = "11"
NO_DATE = "No date of service was sent; priced as of the day of the request, {}."
NO_PLACE = "No place of service was sent; 11 (office) was assumed."

T = TypeVar("T")


class _Reader:
    """Reads a request field by field and gathers every fault, so that all are told at once."""

    def __init__(self) -> None:
        self.faults: list[FieldFault] = []

    def amount(self, field: str, value: float) -> Decimal:
        """US dollars."""
        try:
            return amount_from_wire(value)
        except NotADecimalError:
            return self._fault(field, "money.decimals", "must have at most two decimals", ZERO)

    def rate(self, field: str, value: float) -> Decimal:
        """A percentage."""
        try:
            return rate_from_wire(value)
        except NotADecimalError:
            return self._fault(field, "rate.decimals", "must have at most four decimals", ZERO)

    def day(self, field: str, text: str, otherwise: date) -> date:
        """A date, or the given one where none was sent."""
        if not text:
            return otherwise
        try:
            return date.fromisoformat(text)
        except ValueError:
            return self._fault(field, "date.impossible", "must be a date of the calendar", otherwise)

    def _fault(self, field: str, code: str, must: str, otherwise: T) -> T:
        self.faults.append(FieldFault(field, code, must))
        return otherwise


def bill_of(request: review_service_pb2.CreateReviewRequest, today: date) -> Bill:
    """The bill as the engine takes it. Raises INVALID_REQUEST naming every faulty field."""
    reader = _Reader()
    day = reader.day("date_of_service", request.date_of_service, today)
    place = request.place_of_service or OFFICE
    pointers = len(request.diagnosis_codes)
    lines = []
    for index, sent in enumerate(request.lines):
        if any(pointer > pointers for pointer in sent.diagnosis_pointers):
            must = "must point at a diagnosis code of the bill"
            reader.faults.append(FieldFault(f"lines[{index}].diagnosis_pointers", "pointer.range", must))
        lines.append(_line(reader, index, sent, day, place, request.provider_type))
    contract = _contract(reader, request.contract) if request.HasField("contract") else None
    bill = Bill(
        jurisdiction=request.jurisdiction,
        bill_type=request.bill_type,
        lines=tuple(lines),
        service_zip=request.service_zip,
        locality=request.locality,
        service_county=request.service_county,
        service_state=request.service_state,
        wage_index=(
            reader.rate("wage_index", request.wage_index) if request.HasField("wage_index") else None
        ),
        contract=contract,
        warnings=_assumptions(request, today),
    )
    if reader.faults:
        raise DomainError("INVALID_REQUEST", faults=reader.faults)
    return bill


def _line(
    reader: _Reader, index: int, sent: bill_pb2.BillLine, day: date, place: str, provider_type: str
) -> Line:
    return Line(
        number=index + 1,
        code=sent.cpt,
        charge=reader.amount(f"lines[{index}].charge", sent.charge),
        units=sent.units if sent.HasField("units") else 1,
        modifiers=tuple(sent.modifiers),
        on=reader.day(f"lines[{index}].date_of_service", sent.date_of_service, day),
        place_of_service=sent.place_of_service or place,
        minutes=sent.minutes if sent.HasField("minutes") else None,
        ndc=sent.ndc.replace("-", ""),
        line_id=sent.line_id,
        provider_type=sent.provider_type or provider_type,
        ndc_quantity=(
            reader.rate(f"lines[{index}].ndc_quantity", sent.ndc_quantity)
            if sent.HasField("ndc_quantity")
            else None
        ),
        ndc_unit=sent.ndc_unit,
    )


def _contract(reader: _Reader, sent: bill_pb2.ContractTerms) -> ContractTerms:
    flat_rates = {
        rate.cpt: reader.amount(f"contract.flat_rates[{index}].rate", rate.rate)
        for index, rate in enumerate(sent.flat_rates)
    }
    if len(flat_rates) != len(sent.flat_rates):
        reader.faults.append(FieldFault("contract.flat_rates", "repeated.unique", "must name each code once"))
    schedule = sent.percent_of_schedule if sent.HasField("percent_of_schedule") else None
    charge = sent.percent_of_charge if sent.HasField("percent_of_charge") else None
    return ContractTerms(
        None if schedule is None else reader.rate("contract.percent_of_schedule", schedule),
        None if charge is None else reader.rate("contract.percent_of_charge", charge),
        flat_rates,
    )


def _assumptions(request: review_service_pb2.CreateReviewRequest, today: date) -> tuple[str, ...]:
    found = []
    if not request.date_of_service and not all(line.date_of_service for line in request.lines):
        found.append(NO_DATE.format(today.isoformat()))
    if not request.place_of_service and not all(line.place_of_service for line in request.lines):
        found.append(NO_PLACE)
    return tuple(found)


def head_of(decision: Decision, review: review_service_pb2.Review) -> None:
    """Fills status, amounts and warnings of the answer: all of it but its lines and edits."""
    review.status = decision.status.value
    review.total_charge = amount_to_wire(decision.charge)
    review.allowed_amount = amount_to_wire(decision.allowed)
    review.warnings.extend(decision.warnings)


def validation_of(found: Validation, review: review_service_pb2.Review) -> None:
    """Fills the answer of a bill that is judged by its edits alone, all but them; its amounts stay zero."""
    review.status = found.status.value
    review.total_charge = amount_to_wire(sum((line.charge for line, _ in found.lines), ZERO))
    review.warnings.extend(found.warnings)
    for line, status in found.lines:
        review.lines.add(
            line_number=line.number,
            line_id=line.line_id,
            cpt=line.code,
            modifiers=line.modifiers,
            units=line.units,
            charge=amount_to_wire(line.charge),
            status=status.value,
        )


def edits_of(edits: Iterable[Edit]) -> bytes:
    """The edits of the answer, as they follow its head."""
    return b"".join([part(_EDITS, _edit_of(edit)) for edit in edits])


def _edit_of(edit: Edit) -> bytes:
    """An edit: what every bill that meets it shares, then its lines here."""
    # A source that was converted once is held with its message, so its id stays its own.
    key = (edit.id, id(edit.source), edit.outcome, edit.words, edit.figures)
    common = _KNOWN_EDITS.get(key)
    if common is None:
        if len(_KNOWN_EDITS) >= EDITS_REMEMBERED:
            _KNOWN_EDITS.clear()
        common = _KNOWN_EDITS[key] = _edit_message(edit).SerializeToString()
    own = edit_pb2.Edit(line_numbers=edit.lines, lines_acted_on=edit.acts_on)
    return common + own.SerializeToString()


def _edit_message(edit: Edit) -> edit_pb2.Edit:
    message = edit_pb2.Edit(
        id=edit.id,
        kind=edit.kind,
        version=edit.version,
        source=citation_message(edit.source),
        effective_from=edit.effective_from.isoformat(),
        effective_to=edit.effective_to.isoformat() if edit.effective_to else "",
        outcome=edit.outcome.value,
        modifier=edit.modifier,
        carc=edit.carc,
        description=edit.words,
    )
    for figure in edit.figures:
        message.figures.add(name=figure.name, value=figure.value, unit=figure.unit)
    return message


_EDITS = tag(review_service_pb2.Review.DESCRIPTOR, "edits")
EDITS_REMEMBERED = 4_000
_KNOWN_EDITS: dict[tuple[object, ...], bytes] = {}
"""Serialized edits without their lines."""


def lines_of(decision: Decision) -> bytes:
    """The lines of the answer, as they follow its head."""
    return b"".join([part(_LINES, _line_of(line)) for line in decision.lines])


_LINES = tag(review_service_pb2.Review.DESCRIPTOR, "lines")
_SERVICES: WeakKeyDictionary[object, bytes] = WeakKeyDictionary()
"""The serialized beginning of each remembered service's trace; forgotten together with it."""


def _line_of(decision: LineDecision) -> bytes:
    """A line: what all lines of its service share, then what is its own."""
    line = decision.line
    steps, citations, _ = decision.shared
    own = rule_trace_pb2.LineResult()
    own.line_number = line.number
    own.line_id = line.line_id
    own.cpt = line.code
    own.modifiers.extend(line.modifiers)
    own.units = line.units
    own.charge = amount_to_wire(line.charge)
    own.allowed_amount = amount_to_wire(decision.allowed)
    own.status = decision.status.value
    own.warnings.extend(decision.warnings)
    for reason in decision.reasons:
        write_reason(own.reduction_reasons.add(), reason)
    _write_trace(own, decision.steps[steps:], decision.citations[citations:])
    if decision.origin is None:
        return own.SerializeToString()
    common = _SERVICES.get(decision.origin)
    if common is None:
        shared = rule_trace_pb2.LineResult()
        _write_trace(shared, decision.steps[:steps], decision.citations[:citations])
        common = _SERVICES[decision.origin] = shared.SerializeToString()
    return common + own.SerializeToString()


def _write_trace(
    result: rule_trace_pb2.LineResult, steps: tuple[Step, ...], citations: tuple[Citation, ...]
) -> None:
    for step in steps:
        write_step(result.calculation_details.add(), step)
    for citation in citations:
        result.rule_citations.append(_remembered(citation))


def write_step(written: rule_trace_pb2.CalculationStep, step: Step) -> None:
    """A step as the API shows it."""
    written.rule = step.rule
    written.formula = step.formula
    written.amount_before = step.before
    written.amount_after = step.after
    written.rounding = step.rounding
    for item in step.inputs:
        written.inputs.add(name=item.name, value=item.value, unit=item.unit, citation=item.citation)


def write_reason(written: rule_trace_pb2.ReductionReason, reason: Reason) -> None:
    """A reason as the API shows it."""
    written.carc = reason.carc
    written.group_code = reason.group
    written.amount = amount_to_wire(reason.amount)
    written.description = reason.words


_CITATIONS: dict[int, tuple[Citation, citation_pb2.Citation]] = {}
"""Converted citations by identity; the citation is held beside its message, so its id stays its own."""


def _remembered(citation: Citation) -> citation_pb2.Citation:
    known = _CITATIONS.get(id(citation))
    if known is None:
        known = _CITATIONS[id(citation)] = (citation, citation_message(citation))
    return known[1]


def citation_message(citation: Citation) -> citation_pb2.Citation:
    """A citation as the API shows it; an open end is an empty text."""
    return citation_pb2.Citation(
        title=citation.title,
        section=citation.section,
        url=citation.url,
        effective_from=citation.effective_from.isoformat(),
        effective_to=citation.effective_to.isoformat() if citation.effective_to else "",
        confidence=citation.confidence.value,
    )
