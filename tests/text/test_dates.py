"""Dates as outlets write them."""

from datetime import UTC, datetime

import pytest

from aggregator.text.dates import parse_any_date


@pytest.mark.parametrize(("length", "is_read"), [(100, True), (101, False)])
def test_a_long_date_is_not_read(length: int, is_read: bool) -> None:
    """No date is that long, and guessing takes time that grows with the length."""
    expected = datetime(2026, 10, 5, 12, tzinfo=UTC) if is_read else None

    assert parse_any_date("5 October 2026 12:00".ljust(length)) == expected
