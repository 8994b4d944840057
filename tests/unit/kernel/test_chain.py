"""The interceptor chain stands in one order, and a server with another one does not start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from allowable.common.v1.health_service_pb2 import DESCRIPTOR as HEALTH
from services.kernel.call import Call
from services.kernel.clock import Clock
from services.kernel.db import Database
from services.kernel.errors import DomainError
from services.kernel.interceptors.chain import ORDER, Chain, Interceptor
from services.kernel.interceptors.errors import ERRORS
from services.kernel.policy import MethodPolicy, method_policy
from services.kernel.rpc import Service, check_table

POLICY = method_policy(HEALTH.services_by_name["HealthService"].methods_by_name["CheckHealth"])


def noting(name: str, seen: list[str]) -> Interceptor:
    def wrap(_policy: MethodPolicy, handler: Callable[..., Any]) -> Callable[..., Any]:
        def noted(request: object, call: Call) -> object:
            seen.append(name)
            return handler(request, call)

        return noted

    return Interceptor(name, (), wrap)


def a_call() -> Call:
    return Call(POLICY, {}, Clock(), cast("Database", None))


def test_links_run_in_the_stated_order() -> None:
    seen: list[str] = []
    handler = Chain([noting(name, seen) for name in ORDER]).around(POLICY, lambda request, _call: request)
    assert handler("answer", a_call()) == "answer"
    assert tuple(seen) == ORDER


def test_items_of_a_stream_pass_the_links_that_concern_one_message() -> None:
    seen: list[str] = []
    Chain([noting(name, seen) for name in ORDER]).around_item(POLICY, lambda request, _call: request)(
        "x", a_call()
    )
    assert seen == ["quota", "validation", "idempotency"]


def test_a_stream_passes_the_look_at_its_credentials_again_with_every_message() -> None:
    seen: list[str] = []
    chain = Chain([noting(name, seen) for name in ORDER])
    stream = chain.around_stream(POLICY, lambda requests, _call: requests)
    assert list(stream(iter(["one", "two"]), a_call())) == ["one", "two"]
    assert seen == ["request_id", "observe", "errors", "auth", "tenancy", "auth", "auth"]


@pytest.mark.parametrize("position", range(len(ORDER) - 1))
def test_any_other_order_stops_the_start(position: int) -> None:
    names = list(ORDER)
    names[position], names[position + 1] = names[position + 1], names[position]
    with pytest.raises(SystemExit, match="the order is"):
        Chain([noting(name, []) for name in names])


def test_a_link_behind_which_its_need_does_not_stand_stops_the_start() -> None:
    links = [noting(name, []) for name in ORDER]
    links[0] = Interceptor("request_id", ("auth",), links[0].wrap)
    with pytest.raises(SystemExit, match="request_id must stand behind"):
        Chain(links)


def test_an_unexpected_exception_tells_the_caller_nothing() -> None:
    def broken(_request: object, _call: Call) -> object:
        raise ValueError("Jane Canary, MRN 12345")

    with pytest.raises(DomainError) as caught:
        ERRORS.wrap(POLICY, broken)(None, a_call())
    assert caught.value.reason.name == "INTERNAL"
    assert "Canary" not in f"{caught.value} {caught.value.message} {caught.value.__cause__}"


def test_an_unexpected_exception_leaves_its_type_and_place_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_request: object, _call: Call) -> object:
        raise ValueError("Jane Canary, MRN 12345")

    with pytest.raises(DomainError):
        ERRORS.wrap(POLICY, broken)(None, a_call())
    assert "ValueError" in caplog.text
    assert "test_chain.py" in caplog.text
    assert "Canary" not in caplog.text


def test_a_table_that_lacks_an_rpc_or_has_one_more_stops_the_start() -> None:
    descriptor = HEALTH.services_by_name["HealthService"]
    with pytest.raises(SystemExit, match="CheckHealth"):
        check_table(Service(descriptor, {}))
    with pytest.raises(SystemExit, match="CheckWealth"):
        check_table(Service(descriptor, {"CheckHealth": print, "CheckWealth": print}))
