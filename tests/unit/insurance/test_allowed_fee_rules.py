"""Which samples count, what they come to, and which step wins."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.insurance.domain.allowed_fee_rules import (
    FROM_SCHEDULES,
    USUAL_STEPS,
    Context,
    Evidence,
    Fee,
    Place,
    Rules,
    Sample,
    Step,
    fees_of,
    moved,
    since,
    skipped,
    statistic,
    unusable,
)

TODAY = date(2025, 9, 15)
CROWN = "D2740"
YEAR = Step("insurance_plan", "years", 1)
OF_PLAN = {"plan": "P", "carrier": "C", "group_number": "7"}


def sample(served: str, amount: str, entry: int = 0, **about: Any) -> Sample:
    return Sample(date.fromisoformat(served), entry, CROWN, Decimal(amount), **(about or OF_PLAN))


def of_plan(samples: list[Sample], method: str = "average", **rules: Any) -> list[Fee]:
    usual: dict[str, Any] = {
        "steps": (YEAR,),
        "contexts": (Context(**OF_PLAN),),
        "own": Place("insurance_plan", "P"),
        "codes": frozenset({CROWN}),
    }
    return fees_of(Rules(**usual | rules), Evidence(samples, TODAY, method, {}))


WORKED = [
    sample("2025-02-10", "900", 0),
    sample("2025-06-01", "920", 1),
    sample("2024-09-15", "955.55", 2),
    sample("2024-09-14", "1000", 3),
]


@pytest.mark.parametrize(
    ("method", "amount"),
    [("average", "925.18"), ("median", "920.00"), ("most_recent", "920.00"), ("whatever", "925.18")],
)
def test_the_worked_example(method: str, amount: str) -> None:
    (fee,) = of_plan(WORKED, method)
    assert (fee.amount, len(fee.samples), fee.confidence) == (Decimal(amount), 3, "medium")
    assert (fee.place, fee.expires_on) == (Place("insurance_plan", "P"), date(2026, 6, 1))
    assert skipped(WORKED, [fee], [YEAR], TODAY) == {"outside_limit": 1}


def test_a_cap_at_the_usual_fee() -> None:
    (fee,) = of_plan(WORKED, usual={CROWN: Decimal("905.00")}, cap_at_usual=True)
    assert (fee.amount, fee.capped, len(fee.samples)) == (Decimal("905.00"), True, 3)
    (fee,) = of_plan(WORKED, usual={CROWN: Decimal("925.18")}, cap_at_usual=True)
    assert (fee.amount, fee.capped) == (Decimal("925.18"), False)


@pytest.mark.parametrize(
    ("amounts", "method", "result"),
    [
        (["100.00", "100.01"], "average", "100.01"),
        (["100.00", "100.01"], "median", "100.00"),
        (["1", "2", "3"], "median", "2"),
        (["5"], "median", "5"),
        (["0.01", "0.02", "0.02"], "average", "0.02"),
    ],
)
def test_statistics(amounts: list[str], method: str, result: str) -> None:
    samples = [sample("2025-01-01", amount, entry) for entry, amount in enumerate(amounts)]
    assert statistic(samples, method) == Decimal(result)


def test_of_one_day_the_latest_entry_is_the_most_recent() -> None:
    samples = [sample("2025-01-01", "2", 7), sample("2025-01-01", "1", 8), sample("2024-12-31", "3", 9)]
    (fee,) = of_plan(samples, "most_recent")
    assert fee.amount == 1


@pytest.mark.parametrize(
    ("day", "unit", "count", "result"),
    [
        ("2025-03-31", "months", -1, "2025-02-28"),
        ("2024-02-29", "years", -1, "2023-02-28"),
        ("2024-02-29", "years", 4, "2028-02-29"),
        ("2025-01-31", "months", 13, "2026-02-28"),
        ("2025-03-01", "weeks", -1, "2025-02-22"),
        ("2025-03-01", "days", -1, "2025-02-28"),
        ("2025-03-01", "years", -36500, "0001-01-01"),
        ("2025-03-01", "days", -999999, "0001-01-01"),
        ("2025-03-01", "months", 200000, "9999-12-31"),
        ("9999-12-01", "weeks", 9, "9999-12-31"),
    ],
)
def test_calendar_steps(day: str, unit: str, count: int, result: str) -> None:
    assert moved(date.fromisoformat(day), unit, count) == date.fromisoformat(result)


@pytest.mark.parametrize(
    ("count", "words"), [(1, "low"), (2, "low"), (3, "medium"), (9, "medium"), (10, "high")]
)
def test_confidence(count: int, words: str) -> None:
    (fee,) = of_plan([sample("2025-01-01", "1", entry) for entry in range(count)])
    assert fee.confidence == words


def test_samples_of_the_future_do_not_count() -> None:
    samples = [sample("2025-09-15", "1", 0), sample("2025-09-16", "9", 1)]
    (fee,) = of_plan(samples, steps=(Step("insurance_plan"),))
    assert (int(fee.amount), fee.expires_on) == (1, None)
    assert skipped(samples, [fee], [Step("insurance_plan")], TODAY) == {"outside_limit": 1}


@pytest.mark.parametrize(
    ("amount", "role", "reason"),
    [
        (None, None, "no_allowed_fee"),
        ("0.00", None, "no_allowed_fee"),
        ("1", "secondary", "not_primary"),
        ("1", "primary", None),
        ("1", None, None),
    ],
)
def test_what_can_be_no_sample(amount: str | None, role: str | None, reason: str | None) -> None:
    assert unusable(None if amount is None else Decimal(amount), role) == reason


def test_each_level_has_its_place_and_the_first_that_yields_wins() -> None:
    groups = {"C": "Big", "D": "Big"}
    levels: list[tuple[dict[str, Any], str, Place]] = [
        (OF_PLAN, "insurance_plan", Place("insurance_plan", "P")),
        (OF_PLAN | {"plan": "Q"}, "group_number", Place("group_number", "C", "7")),
        ({"carrier": "C"}, "insurance_carrier", Place("insurance_carrier", "C")),
        ({"carrier": "D"}, "insurance_carrier_group", Place("insurance_carrier", "C")),
    ]
    context = Context(**OF_PLAN, carrier_group="Big")
    for number, (_about, rule_type, place) in enumerate(levels):
        samples = [sample("2025-05-05", "9", entry, **of) for entry, (of, _, _) in enumerate(levels[number:])]
        rules = Rules(USUAL_STEPS, (context,), Place("insurance_carrier"), frozenset({CROWN}))
        (fee,) = fees_of(rules, Evidence(samples, TODAY, "average", groups))
        assert (fee.step.rule_type, fee.place) == (rule_type, place)


def test_schedules_yield_one_fee_at_the_own_place() -> None:
    contexts = (Context(), Context(carrier="C"), Context(**OF_PLAN))
    rules = Rules(
        USUAL_STEPS, contexts, Place("insurance_carrier"), frozenset({CROWN, "D0120", "D9999"}),
        manual={CROWN: Decimal(7)}, usual={CROWN: Decimal(8), "D0120": Decimal(9), "D1110": Decimal(9)},
    )  # fmt: skip
    fees = {fee.code: fee for fee in fees_of(rules, Evidence(WORKED, TODAY, "average", {}))}
    assert {code: (int(fee.amount), fee.confidence, fee.place) for code, fee in fees.items()} == {
        CROWN: (7, "manual", Place("insurance_carrier")),
        "D0120": (9, "ucr", Place("insurance_carrier")),
    }


def test_a_group_number_of_two_carriers_of_a_book_names_no_group() -> None:
    step, other = Step("group_number"), {"plan": "Z", "carrier": "D", "group_number": "7"}
    samples = [sample("2025-05-05", "9", 0), sample("2025-05-05", "5", 1, **other)]
    (fee,) = of_plan(samples, steps=(step,))
    assert (int(fee.amount), fee.place) == (9, Place("group_number", "C", "7"))
    both = (Context(**OF_PLAN), Context(**other))
    assert of_plan(samples, steps=(step,), contexts=both) == []
    found = of_plan(samples, steps=(step, Step("insurance_carrier")), contexts=both)
    assert [(int(fee.amount), fee.step.rule_type) for fee in found] == [
        (9, "insurance_carrier"), (5, "insurance_carrier"),
    ]  # fmt: skip


# Whatever the evidence

CODES, PLANS = ("D1", "D2", "D3"), {"P": ("C", "7"), "Q": ("C", "8"), "R": ("D", "8"), "S": ("D", None)}
GROUPS = {"C": "Big", "D": "Big"}


@st.composite
def evidence(draw: st.DrawFn) -> list[Sample]:
    rows = []
    for entry in range(draw(st.integers(0, 25))):
        plan = draw(st.sampled_from([*PLANS, None]))
        carrier, group_number = PLANS[plan] if plan else (draw(st.sampled_from(["C", "D", "E", None])), None)
        served = TODAY + timedelta(days=draw(st.integers(-800, 30)))
        amount = Decimal(draw(st.integers(1, 99_999))).scaleb(-2)
        rows.append(Sample(served, entry, draw(st.sampled_from(CODES)), amount, plan, carrier, group_number))
    return rows


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from([step.rule_type for step in USUAL_STEPS]),
        st.sampled_from(["none", "years", "months", "weeks", "days"]),
        st.integers(1, 40),
    ),
    max_size=6,
)
CONTEXTS = (
    Context(),
    *(Context(carrier=carrier, carrier_group=GROUPS.get(carrier)) for carrier in "CDE"),
    *(Context(plan, *about, GROUPS.get(about[0])) for plan, about in PLANS.items()),
)


def rules_of(steps: list[Step]) -> Rules:
    return Rules(
        steps, CONTEXTS, Place("insurance_carrier"), frozenset(CODES),
        manual={"D1": Decimal("50.00")}, usual={"D2": Decimal("60.00")},
    )  # fmt: skip


@given(evidence(), STEPS, st.sampled_from(["average", "median", "most_recent"]), st.randoms())
def test_the_order_of_samples_does_not_matter(
    rows: list[Sample], steps: list[Step], method: str, chance: Any
) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)
    both = [fees_of(rules_of(steps), Evidence(given, TODAY, method, GROUPS)) for given in (rows, shuffled)]
    assert sorted(both[0], key=repr) == sorted(both[1], key=repr)


def of_scope(rows: list[Sample], rule_type: str, context: Context) -> list[Sample]:
    """The samples of the plan, group, carrier or carrier group of the context."""
    if rule_type == "insurance_plan":
        return [row for row in rows if row.plan is not None and row.plan == context.plan]
    if rule_type == "insurance_carrier":
        return [row for row in rows if row.carrier is not None and row.carrier == context.carrier]
    if rule_type == "insurance_carrier_group":
        group = context.carrier_group
        return [row for row in rows if group is not None and GROUPS.get(row.carrier or "") == group]
    number = context.group_number
    same = [row for row in rows if number is not None and row.group_number == number and row.served <= TODAY]
    shared = len({one.carrier for one in CONTEXTS if one.group_number == number}) > 1
    return [] if shared else [row for row in same if row.carrier == context.carrier]


def place_of(rule_type: str, context: Context) -> Place:
    if rule_type == "insurance_plan":
        return Place(rule_type, context.plan)
    if rule_type == "group_number":
        return Place(rule_type, context.carrier, context.group_number)
    return Place("insurance_carrier", context.carrier)


def by_hand(
    rows: list[Sample], steps: list[Step], context: Context, code: str
) -> tuple[Place, list[Sample]] | None:
    """Where the fee comes to stand, and the samples behind it: one context, one code, step by step."""
    for step in steps:
        if step.rule_type in FROM_SCHEDULES:
            if code == {"manual_fee_schedule": "D1", "provider_fee": "D2"}[step.rule_type]:
                return Place("insurance_carrier"), []
            continue
        first = since(step, TODAY)
        of_step = of_scope(rows, step.rule_type, context)
        samples = [row for row in of_step if row.code == code and first <= row.served <= TODAY]
        if samples:
            return place_of(step.rule_type, context), samples
    return None


@given(evidence(), STEPS, st.sampled_from(["average", "median", "most_recent"]))
def test_every_fee_is_what_its_steps_say_by_hand(rows: list[Sample], steps: list[Step], method: str) -> None:
    fees = fees_of(rules_of(steps), Evidence(rows, TODAY, method, GROUPS))
    stored = {(fee.place, fee.code): (list(fee.samples), fee.amount) for fee in fees}
    assert len(stored) == len(fees)
    expected = {}
    for context in CONTEXTS:
        for code in CODES:
            found = by_hand(rows, steps, context, code)
            if found is not None:
                place, samples = found
                usual = {"D1": Decimal("50.00"), "D2": Decimal("60.00")}
                amount = statistic(sorted(samples), method) if samples else usual[code]
                expected[place, code] = (sorted(samples), amount)
    assert stored == expected
    used = {one.entry for fee in fees for one in fee.samples}
    assert len(rows) == len(used) + sum(skipped(rows, fees, steps, TODAY).values())
