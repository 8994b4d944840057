"""Fee schedules, assignments and estimate books through the gateway: `python -m tests.load.schedules`.

A practice of its own on a stack of its own: 500 fees changed in one request, the matrix of 200 plans and 50
locations, and a book with 100,000 rows of evidence recomputed. Prints medians in milliseconds as JSON, and
fails when one is above its bar.
"""

from __future__ import annotations

import json
import sys
import time
from statistics import median
from typing import Any

import httpx

from tests.harness.stack import Member, Stack, running_stack

SIZES = {"fees": 500, "plans": 200, "locations": 50, "evidence": 100_000, "codes": 100}
ROUNDS = 15
BARS = {"bulk update of 500 fees": 150.0, "matrix of 200 x 50": 200.0, "recompute of 100,000": 5000.0}
_FILL = (
    """
    INSERT INTO procedure_codes (id, org_id, livemode, code, version, created_at, updated_at)
    SELECT gen_random_uuid(), %(org)s, false, 'D' || 1000 + n, 1, now(), now()
    FROM generate_series(1, %(fees)s) n""",
    """
    INSERT INTO locations (id, org_id, livemode, name, version, created_at, updated_at)
    SELECT gen_random_uuid(), %(org)s, false, 'Office ' || n, 1, now(), now()
    FROM generate_series(1, %(locations)s) n""",
    """
    INSERT INTO insurance_plans (id, org_id, livemode, carrier_uuid, plan_type, group_name, group_number,
        version, created_at, updated_at)
    SELECT gen_random_uuid(), %(org)s, false, %(carrier)s, 'ppo_percentage', 'Group ' || n, n, 1, now(), now()
    FROM generate_series(1, %(plans)s) n""",
    """
    INSERT INTO fees (id, org_id, livemode, fee_schedule_uuid, procedure_code_uuid, amount, version,
        created_at, updated_at)
    SELECT gen_random_uuid(), %(org)s, false, %(schedule)s, id, 100, 1, now(), now()
    FROM procedure_codes WHERE org_id = %(org)s""",
    """
    INSERT INTO fee_schedule_assignments (id, org_id, livemode, location_uuid, insurance_plan_uuid,
        assignment_kind, fee_schedule_uuid, effective_start, version, created_at, updated_at)
    SELECT gen_random_uuid(), %(org)s, false, l.id, p.id, 'primary', %(schedule)s, '2024-01-01', 1,
        now(), now()
    FROM locations l, insurance_plans p WHERE l.org_id = %(org)s AND p.org_id = %(org)s""",
    # Every plan has claims of every one of so many codes, some of them too old for the rule steps.
    """
    INSERT INTO estimate_book_evidence (id, org_id, livemode, estimate_book_uuid, procedure_code_uuid,
        source_type, procedure_service_date, carrier_uuid, insurance_plan_uuid, group_number,
        allowed_override, created_at, updated_at)
    SELECT gen_random_uuid(), %(org)s, false, %(book)s, c.id, 'import', current_date - n %% 500,
        %(carrier)s, p.id, p.group_number, 50 + n %% 977 / 10.0, now(), now()
    FROM generate_series(0, %(evidence)s - 1) n
    JOIN (SELECT id, row_number() OVER () - 1 AS k FROM procedure_codes WHERE org_id = %(org)s) c
        ON c.k = n %% %(codes)s
    JOIN (SELECT id, group_number, row_number() OVER () - 1 AS k FROM insurance_plans
        WHERE org_id = %(org)s) p ON p.k = n / %(codes)s %% %(plans)s""",
)


class Practice:
    """A practice, and calls of it through the gateway."""

    def __init__(self, running: Stack, member: Member) -> None:
        self.client = httpx.Client(
            base_url=f"{running.sandbox['base_url']}/v1/{member.org_id}/insurance/",
            headers={"authorization": f"Bearer {member.secret}"},
            timeout=60,
            trust_env=False,
        )
        self.carrier = self.post("carriers", carrier_name="Delta")["id"]
        self.schedule = self.post(
            "fee-schedules", name="Contract", fee_sched_type="normal", purpose="insurance"
        )["id"]
        self.book = self.post("estimate-books", name="All", rule_type="allowed_from_claims")["id"]
        values = {
            "org": member.org_id,
            "carrier": self.carrier,
            "schedule": self.schedule,
            "book": self.book,
            **SIZES,
        }
        with running.owner() as connection:
            for statement in _FILL:
                connection.execute(statement.encode(), values)
            connection.execute("ANALYZE")

    def post(self, path: str, **body: Any) -> Any:
        """One POST; its answer."""
        return self.client.post(path, json=body).raise_for_status().json()

    def get(self, path: str, **query: Any) -> Any:
        """One GET; its answer."""
        return self.client.get(path, params=query).raise_for_status().json()


def main() -> int:
    """Fills, measures, prints."""
    with running_stack() as running:
        practice = Practice(running, running.new_member())
        found = {
            "bulk update of 500 fees": median(bulk_update(practice) for _ in range(ROUNDS)),
            "matrix of 200 x 50": median(matrix(practice) for _ in range(ROUNDS)),
            "recompute of 100,000": recompute(practice),
        }
    report = {name: {"p50": round(ms, 1), "bar": BARS[name]} for name, ms in found.items()}
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    slow = [name for name, milliseconds in found.items() if milliseconds > BARS[name]]
    for name in slow:
        sys.stderr.write(f"above its bar: {name}\n")
    return 1 if slow else 0


def bulk_update(practice: Practice) -> float:
    """All fees of the schedule in one request."""
    path = f"fee-schedules/{practice.schedule}/fees"
    rows = [row for page in (1, 2, 3) for row in practice.get(path, page=page, page_size=200)["items"]]
    changes = [
        {"fee_uuid": row["id"], "amount": float(row["amount"]) + 1, "base_version": row["version"]}
        for row in rows
    ]
    started = time.perf_counter()
    answer = practice.post(f"{path}/bulk-update", fees=changes)
    elapsed = time.perf_counter() - started
    if answer["updated"] != SIZES["fees"]:
        raise SystemExit(f"not all fees were changed: {answer}")
    return elapsed * 1000


def matrix(practice: Practice) -> float:
    """Every plan at every location."""
    started = time.perf_counter()
    answer = practice.get("fee-schedule-assignments/matrix", kind="primary")
    elapsed = time.perf_counter() - started
    if len(answer["rows"]) != SIZES["plans"] or len(answer["rows"][0]["cells"]) != SIZES["locations"]:
        raise SystemExit("the matrix is not whole")
    return elapsed * 1000


def recompute(practice: Practice) -> float:
    """From the request until the run is completed."""
    started = time.perf_counter()
    run = practice.post(f"estimate-books/{practice.book}/recompute")
    while run["status"] == "running":
        time.sleep(0.02)
        run = practice.get(f"estimate-books/{practice.book}/runs/{run['id']}")
    elapsed = time.perf_counter() - started
    if run["status"] != "completed":
        raise SystemExit(f"the run failed: {run.get('error')}")
    return elapsed * 1000


if __name__ == "__main__":
    sys.exit(main())
