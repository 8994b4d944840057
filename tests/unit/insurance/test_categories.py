"""Coverage categories: seeded once, ordered, with spans that may overlap."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from services.insurance.domain.categories import SYSTEM
from tests.harness.calls import refused


def named(practice: Any, name: str) -> Any:
    (found,) = practice("ListCoverageCategories", search=name, include_spans=True).items
    return found


def test_of_many_first_readers_all_see_the_seeded_categories_once(practice: Any) -> None:
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(practice, "ListCoverageCategories", include_spans=True) for _ in range(16)]
    for call in calls:
        categories = call.result().items
        assert {
            c.category_name: tuple((s.from_code, s.to_code) for s in c.spans) for c in categories
        } == SYSTEM
        assert [c.item_order for c in categories] == list(range(1, 15))


def test_a_new_category_comes_last(practice: Any) -> None:
    assert practice("CreateCoverageCategory", category_name="Implants").item_order == 15


def test_a_list_with_spans_costs_one_statement_more_than_one_without(practice: Any) -> None:
    practice("ListCoverageCategories")
    with practice.statements() as without:
        practice("ListCoverageCategories")
    with practice.statements() as with_spans:
        practice("ListCoverageCategories", include_spans=True)
    assert (len(without), len(with_spans)) == (3, 4)


def test_a_system_category_may_be_renamed_and_hidden_but_not_archived(practice: Any) -> None:
    general = named(practice, "General")
    with refused("PROTECTED"):
        practice("ArchiveCoverageCategory", category_uuid=general.id)
    changed = practice(
        "UpdateCoverageCategory",
        category_uuid=general.id,
        base_version=1,
        category_name="All",
        is_hidden=True,
    )
    assert (changed.category_name, changed.is_hidden, len(changed.spans)) == ("All", True, 2)
    assert practice("ListCoverageCategories").total == 13


def test_names_are_unique_whatever_their_case(practice: Any) -> None:
    with refused("ALREADY_EXISTS") as refusal:
        practice("CreateCoverageCategory", category_name=" x-RAY ")
    assert refusal.value.context == {"existing_id": named(practice, "X-Ray").id}


@pytest.mark.parametrize(("first", "last", "seen"), [("D2750", "D2850", True), ("D2800", "D2850", False)])
def test_spans_that_share_a_code_are_named(practice: Any, first: str, last: str, seen: bool) -> None:  # noqa: FBT001
    own = practice("CreateCoverageCategory", category_name="Own")
    added = practice("CreateCoverageSpan", category_uuid=own.id, from_code=first.lower(), to_code=last)
    assert (added.span.from_code, added.span.item_order) == (first, 1)
    assert (named(practice, "Crowns").spans[0] in added.overlapping_spans) == seen


def test_spans_of_archived_categories_are_not_named_and_take_no_more(practice: Any) -> None:
    old, new = (practice("CreateCoverageCategory", category_name=name) for name in ("Old", "New"))
    practice("CreateCoverageSpan", category_uuid=old.id, from_code="X1", to_code="X9")
    practice("ArchiveCoverageCategory", category_uuid=old.id)
    added = practice("CreateCoverageSpan", category_uuid=new.id, from_code="X1", to_code="X9")
    assert list(added.overlapping_spans) == []
    with refused("ARCHIVED_REFERENCE"):
        practice("CreateCoverageSpan", category_uuid=old.id, from_code="X1", to_code="X9")


def test_a_span_cannot_end_before_it_begins(practice: Any) -> None:
    own = practice("CreateCoverageCategory", category_name="Own")
    with refused("INVALID_REQUEST"):
        practice("CreateCoverageSpan", category_uuid=own.id, from_code="D2", to_code="D1")
    span = practice("CreateCoverageSpan", category_uuid=own.id, from_code="D1", to_code="D2").span
    key = {"category_uuid": own.id, "span_uuid": span.id}
    with refused("INVALID_REQUEST"):
        practice("UpdateCoverageSpan", **key, base_version=1, from_code="D3")
    with refused("STALE_VERSION"):
        practice("UpdateCoverageSpan", **key, base_version=2, from_code="D3")
    assert practice("UpdateCoverageSpan", **key, base_version=1, to_code="D9").span.version == 2


def test_a_span_is_found_only_under_its_own_category(practice: Any) -> None:
    here, there = (practice("CreateCoverageCategory", category_name=name) for name in ("Here", "There"))
    span = practice("CreateCoverageSpan", category_uuid=here.id, from_code="D1", to_code="D2").span
    with refused("NOT_FOUND"):
        practice("DeleteCoverageSpan", category_uuid=there.id, span_uuid=span.id)
    practice("DeleteCoverageSpan", category_uuid=here.id, span_uuid=span.id)
    assert practice("ListCoverageSpans", category_uuid=here.id).total == 0


def test_reordering_moves_all_or_none_and_counts_only_what_moved(practice: Any) -> None:
    first, second = practice("ListCoverageCategories").items[:2]
    swapped = [(first.id, 2), (second.id, 1)]
    with refused("NOT_FOUND"):
        reorder(practice, [*swapped, (str(uuid4()), 3)])
    with refused("INVALID_REQUEST"):
        reorder(practice, [*swapped, swapped[0]])
    answer = reorder(practice, [*swapped, (practice("ListCoverageCategories").items[2].id, 3)])
    assert [(c.id, c.version) for c in answer[:2]] == [(second.id, 2), (first.id, 2)]
    assert answer[2].version == 1


def reorder(practice: Any, places: list[tuple[str, int]]) -> Any:
    items = [{"category_uuid": identity, "item_order": place} for identity, place in places]
    return practice("ReorderCoverageCategories", items=items).items
