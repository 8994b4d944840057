"""One settings record per organization, whoever asks first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.harness.calls import refused


def test_of_many_first_readers_all_see_the_one_record(practice: Any) -> None:
    with ThreadPoolExecutor(8) as pool:
        records = [call.result() for call in [pool.submit(practice, "GetSettings") for _ in range(16)]]
    assert {(record.id, record.base_version) for record in records} == {(records[0].id, 1)}


def test_of_two_changes_on_one_version_one_is_stale(practice: Any) -> None:
    changed = practice("UpdateSettings", base_version=1, benefits_verify_days=60)
    assert (changed.base_version, changed.benefits_verify_days) == (2, 60)
    with refused("STALE_VERSION"):
        practice("UpdateSettings", base_version=1, benefits_verify_days=61)
    assert practice("UpdateSettings", base_version=2, benefits_verify_days=60).base_version == 2


def test_each_organization_has_its_own(practice: Any, stranger: Any) -> None:
    practice("UpdateSettings", base_version=1, include_write_off=False)
    assert stranger("GetSettings").include_write_off
    assert practice("GetSettings").id != stranger("GetSettings").id
