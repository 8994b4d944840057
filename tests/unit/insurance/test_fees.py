"""Fee schedules on a real PostgreSQL: what stories cannot show: races, statements, assigned schedules."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest

from services.insurance.tables import assignments, directory
from services.kernel.errors import DomainError
from tests.harness.calls import refused
from tests.unit.insurance import stored


@pytest.fixture
def schedule(practice: Any) -> str:
    return str(practice("CreateFeeSchedule", name="Office", fee_sched_type="normal").id)


def priced(practice: Any, schedule: str, number: int, amount: float = 100) -> list[Any]:
    """Fees of new codes, at ascending amounts."""
    codes = [stored.code(practice, f"T{place:04}") for place in range(number)]
    entries = [{"procedure_code_uuid": c, "amount": amount + n} for n, c in enumerate(codes)]
    return list(practice("BulkCreateFees", fee_schedule_uuid=schedule, fees=entries).items)


def outcomes(*calls: Callable[[], Any]) -> list[str]:
    """What calls made at the same time end with."""

    def end(call: Callable[[], Any]) -> str:
        try:
            call()
        except DomainError as error:
            return error.reason.name
        return "OK"

    with ThreadPoolExecutor(len(calls)) as pool:
        return sorted(pool.map(end, calls))


def assigned(practice: Any, schedule: str, until: date | None) -> None:
    location = stored.put(practice, directory.locations, name="North", is_active=True)
    stored.put(
        practice, assignments.fee_schedule_assignments,
        location_uuid=UUID(location), assignment_kind="ucr", fee_schedule_uuid=UUID(schedule),
        effective_start=date(2026, 1, 1), effective_end=until,
    )  # fmt: skip


def test_type_and_purpose_stay_while_assignments_use_the_schedule(practice: Any, schedule: str) -> None:
    assigned(practice, schedule, until=practice.clock.today())
    assert practice("GetFeeSchedule", fee_schedule_uuid=schedule).assignment_count == 1
    for change in ({"fee_sched_type": "copay"}, {"purpose": "insurance"}):
        with refused("INVALID_REQUEST"):
            practice("UpdateFeeSchedule", fee_schedule_uuid=schedule, base_version=1, **change)
    practice("UpdateFeeSchedule", fee_schedule_uuid=schedule, base_version=1, name="New", purpose="office")


def test_an_ended_assignment_binds_nothing(practice: Any, schedule: str) -> None:
    assigned(practice, schedule, until=date(2026, 3, 13))
    changed = practice("UpdateFeeSchedule", fee_schedule_uuid=schedule, base_version=1, purpose="insurance")
    assert (changed.purpose, changed.assignment_count) == ("insurance", 0)


def test_of_many_fees_for_one_slot_at_once_one_is_kept(practice: Any, schedule: str) -> None:
    code = stored.code(practice, "D1110")
    ends = outcomes(
        *[
            lambda: practice("CreateFee", fee_schedule_uuid=schedule, procedure_code_uuid=code, amount=1.0)
            for _ in range(6)
        ]
    )
    assert ends == ["ALREADY_EXISTS"] * 5 + ["OK"]


def test_who_takes_a_slot_twice_is_told_which_fee_has_it(practice: Any, schedule: str) -> None:
    fee, other = priced(practice, schedule, 2)
    with refused("ALREADY_EXISTS") as refusal:
        entry = {"procedure_code_uuid": other.procedure_code.id, "amount": 1.0}
        practice("BulkCreateFees", fee_schedule_uuid=schedule, fees=[entry])
    assert refusal.value.context == {"existing_id": other.id}
    assert fee.id != other.id


def test_of_many_bulk_updates_on_one_version_one_wins(practice: Any, schedule: str) -> None:
    fees = priced(practice, schedule, 20)

    def write(amount: float, order: int) -> Any:
        entries = [{"fee_uuid": f.id, "amount": amount, "base_version": 1} for f in fees[::order]]
        return practice("BulkUpdateFees", fee_schedule_uuid=schedule, fees=entries)

    ends = outcomes(*[lambda n=n: write(500.0 + n, 1 if n % 2 else -1) for n in range(6)])
    assert ends == ["OK"] + ["STALE_VERSION"] * 5
    now = practice("ListFees", fee_schedule_uuid=schedule).items
    assert {fee.version for fee in now} == {2}
    assert len({fee.amount for fee in now}) == 1


def test_raises_and_edits_at_once_follow_each_other(practice: Any, schedule: str) -> None:
    fees = priced(practice, schedule, 10)
    edit = {"fee_uuid": fees[0].id, "amount": 200.0, "base_version": 1}

    def raise_all() -> Any:
        return practice(
            "UndulateFeeSchedule",
            fee_schedule_uuid=schedule,
            base_version=1,
            direction="increase",
            percentage=10.0,
        )

    ends = outcomes(
        raise_all, raise_all, lambda: practice("BulkUpdateFees", fee_schedule_uuid=schedule, fees=[edit])
    )
    assert ends.count("STALE_VERSION") in {1, 2}
    amounts = [Decimal(fee.amount) for fee in practice("ListFees", fee_schedule_uuid=schedule).items]
    assert amounts[0] in {Decimal("110.00"), Decimal("220.00")}
    assert amounts[1:] == [Decimal(100 + n) * 11 / 10 for n in range(1, 10)]


def test_a_raise_beyond_what_a_fee_may_be_changes_nothing(practice: Any, schedule: str) -> None:
    priced(practice, schedule, 2, amount=5_000_000)
    with refused("INVALID_REQUEST"):
        practice(
            "UndulateFeeSchedule",
            fee_schedule_uuid=schedule,
            base_version=1,
            direction="increase",
            percentage=100.0,
        )
    amounts = [fee.amount for fee in practice("ListFees", fee_schedule_uuid=schedule).items]
    assert amounts == ["5000000.00", "5000001.00"]


@pytest.mark.parametrize("number", [2, 40])
def test_statements_do_not_grow_with_the_number_of_fees(practice: Any, schedule: str, number: int) -> None:
    codes = [stored.code(practice, f"S{place:04}") for place in range(number)]
    entries = [{"procedure_code_uuid": code, "amount": 50.0} for code in codes]
    with practice.statements() as sent:
        fees = practice("BulkCreateFees", fee_schedule_uuid=schedule, fees=entries).items
    assert len(sent) == 8, sent
    updates = [{"fee_uuid": fee.id, "amount": 60.0, "base_version": 1} for fee in fees]
    with practice.statements() as sent:
        practice("BulkUpdateFees", fee_schedule_uuid=schedule, fees=updates)
    assert len(sent) == 3, sent
    with practice.statements() as sent:
        practice("ListFees", fee_schedule_uuid=schedule)
    assert len(sent) == 5, sent
    with practice.statements() as sent:
        practice("ListFeeSchedules")
    assert len(sent) == 3, sent


def test_before_and_after_of_each_fee_are_kept(practice: Any, schedule: str, database_url: str) -> None:
    fee, other = priced(practice, schedule, 2)
    updates = [{"fee_uuid": one.id, "amount": 1.5, "base_version": 1} for one in (fee, other)]
    practice("BulkUpdateFees", fee_schedule_uuid=schedule, fees=updates)
    with psycopg.connect(database_url) as connection:
        kept = connection.execute(
            "SELECT changes FROM audit_log WHERE kind = 'fee' AND object = %s ORDER BY id DESC LIMIT 1",
            (fee.id,),
        ).fetchone()
    assert kept == ({"amount": {"before": "100.00", "after": "1.50"}},)


# Files


def test_the_import_of_an_export_changes_nothing_archived_records_included(
    practice: Any, schedule: str
) -> None:
    north = practice("CreateLocation", name="=cmd|north").id
    ann = practice("CreateProvider", first_name="Ann", last_name="Able").id
    code = practice("CreateProcedureCode", code="D1110", description="-1+1").id
    for who in ({}, {"clinic_uuid": north}, {"provider_uuid": ann, "date_effective": "2026-01-31"}):
        prices = {"amount": 80.5, "patient_amount": 5.0}
        practice("CreateFee", fee_schedule_uuid=schedule, procedure_code_uuid=code, **prices, **who)
    practice("ArchiveLocation", location_uuid=north)
    practice("ArchiveProcedureCode", procedure_code_uuid=code)
    file = practice("ExportFees", fee_schedule_uuid=schedule)
    assert file.content_type == "text/csv; charset=utf-8"
    text = file.data.decode()
    assert text.splitlines()[1:] == [
        "D1110,'-1+1,,,,,,80.50,5.00",
        f"D1110,'-1+1,,,{ann},Ann Able,2026-01-31,80.50,5.00",
        f"D1110,'-1+1,{north},'=cmd|north,,,,80.50,5.00",
    ]
    done = practice("ImportFees", fee_schedule_uuid=schedule, csv=text)
    assert (done.added, done.changed, done.removed, done.unchanged, len(done.rows)) == (0, 0, 0, 3, 0)


def test_a_file_is_about_the_code_in_use(practice: Any, schedule: str) -> None:
    for amount in (1.0, 2.0):
        code = practice("CreateProcedureCode", code="D1110").id
        practice("CreateFee", fee_schedule_uuid=schedule, procedure_code_uuid=code, amount=amount)
        if amount == 1:
            practice("ArchiveProcedureCode", procedure_code_uuid=code)
    text = practice("ExportFees", fee_schedule_uuid=schedule).data.decode()
    assert [line.split(",")[-2] for line in text.splitlines()[1:]] == ["2.00"]
    practice("ImportFees", fee_schedule_uuid=schedule, csv="code,amount\nD1110,3")
    amounts = [fee.amount for fee in practice("ListFees", fee_schedule_uuid=schedule).items]
    assert sorted(amounts) == ["1.00", "3.00"]


@pytest.mark.parametrize("number", [3, 60])
def test_an_import_costs_the_same_statements_whatever_its_size(
    practice: Any, schedule: str, number: int
) -> None:
    priced(practice, schedule, 2 * number)
    for place in range(number):
        stored.code(practice, f"N{place:04}")
    lines = [f"T{place:04},5" for place in range(number)] + [f"N{place:04},6" for place in range(number)]
    with practice.statements() as sent:
        done = practice("ImportFees", fee_schedule_uuid=schedule, csv="\n".join(["code,amount", *lines]))
    assert (done.added, done.changed, done.removed) == (number, number, number)
    assert len(sent) == 8, sent
