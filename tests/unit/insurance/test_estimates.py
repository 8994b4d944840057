"""Estimates over the service: whose plans, which fees, what the answer says."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.insurance.tables import assignments, books, coverage, directory, fees
from tests.harness.calls import refused
from tests.unit.insurance import stored
from tests.unit.insurance.estimated import worked_out

MISSING = str(uuid4())


class Office:
    """A practice with a location, codes, usual fees, and plans with fees of their own."""

    def __init__(self, practice: Any) -> None:
        self.practice = practice
        self.location = stored.put(practice, directory.locations, name="Main", is_active=True)
        self.patient = stored.patient(practice, birth_date=date(2000, 1, 1))
        self.codes = {text: stored.code(practice, text) for text in ("D1110", "D2740", "D2391", "D2140")}
        self.carrier = stored.carrier(practice)
        self.assign("ucr", self.schedule("office", {"D2740": "180", "D1110": "90", "D2391": "180"}))

    def schedule(self, purpose: str, amounts: dict[str, str]) -> str:
        made = stored.put(
            self.practice, fees.fee_schedules,
            name=str(uuid4()), fee_sched_type="normal", purpose=purpose, status="active",
        )  # fmt: skip
        for code, amount in amounts.items():
            stored.put(
                self.practice, fees.fees, fee_schedule_uuid=UUID(made),
                procedure_code_uuid=UUID(self.codes[code]), amount=Decimal(amount),
            )  # fmt: skip
        return made

    def assign(self, kind: str, schedule: str, plan: str = "", **values: Any) -> str:
        return stored.put(
            self.practice, assignments.fee_schedule_assignments,
            location_uuid=UUID(self.location), insurance_plan_uuid=UUID(plan) if plan else None,
            assignment_kind=kind, fee_schedule_uuid=UUID(schedule),
            **{"effective_start": date(2025, 1, 1)} | values,
        )  # fmt: skip

    def plan(self, plan_type: str = "ppo_percentage", percent: int = 80, **values: Any) -> str:
        made = self.practice(
            "CreatePlan", carrier_uuid=self.carrier, plan_type=plan_type, group_name="Acme", **values
        )
        self.practice("CreatePlanBenefit", plan_uuid=made.id, benefit_type="coinsurance", percent=percent)
        return str(made.id)

    def covered(self, plan: str, ordinal: int = 1, **values: Any) -> str:
        return stored.coverage_of(self.practice, self.patient, plan, ordinal=ordinal, **values)

    def estimate(self, *procedures: dict[str, Any], **fields: Any) -> Any:
        asked = {"patient_uuid": self.patient, "location_uuid": self.location} | fields
        wanted = list(procedures) or [{"code": "D2740"}]
        return self.practice("EstimateTreatment", procedures=wanted, **asked)


@pytest.fixture
def office(practice: Any) -> Office:
    return Office(practice)


def three(line: Any) -> tuple[str, str, str]:
    return line.write_off, line.insurance, line.patient


def test_a_ppo_with_a_deductible(office: Office) -> None:
    plan = office.plan()
    office.practice("CreatePlanBenefit", plan_uuid=plan, benefit_type="deductible", monetary_amt=50)
    office.assign("primary", office.schedule("insurance", {"D2740": "140"}), plan)
    holder = office.covered(plan)
    answer = office.estimate()
    [line], [share] = answer.procedures, answer.procedures[0].shares
    assert three(line) == ("40.00", "72.00", "68.00")
    assert (line.fee, line.status, answer.status) == ("180.00", "estimated", "estimated")
    assert (share.plan_fee, share.percent, share.deductible) == ("140.00", 80, "50.00")
    assert (share.patient_plan_uuid, share.order, share.in_network) == (holder, 1, True)
    assert (answer.patient_total, answer.insurance_total, answer.fee_total) == ("68.00", "72.00", "180.00")
    [shown] = answer.plans
    assert (shown.patient_plan_uuid, shown.insurance_plan.id, shown.carrier.name) == (holder, plan, "Delta")
    assert line.procedure_code.code == "D2740"


def test_every_step_names_its_source_and_its_arithmetic_comes_out(office: Office) -> None:
    plan = office.plan()
    office.practice("CreatePlanBenefit", plan_uuid=plan, benefit_type="deductible", monetary_amt=50)
    office.assign("primary", office.schedule("insurance", {"D2740": "140"}), plan)
    office.covered(plan)
    [line] = office.estimate().procedures
    for step in line.trace:
        assert step.source in {"fee", "benefit", "plan", "settings", "request", "rule"}
        assert bool(step.source_uuid) == (step.source in {"fee", "benefit", "plan"})
        assert not step.arithmetic or f"{worked_out(step.arithmetic):.2f}" == step.amount
    assert [step.rule for step in line.trace] == [
        "usual_fee", "fee_billed", "plan_fee", "contract_write_off", "coinsurance", "deductible",
        "payment_alone", "payment", "write_off", "patient_share",
    ]  # fmt: skip


def test_two_plans_in_order_of_their_override(office: Office) -> None:
    plans = [office.plan(percent=50), office.plan("category_percentage", percent=80, cob_rule="standard")]
    holders = [office.covered(plan, number) for number, plan in enumerate(plans, 1)]
    [line] = office.estimate().procedures
    assert [share.payment for share in line.shares] == ["90.00", "90.00"]
    first = office.estimate(patient_plan_uuids=[holders[1]])
    assert [share.patient_plan_uuid for share in first.procedures[0].shares] == [holders[1]]
    third = office.covered(office.plan(percent=10), 3, cob_order_override=1)
    answer = office.estimate()
    assert [one.patient_plan_uuid for one in answer.plans] == [third, *holders]


def test_the_patient_plans_own_schedule_goes_before_assignments(office: Office) -> None:
    plan = office.plan()
    office.assign("primary", office.schedule("insurance", {"D2740": "140"}), plan)
    own = office.schedule("insurance", {"D2740": "100"})
    office.covered(plan, fee_schedule_uuid=UUID(own))
    [line] = office.estimate().procedures
    assert three(line) == ("80.00", "80.00", "20.00")


def test_fees_of_the_day_and_of_the_provider_count(office: Office) -> None:
    provider = stored.put(office.practice, directory.providers, first_name="Jo", last_name="Lee")
    plan = office.plan(percent=100)
    schedule = office.schedule("insurance", {"D2740": "140"})
    for values in ({"date_effective": date(2026, 7, 1)}, {"provider_uuid": UUID(provider)}):
        stored.put(
            office.practice, fees.fees, fee_schedule_uuid=UUID(schedule), amount=Decimal(150),
            procedure_code_uuid=UUID(office.codes["D2740"]), **values,
        )  # fmt: skip
    office.assign("primary", schedule, plan, effective_end=date(2026, 12, 31))
    office.covered(plan)
    asked = [
        {"code": "d2740"},
        {"code": "D2740", "date_of_service": "2026-07-01"},
        {"code": "D2740", "provider_uuid": provider},
        {"procedure_code_uuid": office.codes["D2740"], "date_of_service": "2027-01-01"},
    ]
    answer = office.estimate(*asked)
    assert [line.insurance for line in answer.procedures] == ["140.00", "150.00", "150.00", "180.00"]


def book(office: Office, scope: str = "tenant", **values: Any) -> str:
    return stored.put(
        office.practice, books.estimate_books, name="Book", rule_type="allowed_from_claims",
        scope_type=scope, claim_match_method="average", exclude_over_ucr=False, status="active", **values,
    )  # fmt: skip


def allow(office: Office, where: str, amount: str, **values: Any) -> str:
    return stored.put(
        office.practice, books.allowed_fees, estimate_book_uuid=UUID(where), sample_count=4,
        procedure_code_uuid=UUID(office.codes["D2740"]), allowed_fee=Decimal(amount), confidence="medium",
        resolution_scope_type="insurance_carrier", computed_at=office.practice.clock.now(), **values,
    )  # fmt: skip


def test_out_of_network_fees_come_from_schedules_then_books(office: Office) -> None:
    plan = office.plan("category_percentage", percent=100)
    office.covered(plan)

    def allowed() -> str:
        return str(office.estimate().procedures[0].shares[0].allowed_fee)

    assert allowed() == "180.00"
    entry = allow(office, book(office), "120")
    assert allowed() == "120.00"
    [step] = [step for step in office.estimate().procedures[0].trace if step.rule == "plan_fee"]
    assert (step.source, step.source_uuid) == ("allowed_fee", entry)
    office.assign("allowed", office.schedule("allowed", {"D2740": "130"}))
    assert allowed() == "130.00"
    linked = book(office, "plan", insurance_plan_uuid=UUID(plan))
    allow(office, linked, "140")
    office.assign(
        "out_of_network", office.schedule("allowed", {"D2740": "150"}), plan, estimate_book_uuid=UUID(linked)
    )
    assert allowed() == "140.00"
    office.assign("manual_blue_book", office.schedule("allowed", {"D2740": "160"}))
    assert allowed() == "160.00"


def test_a_book_entry_that_expired_says_nothing(office: Office) -> None:
    office.covered(office.plan("category_percentage", percent=100))
    allow(office, book(office), "120", expires_at=office.practice.clock.now() - timedelta(days=1))
    assert office.estimate().procedures[0].shares[0].allowed_fee == "180.00"


def test_what_is_used_and_done_before_counts(office: Office) -> None:
    plan = office.plan(percent=100)
    for fields in (
        {"benefit_type": "annual_max", "monetary_amt": 1000},
        {"benefit_type": "limitation", "quantity": 1, "procedure_code_uuid": office.codes["D1110"]},
    ):
        office.practice("CreatePlanBenefit", plan_uuid=plan, **fields)
    holder = office.covered(plan)
    answer = office.estimate(
        {"code": "D2740"}, {"code": "D1110"},
        used=[{"patient_plan_uuid": holder, "annual_max": 900}],
        history=[{"code": "D1110", "date_of_service": "2026-01-05"}],
    )  # fmt: skip
    assert [line.insurance for line in answer.procedures] == ["100.00", "0.00"]
    assert [line.shares[0].reason for line in answer.procedures] == ["max_reached", "frequency_limit"]


def test_categories_decide_which_benefit_governs(office: Office) -> None:
    crowns = stored.category(office.practice, "Crowns", 5)
    stored.put(
        office.practice, coverage.coverage_spans, category_uuid=UUID(crowns), from_code="D2700",
        to_code="D2799", is_exclusion=False, item_order=1,
    )  # fmt: skip
    plan = office.plan(percent=80)
    office.practice(
        "CreatePlanBenefit", plan_uuid=plan, benefit_type="coinsurance", percent=50,
        coverage_category_uuid=crowns,
    )  # fmt: skip
    office.covered(plan)
    answer = office.estimate({"code": "D2740"}, {"code": "D1110"})
    assert [line.shares[0].percent for line in answer.procedures] == [50, 80]


def test_settings_and_downgrades(office: Office) -> None:
    stored.put(office.practice, coverage.insurance_settings, include_write_off=False)
    plan = office.plan(percent=50, substitution_code_behavior="downgrade_to_amalgam")
    office.assign("primary", office.schedule("insurance", {"D2391": "140", "D2140": "100"}), plan)
    office.covered(plan)
    back, front, unknown = office.estimate(
        {"code": "D2391", "tooth": "30", "surface": "O"}, {"code": "D2391", "tooth": "8"}, {"code": "D2391"}
    ).procedures
    assert [three(line) for line in (back, front)] == [
        ("0.00", "50.00", "130.00"),
        ("0.00", "70.00", "110.00"),
    ]
    assert (back.shares[0].paid_as, back.tooth, back.surface) == ("D2140", "30", "O")
    assert unknown.status == "needs_review"
    assert list(unknown.missing) == ["the tooth: D2391 of a posterior tooth is paid as D2140"]


def test_what_has_no_fee_needs_review_and_is_in_no_sum(office: Office) -> None:
    answer = office.estimate({"code": "D2140"}, {"code": "D2140", "fee": 12.5})
    without, sent = answer.procedures
    assert (without.status, without.HasField("fee"), without.patient) == ("needs_review", False, "0.00")
    assert (sent.fee, sent.patient, answer.fee_total) == ("12.50", "12.50", "12.50")
    assert answer.status == "needs_review"


def test_inactive_plans_do_not_count(office: Office) -> None:
    holder = office.covered(office.plan(), ordinal=1, status="inactive")
    assert list(office.estimate().plans) == []
    with refused("INVALID_REQUEST"):
        office.estimate(patient_plan_uuids=[holder])


@pytest.mark.parametrize(
    ("fields", "procedure", "reason", "field"),
    [
        ({"patient_uuid": MISSING}, {}, "NOT_FOUND", "patient_uuid"),
        ({"location_uuid": MISSING}, {}, "NOT_FOUND", "location_uuid"),
        ({}, {"location_uuid": MISSING}, "NOT_FOUND", "procedures[0].location_uuid"),
        ({"provider_uuid": MISSING}, {}, "NOT_FOUND", "provider_uuid"),
        ({"patient_plan_uuids": [MISSING]}, {}, "NOT_FOUND", "patient_plan_uuids[0]"),
        ({"used": [{"patient_plan_uuid": MISSING}]}, {}, "NOT_FOUND", "used[0].patient_plan_uuid"),
        ({}, {"code": "D9999"}, "NOT_FOUND", "procedures[0].code"),
        ({}, {"code": "", "procedure_code_uuid": MISSING}, "NOT_FOUND", "procedures[0].procedure_code_uuid"),
        ({}, {"procedure_code_uuid": MISSING}, "INVALID_REQUEST", "procedures[0].code"),
        ({}, {"code": ""}, "INVALID_REQUEST", "procedures[0].code"),
        ({}, {"fee": 1.234}, "INVALID_REQUEST", "procedures[0].fee"),
        ({}, {"date_of_service": "2026-02-30"}, "INVALID_REQUEST", "procedures[0].date_of_service"),
        ({"patient_uuid": "x"}, {}, "INVALID_REQUEST", "patient_uuid"),
        ({"date_of_service": "tomorrow"}, {}, "INVALID_REQUEST", "date_of_service"),
        ({"history": [{"code": "D1110"}]}, {}, "INVALID_REQUEST", "history[0].date_of_service"),
        (
            {"history": [{"code": "D9999", "date_of_service": "2026-01-01"}]}, {},
            "NOT_FOUND", "history[0].code",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_estimated(
    office: Office, fields: dict[str, Any], procedure: dict[str, Any], reason: str, field: str
) -> None:
    with refused(reason) as refusal:
        office.estimate({"code": "D2740"} | procedure, **fields)
    assert [fault.field for fault in refusal.value.faults] == [field]


def test_another_organization_or_patient_has_other_plans(office: Office, stranger: Any) -> None:
    with refused("NOT_FOUND"):
        stranger(
            "EstimateTreatment", patient_uuid=office.patient, location_uuid=office.location,
            procedures=[{"code": "D2740"}],
        )  # fmt: skip
    other = stored.coverage_of(office.practice, stored.patient(office.practice), office.plan())
    with refused("NOT_FOUND"):
        office.estimate(patient_plan_uuids=[other])


def test_many_procedures_take_as_many_statements_as_one(office: Office) -> None:
    plans = [office.plan(), office.plan("category_percentage"), office.plan("category_percentage")]
    for number, plan in enumerate(plans, 1):
        office.covered(plan, number)

    def sent(count: int) -> int:
        asked = [
            {"code": "D2740", "date_of_service": f"2026-05-{day + 1:02}", "location_uuid": office.location}
            for day in range(count)
        ]
        with office.practice.statements() as statements:
            office.estimate(*asked)
        return len(statements)

    one = sent(1)
    assert sent(25) == one
    assert one <= 13
