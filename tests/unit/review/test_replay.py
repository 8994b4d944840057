"""A stored decision against its recomputation: every field that differs, by its path."""

from __future__ import annotations

from allowable.review.v1 import review_service_pb2 as pb
from services.review.replay import DIFFERENCES_SHOWN, differences
from tests.harness.bills import medicare, review

BILL = medicare({"cpt": "99213", "modifiers": ["25"], "charge": 200.0}, {"cpt": "20610", "modifiers": ["50"]})


def changed(**fields: object) -> pb.Review:
    found = pb.Review()
    found.CopyFrom(review(BILL))
    for name, value in fields.items():
        setattr(found, name, value)
    return found


def shown(again: pb.Review) -> list[tuple[str, str, str]]:
    return [(d.field, d.stored, d.recomputed) for d in differences(review(BILL), again)]


def test_the_same_decision_has_none() -> None:
    assert shown(changed()) == []


def test_a_field_of_the_bill() -> None:
    assert shown(changed(status="denied", allowed_amount=1.5)) == [
        ("status", "priced", "denied"),
        ("allowedAmount", "225.27", "1.5"),  # 109.15 + 116.12
    ]


def test_fields_deep_in_a_line() -> None:
    again = changed()
    again.lines[1].calculation_details[0].inputs[0].value = "20611"
    again.lines[0].modifiers.append("59")
    again.lines[0].reduction_reasons[0].amount = 1
    assert shown(again) == [
        ("lines[0].modifiers.length", "1", "2"),
        ("lines[0].reductionReasons[0].amount", "90.85", "1.0"),
        ("lines[1].calculationDetails[0].inputs[0].value", "20610", "20611"),
    ]


def test_a_line_too_few() -> None:
    again = changed()
    del again.lines[1]
    assert shown(again) == [("lines.length", "2", "1")]


def test_a_version() -> None:
    again = changed()
    again.versions.rules = "rules-0"
    assert [found[0] for found in shown(again)] == ["versions.rules"]


def test_what_is_given_to_a_decision_is_not_compared() -> None:
    assert shown(changed(review_id="rv_OTHER", created_at="2020-01-01T00:00:00Z", livemode=True,
                         report_url="x", rule_trace_reference="y")) == []  # fmt: skip


def test_differences_are_bounded() -> None:
    many = medicare(*[{"cpt": "99213", "charge": 200.0 + number} for number in range(150)])
    again = review({**many, "placeOfService": "22"})
    assert len(differences(review(many), again)) == DIFFERENCES_SHOWN
