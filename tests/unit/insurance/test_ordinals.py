"""The order in which a patient's plans pay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.insurance.domain import ordinals
from tests.harness.calls import refused

ORDERS = st.permutations(["a", "b", "c"]).flatmap(
    lambda plans: st.integers(0, 3).map(lambda size: tuple(plans[:size]))
)
ORDINALS = st.none() | st.integers(1, 3)


@pytest.mark.parametrize(
    ("order", "ordinal", "wanted"),
    [
        ((), None, "x"),
        (("a", "b"), None, "abx"),
        (("a", "b"), 1, "xab"),
        (("a", "b"), 2, "axb"),
        (("a",), 3, "ax"),
        ((), 3, "x"),
    ],
)
def test_a_new_plan_takes_its_ordinal_and_the_others_move_back(
    order: tuple[str, ...], ordinal: int | None, wanted: str
) -> None:
    assert ordinals.placed(order, "x", ordinal) == tuple(wanted)


def test_there_are_three_at_most() -> None:
    with refused("LIMIT_EXCEEDED"):
        ordinals.placed(("a", "b", "c"), "x", 1)


def test_the_gap_closes() -> None:
    assert ordinals.without(("a", "b", "c"), {"a"}) == ("b", "c")


def test_named_plans_trade_places_and_the_others_stay() -> None:
    assert ordinals.reordered(("a", "b", "c"), {"a": 3, "c": 1}) == ("c", "b", "a")


@pytest.mark.parametrize("wanted", [{"a": 2}, {"a": 3, "b": 3}, {"a": 1, "b": 4}, {"a": 0}])
def test_a_reordering_leaves_every_ordinal_taken_once(wanted: dict[str, int]) -> None:
    with refused("INVALID_REQUEST"):
        ordinals.reordered(("a", "b"), wanted)


@given(ORDERS.filter(len), ORDINALS.filter(bool), st.data())
def test_moving_keeps_the_plans_and_the_order_of_the_others(
    order: tuple[str, ...], ordinal: int, data: st.DataObject
) -> None:
    plan = data.draw(st.sampled_from(order))
    moved = ordinals.moved(order, plan, ordinal)
    assert moved.index(plan) == min(ordinal, len(order)) - 1
    assert ordinals.without(moved, {plan}) == ordinals.without(order, {plan})


@given(ORDERS, st.data())
def test_any_complete_reordering_is_obeyed(order: tuple[str, ...], data: st.DataObject) -> None:
    wanted = tuple(data.draw(st.permutations(order)))
    places = {plan: place for place, plan in enumerate(wanted, 1)}
    assert ordinals.reordered(order, places) == wanted
