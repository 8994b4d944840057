"""A decision that holds everything a report can show: made-up amounts, real formulas and publishers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from allowable.common.v1.citation_pb2 import Citation
from allowable.review.v1.review_service_pb2 import Review
from allowable.review.v1.rule_trace_pb2 import (
    CalculationInput,
    CalculationStep,
    LineResult,
    ReductionReason,
    Versions,
)
from services.reports.domain.page import Link, Page, page_of
from services.reports.wire import report_of

TOKEN = "mVt3kHn0pQz7sYb2dLw9xRc4fGj6aUe1iKo8vBh5T_A"
LINK = Link(f"http://localhost:8080/r/{TOKEN}", date(2026, 11, 3))

RULE = Citation(
    title="Texas Administrative Code, Title 28, Medical fee guideline for professional services",
    section="28 TAC §134.203(c)(1)",
    url="https://texreg.sos.state.tx.us/public/readtac$ext.TacPage?sl=R&app=9&p_dir=&p_rloc=&p_tloc=&p_ploc=&pg=1&p_tac=&ti=28&pt=2&ch=134&rl=203",
    effective_from="2008-03-01",
    confidence="official",
)
FACTOR = Citation(
    title="Texas Department of Insurance, Division of Workers' Compensation: "
    "conversion factors for calendar year 2026",
    section="Table 1, service category “evaluation and management, medicine, radiology”",
    url="https://www.tdi.texas.gov/wc/hcprovider/conversionfactors.html",
    effective_from="2026-01-01",
    effective_to="2026-12-31",
    confidence="secondary",
)
VALUES = Citation(
    title="Medicare physician fee schedule, national relative value file RVU26C",
    section="PPRRVU, July 2026 release",
    url="https://www.cms.gov/medicare/payment/fee-schedules/physician/pfs-relative-value-files/rvu26c",
    effective_from="2026-07-01",
    confidence="official",
)
INDICES = Citation(
    title="Medicare physician fee schedule, geographic practice cost indices 2026",
    section="Addendum E, locality 04412-11",
    url="https://www.cms.gov/medicare/payment/fee-schedules/physician/documentation-and-files",
    effective_from="2026-01-01",
    effective_to="2026-12-31",
    confidence="recalled",
)
EDITS = Citation(
    title="Medicare NCCI procedure-to-procedure edits, practitioner services",
    section="2026 quarter 3",
    url="https://www.cms.gov/medicare/coding-billing/national-correct-coding-initiative-ncci-edits",
    effective_from="2026-07-01",
    confidence="official",
)
REDUCTION = Citation(
    title="Medicare claims processing manual, chapter 12",
    section="§40.6, multiple surgeries",
    url="https://www.cms.gov/regulations-and-guidance/guidance/manuals/downloads/clm104c12.pdf",
    effective_from="2008-03-01",
    confidence="official",
)
CITATIONS = (RULE, FACTOR, VALUES, INDICES)

NAMES = {
    "99213": "Office visit, established patient, low complexity",
    "97110": "Therapeutic exercise, each 15 minutes",
    "97140": "Manual therapy, each 15 minutes",
    "73721": "MRI of a joint of the leg, without contrast",
    "20610": "Injection or drainage of a large joint",
    "29881": "Knee arthroscopy with removal of torn meniscus tissue",
    "99456": "Examination by another doctor than the treating one",
}


@dataclass(frozen=True)
class SampleNames:
    """Names of the codes in the samples."""

    def jurisdiction(self, code: str) -> str:
        return "Texas" if code == "TX" else ""

    def service(self, code: str) -> str:
        return NAMES.get(code, "")


@dataclass(frozen=True)
class Values:
    """Relative values of one code, as the publisher prints them."""

    work: str
    practice: str
    malpractice: str


def figure(name: str, value: str, unit: str = "", citation: int | None = None) -> CalculationInput:
    return CalculationInput(name=name, value=value, unit=unit, citation=citation)


def schedule_steps(values: Values, charge: str, units: int) -> tuple[list[CalculationStep], Decimal]:
    """What the schedule does to any line, and the amount it allows."""
    factor = Decimal("70.06")
    raw = (
        Decimal(values.work) * Decimal("1.009")
        + Decimal(values.practice) * Decimal("0.996")
        + Decimal(values.malpractice) * Decimal("0.858")
    )
    rate = (raw * factor).quantize(Decimal("0.01"))
    total = rate * units
    allowed = min(total, Decimal(charge))
    steps = [
        CalculationStep(
            rule="relative_value_rate",
            formula="(work RVU \u00d7 work GPCI + practice expense RVU \u00d7 PE GPCI + malpractice RVU"
            " \u00d7 MP GPCI) \u00d7 conversion factor",
            inputs=[
                figure("work_rvu", values.work, "relative value units", 2),
                figure("work_gpci", "1.009", "index", 3),
                figure("pe_rvu", values.practice, "relative value units", 2),
                figure("pe_gpci", "0.996", "index", 3),
                figure("mp_rvu", values.malpractice, "relative value units", 2),
                figure("mp_gpci", "0.858", "index", 3),
                figure("tx:conversion_factor.office", "70.06", "USD per relative value unit", 1),
            ],
            amount_after=str(rate),
            rounding="half up to cents",
        ),
        CalculationStep(
            rule="units",
            formula=f"${rate} \u00d7 {units}",
            inputs=[figure("units", str(units), "units")],
            amount_before=str(rate),
            amount_after=str(total),
        ),
        CalculationStep(
            rule="lesser_of_charge",
            formula="The smaller of the schedule amount and the billed charge",
            inputs=[figure("charge", charge, "USD"), figure("lesser_of", "yes", "", 0)],
            amount_before=str(total),
            amount_after=str(allowed),
        ),
    ]
    return steps, allowed


def priced(
    number: int, code: str, charge: str, values: Values, units: int = 1, modifiers: Sequence[str] = ()
) -> LineResult:
    steps, allowed = schedule_steps(values, charge, units)
    rest = Decimal(charge) - allowed
    reasons = [
        ReductionReason(
            carc="P12",
            group_code="CO",
            amount=float(rest),
            description="The charge is above the fee schedule of Texas workers' compensation.",
        )
    ]
    return LineResult(
        line_number=number,
        line_id=f"caller-line-{number}",
        cpt=code,
        modifiers=modifiers,
        units=units,
        charge=float(charge),
        allowed_amount=float(allowed),
        status="priced",
        reduction_reasons=reasons if rest else [],
        calculation_details=steps,
        rule_citations=CITATIONS,
    )


def second_procedure(number: int, code: str, charge: str, values: Values) -> LineResult:
    """The smaller of two procedures on one day, at half its schedule amount."""
    line = priced(number, code, charge, values, modifiers=("51", "RT"))
    full = Decimal(line.calculation_details[1].amount_after)
    half = (full / 2).quantize(Decimal("0.01"))
    line.calculation_details.insert(
        2,
        CalculationStep(
            rule="multiple_procedure",
            formula="Second of two procedures by value: 50 % of its schedule amount",
            inputs=[
                figure("rank", "2"),
                figure("multiple_procedure_indicator", "2", "", 2),
                figure("percent_of_second", "50", "percent", 4),
            ],
            amount_before=str(full),
            amount_after=str(half),
            rounding="half up to cents",
        ),
    )
    line.calculation_details[3].amount_before = str(half)
    line.calculation_details[3].amount_after = str(half)
    line.rule_citations.append(REDUCTION)
    line.allowed_amount = float(half)
    line.reduction_reasons[0].amount = float(Decimal(charge) - full)
    line.reduction_reasons.add(
        carc="59",
        group_code="CO",
        amount=float(full - half),
        description="A second procedure of the same session is paid at half its amount.",
    )
    return line


def denied(number: int, code: str, charge: str, carc: str, words: str) -> LineResult:
    step = CalculationStep(
        rule="code_pair_edits",
        formula="Column 2 code of an active pair, no modifier that separates them",
        inputs=[figure("column_1_code", "97140", "", 0), figure("modifier_indicator", "1", "", 0)],
        amount_after="0.00",
    )
    return LineResult(
        line_number=number,
        line_id=f"caller-line-{number}",
        cpt=code,
        units=1,
        charge=float(charge),
        status="denied",
        reduction_reasons=[
            ReductionReason(carc=carc, group_code="CO", amount=float(charge), description=words)
        ],
        calculation_details=[step],
        rule_citations=[EDITS],
    )


def undecided(number: int, code: str, charge: str) -> LineResult:
    return LineResult(
        line_number=number,
        line_id=f"caller-line-{number}",
        cpt=code,
        units=1,
        charge=float(charge),
        status="needs_review",
        reduction_reasons=[
            ReductionReason(
                carc="16",
                group_code="PI",
                description=("No value of Examination fee (tx:examination) in force on 2026-07-14 is known."),
            )
        ],
        warnings=["The fee depends on the number of body areas rated, which the bill does not say."],
    )


def sample_review() -> Review:
    """Ten lines: seven priced, two denied, one open."""
    knee = second_procedure(7, "20610", "410.00", Values("0.77", "1.16", "0.13"))
    recalled = priced(3, "97140", "74.50", Values("0.43", "0.39", "0.01"), modifiers=("GP", "59"))
    recalled.warnings.append(
        "A figure of this line is recalled, not read in a source: the geographic indices 2026."
    )
    review = Review(
        review_id="rv_01K3M7Q2ZC8W4F6H0R5T9XYBND",
        status="needs_review",
        jurisdiction="TX",
        bill_type="professional",
        lines=[
            priced(1, "99213", "260.00", Values("1.30", "1.46", "0.09"), modifiers=("25",)),
            priced(2, "97110", "440.00", Values("0.45", "0.41", "0.01"), units=4, modifiers=("GP",)),
            recalled,
            denied(
                4, "97530", "95.00", "97", "Included in the payment of line 3; the codes exclude each other."
            ),
            priced(5, "73721", "1850.00", Values("1.32", "4.71", "0.09"), modifiers=("RT",)),
            priced(6, "29881", "4980.00", Values("6.85", "7.19", "1.40"), modifiers=("RT",)),
            knee,
            denied(
                8, "97014", "48.00", "96", "Not payable under this schedule, which asks for G0283 instead."
            ),
            undecided(9, "99456", "900.00"),
            priced(10, "95886", "190.00", Values("0.84", "2.12", "0.03")),
        ],
        warnings=["Two lines were priced with a conversion factor that was read in a secondary publication."],
        versions=Versions(engine="1.4.0", rules="r-5f2c91d07ab3", data="d-9b81e6c4402f"),
        livemode=False,
        created_at="2026-08-05T14:22:31.482Z",
        claim_reference="CLAIM-REFERENCE-OF-CALLER",
        rule_trace_reference="/v1/reviews/trace-of-caller",
    )
    review.total_charge = float(sum(Decimal(str(line.charge)) for line in review.lines))
    review.allowed_amount = float(sum(Decimal(str(line.allowed_amount)) for line in review.lines))
    return review


def sample_page(review: Review | None = None) -> Page:
    return page_of(report_of(review or sample_review(), SampleNames()), LINK)
