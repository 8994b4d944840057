"""An office with locations, a carrier, a plan and fee schedules, for tests of what is assigned where."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

from services.insurance.tables import books, coverage, fees
from services.kernel.errors import DomainError
from tests.unit.insurance import stored


class Office:
    """One practice; ids are texts. `today` is 2026-03-14."""

    def __init__(self, practice: Any) -> None:
        self.practice = practice
        self.north = self.location("North")
        self.carrier = stored.carrier(practice)
        self.plan = self.new_plan("Acme")
        self.usual = self.schedule("Usual fees", "office")
        self.contract = self.schedule("Contract fees", "insurance")
        self.reference = self.schedule("Reference fees", "allowed")

    def __call__(self, name: str, /, **fields: Any) -> Any:
        return self.practice(name, **fields)

    def location(self, name: str, **fields: Any) -> str:
        location: str = self.practice("CreateLocation", name=name, **fields).id
        return location

    def new_plan(self, name: str, carrier: str = "", **values: Any) -> str:
        values = {"plan_type": "ppo_percentage", **values}
        carrier_uuid = UUID(carrier or self.carrier)
        return stored.put(
            self.practice, coverage.insurance_plans, group_name=name, carrier_uuid=carrier_uuid, **values
        )

    def schedule(self, name: str, purpose: str, **values: Any) -> str:
        values = {"fee_sched_type": "normal", "status": "active", **values}
        return stored.put(self.practice, fees.fee_schedules, name=name, purpose=purpose, **values)

    def book(self, **values: Any) -> str:
        usual = {"name": "Blue", "rule_type": "ucr_fallback", "scope_type": "tenant"}
        usual |= {"claim_match_method": "average", "status": "active"}
        return stored.put(self.practice, books.estimate_books, **(usual | values))

    def fee(self, schedule: str, code: str, amount: str, **values: Any) -> str:
        return stored.put(
            self.practice, fees.fees, fee_schedule_uuid=UUID(schedule), procedure_code_uuid=UUID(code),
            amount=amount, **values,
        )  # fmt: skip

    def assign(self, kind: str = "primary", **fields: Any) -> Any:
        """An assignment at North from 2025 on, of the schedule that suits the kind; the plan's if primary."""
        suits = {"ucr": self.usual, "primary": self.contract, "copay": self.contract}
        usual = {"location_uuid": self.north, "effective_start": "2025-01-01"}
        usual["fee_schedule_uuid"] = suits.get(kind, self.reference)
        return self.practice("CreateAssignment", assignment_kind=kind, **(usual | fields))

    def resolve(self, kind: str, day: str, **fields: Any) -> str:
        fields = {"location_uuid": self.north} | fields
        found = self.practice("ResolveAssignment", kind=kind, as_of_date=day, **fields)
        assert found.resolved == found.HasField("assignment") == found.HasField("resolution_level")
        level: str = found.resolution_level
        return level if found.resolved else "none"


def at_once(calls: list[Callable[[], Any]]) -> tuple[list[Any], list[DomainError]]:
    """Answers and refusals of calls that start together."""
    answers: list[Any] = []
    refusals: list[DomainError] = []
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            answers.append(call())
        except DomainError as error:
            refusals.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers, refusals
