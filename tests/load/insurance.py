"""Lists and single records of the insurance family through the gateway: `python -m tests.load.insurance`.

A practice with 100,000 carriers, beside another of the same size, on a stack of its own. Prints medians and
99th percentiles in milliseconds as JSON, and fails when a median is above its bar.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import httpx

from tests.harness.stack import Member, Stack, running_stack
from tests.load.clients import one_caller

CARRIERS = 100_000
CALLS = 150
WORDS = ("Cedar", "Granite", "Harbor", "Prairie", "Summit", "Delta", "Beacon", "Liberty", "Mesa", "Orchard")
ENDINGS = ("Mutual", "Dental", "Benefits", "Health Plan", "Assurance")
LIST_BAR, GET_BAR = 15.0, 5.0
_FILL = """
    INSERT INTO carriers (id, org_id, livemode, carrier_name, electronic_id, carrier_group_name,
        version, created_at, updated_at)
    SELECT gen_random_uuid(), %s, false,
        concat_ws(' ', (%s::text[])[1 + n %% 10], (%s::text[])[1 + n / 10 %% 5], md5(n::text)::char(6), n),
        lpad((n * 7919 %% 100000)::text, 5, '0'), 'group ' || n %% 500, 1, now(), now()
    FROM generate_series(1, %s) AS n
"""
LISTS: dict[str, dict[str, Any]] = {
    "first page": {},
    "a word and a number": {"search": "delta mutual 75", "sort_by": "carrier_name"},
    "part of a number": {"search": "0421", "sort_by": "electronic_id", "sort_order": "desc"},
    "a common word and a number": {"search": "group 77", "sort_by": "created_at", "sort_order": "desc"},
    "nothing like it": {"search": "zebra", "sort_by": "carrier_name"},
    "every tenth": {"search": "delta", "sort_by": "carrier_name"},
    "two letters": {"search": "ed", "sort_by": "carrier_name"},
    "page 200": {"page": 200},
}
"""What the lists ask for."""
UNBARRED = {"every tenth", "two letters", "page 200"}
"""Measured, with no bar of their own."""


def main() -> int:
    """Fills, measures, prints."""
    with running_stack() as running:
        member, other = running.new_member(), running.new_member()
        for owner in (member, other):
            fill(running, owner)
        found = measure(running, member)
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    slow = [name for name, entry in found.items() if entry["bar"] and entry["p50"] > entry["bar"]]
    for name in slow:
        sys.stderr.write(f"above its bar: {name}\n")
    return 1 if slow else 0


def fill(running: Stack, member: Member) -> None:
    """Carriers of one practice, straight into the table."""
    with running.owner() as connection:
        connection.execute(_FILL, (member.org_id, list(WORDS), list(ENDINGS), CARRIERS))
        connection.execute("VACUUM ANALYZE carriers")


def measure(running: Stack, member: Member) -> dict[str, dict[str, Any]]:
    """Each kind of call, one after another."""
    path = f"/v1/{member.org_id}/insurance/carriers"
    headers = {"authorization": f"Bearer {member.secret}"}
    found: dict[str, dict[str, Any]] = {}
    with httpx.Client(base_url=running.sandbox["base_url"], headers=headers, trust_env=False) as client:

        def asking(target: str, query: dict[str, Any]) -> Callable[[], object]:
            return lambda: client.get(target, params=query).raise_for_status()

        for name, query in LISTS.items():
            bar = None if name in UNBARRED else LIST_BAR
            total = client.get(path, params=query).json()["total"]
            found[f"list: {name}"] = {**_timed(asking(path, query)), "total": total, "bar": bar}
        first = client.get(path).json()["items"][0]["id"]
        found["get"] = {**_timed(asking(f"{path}/{first}", {})), "bar": GET_BAR}
    return found


def _timed(call: Callable[[], object]) -> dict[str, Any]:
    one_caller(call, 20)
    return {name: round(value, 2) for name, value in asdict(one_caller(call, CALLS)).items()}


if __name__ == "__main__":
    sys.exit(main())
