"""Tables fit a terminal, and divide no word or number."""

from datetime import timedelta

import pytest
from wcwidth import width as cell_len

from aggregator.cli.tables import format_recent, print_table
from tests.harness.builders import NOW

COLUMNS = ("source", "since", "why")
WHY = "There is no feed at https://harbor.example/a/very/long/address/of/a/feed any more."


def output_of(capsys: pytest.CaptureFixture[str], *rows: tuple[str, ...]) -> list[str]:
    """The lines of a table."""
    print_table(COLUMNS, *rows)
    return capsys.readouterr().out.splitlines()


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal, tables have 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")


def test_a_short_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Columns are as wide as they must be."""
    assert output_of(capsys, ("harbor", "2026-10-05", "gone"), ("罢工", "", "失败")) == [
        "source  since       why",
        "harbor  2026-10-05  gone",
        "罢工                失败",
    ]


def test_the_last_column_is_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    """Between words; a long address stays in one piece, so that it can be copied."""
    lines = output_of(capsys, ("harbor", "2026-10-05", WHY), ("plains", "", "short"))

    assert lines[1:] == [
        "harbor  2026-10-05  There is no feed at",
        "                    https://harbor.example/a/very/long/address/of/a/feed any",
        "                    more.",
        "plains              short",
    ]
    assert max(map(len, lines)) <= 80


def test_rows_that_are_too_wide_are_blocks(capsys: pytest.CaptureFixture[str]) -> None:
    """An id is never cut off."""
    id_ = "the-independent-harbor-news-of-the-northern-coast-and-its-isles"

    assert output_of(capsys, (id_, "2026-10-05", WHY), ("plains", "", "")) == [
        id_,
        "    since: 2026-10-05",
        "    why: There is no feed at",
        "    https://harbor.example/a/very/long/address/of/a/feed any more.",
        "plains",
    ]


def test_wide_characters_are_counted_as_two(capsys: pytest.CaptureFixture[str]) -> None:
    """A text without spaces is wrapped between its characters."""
    title = "東京都は港湾労働者のストライキについて話し合いを始めた" * 3

    lines = output_of(capsys, ("harbor", "2026-10-05", title))

    assert max(map(cell_len, lines)) <= 80
    assert "".join(line.strip() for line in lines[1:]).endswith(title)


def test_a_column_that_nobody_needs(capsys: pytest.CaptureFixture[str]) -> None:
    """It is left out, and the first one stays."""
    assert output_of(capsys, ("harbor", "", "gone")) == ["source  why", "harbor  gone"]


def test_a_wide_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table uses the room that there is."""
    monkeypatch.setenv("COLUMNS", "120")

    assert output_of(capsys, ("harbor", "2026-10-05", WHY))[1:] == [f"harbor  2026-10-05  {WHY}"]


def test_times_of_today_and_of_other_days() -> None:
    """A time within a day of now, or a date."""
    assert format_recent(NOW - timedelta(hours=23), NOW) == "Sun 13:00"
    assert format_recent(NOW + timedelta(minutes=5), NOW) == "Mon 12:05"
    assert format_recent(NOW - timedelta(days=2), NOW) == "2026-10-03"
    assert format_recent(None, NOW) == ""
