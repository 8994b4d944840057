"""What the reader sees: words, formatted amounts and numbered notes, the same for HTML and PDF.

Everything in a `Page` is text or a small whole number, so that the renderers decide on looks only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.reports.domain import wording
from services.reports.domain.notes import Note, Notes
from services.reports.domain.report import Figure, Line, Reason, Report, Step
from services.reports.domain.summary import Part, Share, Totals

SANDBOX = "Sandbox. Made with test credentials and perhaps with made-up data: this is not a payment decision."
PRIVACY = (
    "This report names no patient, provider or claim. Dates of service, diagnoses and ZIP codes were left"
    " out on purpose."
)


@dataclass(frozen=True, slots=True)
class Link:
    """Where this report can be read, and until when."""

    url: str
    works_until: date | None


@dataclass(frozen=True, slots=True)
class PageFigure:
    """One figure of a step; `note` is 0 for what the bill says itself."""

    name: str
    value: str
    unit: str
    note: int


@dataclass(frozen=True, slots=True)
class PageStep:
    """One row of a line's calculation."""

    number: int
    rule: str
    formula: str
    figures: tuple[PageFigure, ...]
    before: str
    after: str
    rounding: str


@dataclass(frozen=True, slots=True)
class PageReason:
    """One reason in words; `amount` is empty when it takes nothing away."""

    words: str
    code: str
    amount: str


@dataclass(frozen=True, slots=True)
class PageLine:
    """One billed service."""

    number: int
    code: str
    modifiers: str
    words: str
    units: int
    charge: str
    allowed: str
    status: str
    status_words: str
    sentence: str
    reasons: tuple[PageReason, ...]
    steps: tuple[PageStep, ...]
    notes: tuple[int, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The whole report."""

    review_id: str
    title: str
    jurisdiction: str
    bill_type: str
    created_on: str
    status: str
    status_words: str
    sentence: str
    charge: str
    allowed: str
    difference: str
    shares: tuple[Share, ...]
    parts: tuple[Part, ...]
    groups: tuple[tuple[str, str], ...]
    """Adjustment groups that occur, with their meaning."""
    lines: tuple[PageLine, ...]
    notes: tuple[Note, ...]
    confidences: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    versions: tuple[tuple[str, str], ...]
    steps_to_verify: tuple[str, ...]
    url: str
    works_until: str
    banner: str
    """Empty in live mode."""
    privacy: str


def page_of(report: Report, link: Link) -> Page:
    """The decision as a document."""
    notes, totals = Notes(), Totals(report)
    lines = tuple(_line(line, notes) for line in report.lines)
    groups = {reason.group for line in report.lines for reason in line.reasons}
    return Page(
        review_id=report.review_id,
        title="Bill review",
        jurisdiction=_jurisdiction(report),
        bill_type=wording.BILL_TYPES.get(report.bill_type, report.bill_type),
        created_on=wording.day(report.created_on) if report.created_on else "",
        status=report.status,
        status_words=wording.STATUSES.get(report.status, report.status),
        sentence=totals.sentence(),
        charge=wording.money(report.charge),
        allowed=wording.money(report.allowed),
        difference=wording.money(report.charge - report.allowed),
        shares=totals.shares(),
        parts=totals.parts(),
        groups=tuple((code, words) for code, words in wording.GROUPS.items() if code in groups),
        lines=lines,
        notes=notes.all(),
        confidences=tuple(wording.CONFIDENCES.items()),
        warnings=report.warnings,
        versions=(
            ("Engine", report.versions.engine),
            ("Rules", report.versions.rules),
            ("Fee data", report.versions.data),
        ),
        steps_to_verify=_steps_to_verify(report),
        url=link.url,
        works_until=wording.day(link.works_until) if link.works_until else "",
        banner="" if report.livemode else SANDBOX,
        privacy=PRIVACY,
    )


def _jurisdiction(report: Report) -> str:
    if not report.jurisdiction_name:
        return report.jurisdiction
    return f"{report.jurisdiction_name} ({report.jurisdiction})"


def _line(line: Line, notes: Notes) -> PageLine:
    steps = tuple(_step(number, step, line, notes) for number, step in enumerate(line.steps, 1))
    for citation in line.citations:
        notes.number(citation, line.number)
    return PageLine(
        number=line.number,
        code=line.code,
        modifiers=" ".join(line.modifiers),
        words=line.words,
        units=line.units,
        charge=wording.money(line.charge),
        allowed=wording.money(line.allowed),
        status=line.status,
        status_words=wording.STATUSES.get(line.status, line.status),
        sentence=_decision(line),
        reasons=tuple(_reason(reason) for reason in line.reasons),
        steps=steps,
        notes=notes.of_line(line.number),
        warnings=line.warnings,
    )


def _decision(line: Line) -> str:
    charge, allowed = wording.money(line.charge), wording.money(line.allowed)
    if line.status == "denied":
        return f"Denied: nothing of the {charge} charged is allowed."
    if line.status == "needs_review":
        return f"Not decided: a person has to look at the {charge} charged."
    if line.allowed == line.charge:
        return f"Allowed in full: {charge}."
    if line.allowed > line.charge:
        return f"Allowed: {allowed}, which is more than the {charge} charged."
    return f"Allowed: {allowed} of the {charge} charged, {wording.money(line.charge - line.allowed)} less."


def _reason(reason: Reason) -> PageReason:
    return PageReason(
        words=reason.words,
        code=wording.code(reason.group, reason.carc),
        amount=wording.money(-reason.amount) if reason.amount else "",
    )


def _step(number: int, step: Step, line: Line, notes: Notes) -> PageStep:
    return PageStep(
        number=number,
        rule=wording.rule_name(step.rule),
        formula=step.formula,
        figures=tuple(_figure(figure, line, notes) for figure in step.figures),
        before=wording.step_amount(step.before),
        after=wording.step_amount(step.after),
        rounding=step.rounding,
    )


def _figure(figure: Figure, line: Line, notes: Notes) -> PageFigure:
    note = notes.number(figure.citation, line.number) if figure.citation else 0
    name = wording.figure_name(figure.name)
    unit = "" if figure.unit.lower() == name.lower() else figure.unit
    return PageFigure(name, figure.value, unit, note)


def _steps_to_verify(report: Report) -> tuple[str, ...]:
    versions = report.versions
    pinned = ", ".join(filter(None, (versions.engine, versions.rules, versions.data)))
    return (
        (
            "Take any figure of a calculation. The number beside it leads to its source; open the source"
            " and compare."
        ),
        (
            "Repeat the arithmetic. Every step names its formula, its figures and its rounding, and starts"
            " from the amount the step before ended with."
        ),
        (
            "Ask whoever sent you this report to replay it. The review\u2019s number brings back the same"
            f" bill under the same versions ({pinned}), and the replay says whether every field came out"
            " the same."
        ),
        "Compare a copy with the page that its QR code leads to. Where they differ, the copy was changed.",
    )
