"""Joins the tables of the family into services: one per resource, each named after its proto file."""

from __future__ import annotations

from allowable.insurance.v1 import (
    benefits_pb2,
    directory_pb2,
    estimate_books_pb2,
    fee_schedule_assignments_pb2,
    fee_schedules_pb2,
    fees_pb2,
    patient_plans_pb2,
    plans_pb2,
    subscriptions_pb2,
    verifications_pb2,
)
from services.insurance import (
    assignment_health,
    assignment_overview,
    assignments,
    benefits,
    directory,
    estimate_books,
    evidence,
    fee_schedules,
    fees,
    patient_plans,
    plans,
    rule_steps,
    subscriptions,
    verification_work,
    verifications,
)
from services.kernel.rpc import Service


def services() -> list[Service]:
    """Every service of the family."""
    return [
        Service(benefits_pb2.DESCRIPTOR.services_by_name["BenefitService"], benefits.RPCS),
        Service(directory_pb2.DESCRIPTOR.services_by_name["DirectoryService"], directory.RPCS),
        Service(
            estimate_books_pb2.DESCRIPTOR.services_by_name["EstimateBookService"],
            {**estimate_books.RPCS, **rule_steps.RPCS, **evidence.RPCS},
        ),
        Service(
            fee_schedule_assignments_pb2.DESCRIPTOR.services_by_name["FeeScheduleAssignmentService"],
            assignments.RPCS | assignment_overview.RPCS | assignment_health.RPCS,
        ),
        Service(fee_schedules_pb2.DESCRIPTOR.services_by_name["FeeScheduleService"], fee_schedules.RPCS),
        Service(fees_pb2.DESCRIPTOR.services_by_name["FeeService"], fees.RPCS),
        Service(patient_plans_pb2.DESCRIPTOR.services_by_name["PatientPlanService"], patient_plans.RPCS),
        Service(plans_pb2.DESCRIPTOR.services_by_name["PlanService"], plans.RPCS),
        Service(subscriptions_pb2.DESCRIPTOR.services_by_name["SubscriptionService"], subscriptions.RPCS),
        Service(
            verifications_pb2.DESCRIPTOR.services_by_name["VerificationService"],
            verifications.RPCS | verification_work.RPCS,
        ),
    ]
