"""Joins the tables of the family into services: one per resource, each named after its proto file."""

from __future__ import annotations

from allowable.insurance.v1 import (
    allowed_fees_pb2,
    benefits_pb2,
    carriers_pb2,
    coverage_categories_pb2,
    directory_pb2,
    drafts_pb2,
    estimate_books_pb2,
    estimates_pb2,
    fee_resolution_pb2,
    fee_schedule_assignments_pb2,
    fee_schedules_pb2,
    fees_pb2,
    patient_plans_pb2,
    plans_pb2,
    settings_pb2,
    subscriptions_pb2,
    verifications_pb2,
)
from services.insurance import (
    adjustment_logs,
    allowed_fees,
    assignment_health,
    assignment_overview,
    assignments,
    benefits,
    carriers,
    coverage_categories,
    directory,
    draft_conversion,
    drafts,
    estimate_books,
    estimates,
    evidence,
    fee_resolution,
    fee_schedules,
    fees,
    patient_plans,
    plans,
    recompute,
    rule_steps,
    settings,
    subscriptions,
    verification_work,
    verifications,
)
from services.kernel.rpc import Service

TABLES = (
    (allowed_fees_pb2, {**allowed_fees.RPCS, **adjustment_logs.RPCS, **recompute.RPCS}),
    (benefits_pb2, benefits.RPCS),
    (carriers_pb2, carriers.RPCS),
    (coverage_categories_pb2, coverage_categories.RPCS),
    (directory_pb2, directory.RPCS),
    (drafts_pb2, {**drafts.RPCS, **draft_conversion.RPCS}),
    (estimate_books_pb2, {**estimate_books.RPCS, **rule_steps.RPCS, **evidence.RPCS}),
    (estimates_pb2, estimates.RPCS),
    (fee_resolution_pb2, fee_resolution.RPCS),
    (
        fee_schedule_assignments_pb2,
        {**assignments.RPCS, **assignment_overview.RPCS, **assignment_health.RPCS},
    ),
    (fee_schedules_pb2, fee_schedules.RPCS),
    (fees_pb2, fees.RPCS),
    (patient_plans_pb2, patient_plans.RPCS),
    (plans_pb2, plans.RPCS),
    (settings_pb2, settings.RPCS),
    (subscriptions_pb2, subscriptions.RPCS),
    (verifications_pb2, {**verifications.RPCS, **verification_work.RPCS}),
)


def services() -> list[Service]:
    """Every service of the family."""
    return [
        Service(service, table)
        for file, table in TABLES
        for service in file.DESCRIPTOR.services_by_name.values()
    ]
