"""When a delivery is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.webhooks.domain.schedule import DELAYS, JITTER_PARTS, next_attempt, retry_after

NOW = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)


def test_ten_attempts_over_three_days_and_then_no_more() -> None:
    moment, attempt = NOW, 1
    while (again := next_attempt(attempt, moment, 0)) is not None:
        moment, attempt = again, attempt + 1
    assert attempt == 10
    assert timedelta(days=3) < moment - NOW < timedelta(days=4)


@pytest.mark.parametrize("attempt", range(1, 10))
def test_waits_are_lengthened_by_up_to_a_fifth(attempt: int) -> None:
    least, most = next_attempt(attempt, NOW, 0), next_attempt(attempt, NOW, JITTER_PARTS)
    assert (least, most) == (NOW + DELAYS[attempt - 1], NOW + DELAYS[attempt - 1] * 6 / 5)


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        (timedelta(seconds=1), timedelta(minutes=5)),
        (timedelta(minutes=20), timedelta(minutes=20)),
        (timedelta(days=90), timedelta(hours=24)),
        (timedelta(seconds=-5), timedelta(minutes=5)),
    ],
)
def test_a_wait_the_receiver_asks_for_counts_when_it_is_longer(asked: timedelta, wait: timedelta) -> None:
    assert next_attempt(2, NOW, 0, asked) == NOW + wait


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(seconds=120)),
        (" 7 ", timedelta(seconds=7)),
        ("9" * 5000, timedelta(seconds=999_999)),
        ("Sat, 14 Mar 2026 09:10:00 GMT", timedelta(minutes=10)),
        ("soon", None),
        ("-3", None),
        ("1.5", None),
        ("\u0663", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, wait: timedelta | None) -> None:
    assert retry_after(header, NOW) == wait
