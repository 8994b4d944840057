"""Quota: exact at the limit whoever counts, given back when nothing was delivered."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowable.identity.v1 import usage_pb2
from allowable.review.v1 import comparison_service_pb2, review_service_pb2
from allowable.review.v1.comparison_service_pb2 import CompareScenariosRequest, Scenario
from services.config import ROOT
from services.identity import store, usage
from services.identity.domain import quota as rules
from services.identity.domain.quota import PLANS, Plan
from services.identity.quota import Quota
from services.kernel.call import Call, Principal
from services.kernel.db import Tenant
from services.kernel.errors import DomainError
from services.kernel.interceptors.chain import Handler
from tests.harness.calls import START, make_call, policy_of, principal_of, refused
from tests.unit.identity.conftest import World

POLICY = policy_of(review_service_pb2.DESCRIPTOR, "CreateReview")
SCENARIOS = policy_of(comparison_service_pb2.DESCRIPTOR, "CompareScenarios")
USAGE = policy_of(usage_pb2.DESCRIPTOR, "GetUsage")
NUMBERS = count()


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> str:
    """A plan of five reviews."""
    monkeypatch.setitem(PLANS, "tiny", Plan("tiny", {"reviews": 5}))
    return "tiny"


def someone(plan: str, *, livemode: bool = False) -> Principal:
    return principal_of(f"org_quota_{next(NUMBERS)}", livemode=livemode, plan=plan)


def answer(_request: Any, _call: Call) -> str:
    return "answer"


def fail(_request: Any, _call: Call) -> str:
    raise DomainError("INVALID_REQUEST")


def crash(_request: Any, _call: Call) -> str:
    raise ZeroDivisionError


def replay(_request: Any, call: Call) -> str:
    call.replayed = True
    return "answer"


def call_once(
    world: World, quota: Quota, principal: Principal, handler: Handler = answer, key: str = ""
) -> Call:
    metadata = {"idempotency-key": key} if key else {}
    call = make_call(POLICY, world.database, world.clock, principal, metadata)
    quota.interceptor().wrap(POLICY, handler)(None, call)
    return call


def used(world: World, principal: Principal) -> dict[str, tuple[int, int | None, int | None]]:
    call = make_call(USAGE, world.database, world.clock, principal)
    found = usage.get_usage(usage_pb2.GetUsageRequest(), call)
    return {
        meter.meter: (
            meter.used,
            meter.limit if meter.HasField("limit") else None,
            meter.remaining if meter.HasField("remaining") else None,
        )
        for meter in found.meters
    }


def test_the_limit_is_exact_and_says_when_it_ends(world: World, tiny: str) -> None:
    quota, caller = Quota(world.database, world.clock), someone(tiny)
    for left in (4, 3, 2, 1, 0):
        headers = dict(call_once(world, quota, caller).headers)
        assert headers["ratelimit-policy"] == '"month";q=5'
        assert headers["ratelimit"].startswith(f'"month";r={left};t=')
    with refused("RATE_LIMIT_EXCEEDED") as info:
        call_once(world, quota, caller)
    assert info.value.reset_at == datetime(2026, 4, 1, tzinfo=UTC)
    assert info.value.retry_after == (info.value.reset_at - START).total_seconds() + 1
    assert used(world, caller)["reviews"] == (5, 5, 0)


@pytest.mark.parametrize("plan", ["tiny", "payer"])
def test_a_call_may_count_as_many_as_its_entries(world: World, tiny: str, plan: str) -> None:
    assert tiny
    quota, caller = Quota(world.database, world.clock), someone(plan)
    for handler, scenarios in ((answer, 3), (crash, 2)):
        call = make_call(SCENARIOS, world.database, world.clock, caller)
        request = CompareScenariosRequest(scenarios=[Scenario()] * scenarios)
        with suppress(ZeroDivisionError):
            quota.interceptor().wrap(SCENARIOS, handler)(request, call)
    quota.flush()
    assert used(world, caller)["reviews"][0] == 3


def test_entries_beyond_the_limit_are_all_refused(world: World, tiny: str) -> None:
    quota, caller = Quota(world.database, world.clock), someone(tiny)
    call = make_call(SCENARIOS, world.database, world.clock, caller)
    request = CompareScenariosRequest(scenarios=[Scenario()] * 6)
    with refused("RATE_LIMIT_EXCEEDED"):
        quota.interceptor().wrap(SCENARIOS, answer)(request, call)
    assert used(world, caller)["reviews"] == (0, 5, 5)


def test_a_new_month_starts_at_nothing(world: World, tiny: str) -> None:
    quota, caller = Quota(world.database, world.clock), someone(tiny)
    for _ in range(5):
        call_once(world, quota, caller)
    world.clock.moment = datetime(2026, 3, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    with refused("RATE_LIMIT_EXCEEDED"):
        call_once(world, quota, caller)
    world.clock.moment = datetime(2026, 4, 1, tzinfo=UTC)
    call_once(world, quota, caller)
    assert used(world, caller)["reviews"] == (1, 5, 4)


@pytest.mark.parametrize(("handler", "error"), [(fail, DomainError), (crash, ZeroDivisionError)])
@pytest.mark.parametrize("plan", ["tiny", "payer"])
def test_failed_calls_cost_nothing(
    world: World, tiny: str, plan: str, handler: Handler, error: type[Exception]
) -> None:
    assert tiny
    quota, caller = Quota(world.database, world.clock), someone(plan)
    for _ in range(7):
        with pytest.raises(error):
            call_once(world, quota, caller, handler)
    quota.flush()
    assert used(world, caller)["reviews"][0] == 0


def test_a_call_that_ends_in_the_next_month_is_given_back_to_its_own(world: World, tiny: str) -> None:
    quota, caller = Quota(world.database, world.clock), someone(tiny)
    world.clock.moment = datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC)

    def slow_failure(_request: Any, _call: Call) -> None:
        world.clock.advance(seconds=2)
        raise DomainError("INTERNAL")

    with refused("INTERNAL"):
        call_once(world, quota, caller, slow_failure)
    assert used(world, caller)["reviews"][0] == 0
    world.clock.advance(seconds=-2)
    assert used(world, caller)["reviews"][0] == 0


@pytest.mark.parametrize("plan", ["tiny", "payer"])
def test_repeated_answers_cost_nothing(world: World, tiny: str, plan: str) -> None:
    assert tiny
    quota, caller = Quota(world.database, world.clock), someone(plan)
    for _ in range(7):
        assert not call_once(world, quota, caller, replay).headers
    quota.flush()
    assert used(world, caller)["reviews"][0] == 0


def test_at_the_limit_an_answered_call_may_still_be_repeated(world: World, tiny: str) -> None:
    quota, caller = Quota(world.database, world.clock), someone(tiny)
    for _ in range(5):
        call_once(world, quota, caller)
    with refused("RATE_LIMIT_EXCEEDED"):
        call_once(world, quota, caller, replay, key="new")
    with world.database.transaction(caller.tenant) as transaction:
        transaction.driver.execute(
            "INSERT INTO idempotency_keys (org_id, livemode, operation, key, fingerprint)"
            " VALUES (%s, false, %s, 'answered', '')",
            (caller.tenant.org_id, POLICY.full_name),
        )
    call_once(world, quota, caller, replay, key="answered")
    with refused("RATE_LIMIT_EXCEEDED"):
        call_once(world, quota, someone_else(caller), replay, key="unanswered")


def someone_else(caller: Principal) -> Principal:
    return principal_of(caller.tenant.org_id, plan=caller.plan)


def test_plans_that_lack_a_meter_do_not_get_it(world: World) -> None:
    quota, caller = Quota(world.database, world.clock), someone("free")
    with refused("PLAN_REQUIRED"):
        quota.reserve(caller, "extractions")
    with refused("PLAN_REQUIRED"):
        quota.reserve(someone("unheard-of"), "reviews")
    assert used(world, caller)["extractions"] == (0, 0, 0)
    assert rules.limit_of("pro", "extractions") == 1000
    assert rules.limit_of("practice", "extractions") == 5000


def test_counts_are_kept_per_tenant_mode_and_plan(world: World, tiny: str) -> None:
    quota, caller = Quota(world.database, world.clock), someone(tiny)
    org = caller.tenant.org_id
    call_once(world, quota, caller)
    others = [someone(tiny), principal_of(org, livemode=True, plan=tiny), principal_of(org, plan="pro")]
    assert [used(world, other)["reviews"][0] for other in others] == [0, 0, 0]
    assert used(world, caller)["reviews"][0] == 1


def test_methods_without_meter_are_left_alone(world: World) -> None:
    assert Quota(world.database, world.clock).interceptor().wrap(USAGE, answer) is answer


def test_without_limit_counts_are_written_in_one_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    quota, caller = Quota(world.database, world.clock), someone("payer")
    for _ in range(30):
        assert not call_once(world, quota, caller).headers
    assert used(world, caller)["reviews"] == (0, None, None)
    with monkeypatch.context() as patch:
        patch.setattr(store, "add", crash)
        with pytest.raises(TypeError):
            quota.flush()
    quota.flush()
    quota.flush()
    assert used(world, caller)["reviews"] == (30, None, None)


def test_batches_reserve_at_once_and_give_back(world: World, tiny: str) -> None:
    quota, caller = Quota(world.database, world.clock), someone(tiny)
    reservation = quota.reserve(caller, "reviews", 4)
    assert reservation.left == 1
    with refused("RATE_LIMIT_EXCEEDED"):
        quota.reserve(caller, "reviews", 2)
    with refused("RATE_LIMIT_EXCEEDED"):
        quota.reserve(someone(tiny), "reviews", 6)
    quota.settle(reservation, failed=3)
    assert used(world, caller)["reviews"] == (1, 5, 4)
    unlimited = someone("payer")
    quota.settle(quota.reserve(unlimited, "reviews", 10), failed=4)
    quota.flush()
    assert used(world, unlimited)["reviews"][0] == 6


def test_threads_of_two_servers_never_pass_the_limit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PLANS, "mid", Plan("mid", {"reviews": 60}))
    caller, granted, refusals = someone("mid"), [], []
    servers = [Quota(world.database, world.clock) for _ in range(2)]

    def work(quota: Quota) -> None:
        for _ in range(20):
            try:
                call_once(world, quota, caller)
                granted.append(1)
            except DomainError as error:
                refusals.append(error.reason.name)

    threads = [threading.Thread(target=work, args=(quota,)) for quota in servers * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(granted) == 60
    assert refusals == ["RATE_LIMIT_EXCEEDED"] * 60
    assert used(world, caller)["reviews"] == (60, 60, 0)


WORKER = """
import sys
from datetime import date
from services.identity import store
from services.identity.store import Counter
from services.kernel.db import Database, Tenant
database = Database(sys.argv[1], connections=2)
counter = Counter(Tenant(sys.argv[2], False), "free", "reviews", date(2026, 3, 1))
print(sum(store.reserve(database, counter, 1, 100) is not None for _ in range(80)))
database.close()
"""


@pytest.mark.timeout(60)
def test_two_processes_never_pass_the_limit(world: World) -> None:
    org = someone("free").tenant.org_id
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'clients' / 'python'}"}
    command = [sys.executable, "-c", WORKER, world.url, org]
    workers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) for _ in range(2)
    ]
    granted = [int(worker.communicate(timeout=50)[0]) for worker in workers]
    assert sum(granted) == 100
    with world.database.transaction(Tenant(org, livemode=False)) as transaction:
        assert store.used(transaction, "free", rules.month_of(START)) == {"reviews": 100}


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001
def test_every_moment_lies_in_its_calendar_month(now: datetime) -> None:
    month = rules.month_of(now)
    end = rules.reset_at(month)
    assert (month.year, month.month, month.day) == (now.year, now.month, 1)
    assert now < end
    assert end.day == 1
    assert (end.year * 12 + end.month) - (month.year * 12 + month.month) == 1
