"""Dates as outlets write them."""

from datetime import UTC, datetime

import pytest
from babel import Locale

from aggregator.text.dates import DateHints, date_in_url, parse_any_date, parse_standard_date
from aggregator.text.month_names import MONTH_NAMES, fold_month_name, month_of
from aggregator.text.time_zones import is_noteworthy_zone, offset_minutes

DAY_FIRST, MONTH_FIRST = DateHints(is_day_first=True), DateHints(is_day_first=False)
NO_HINTS = DateHints()


@pytest.mark.parametrize(("length", "is_read"), [(100, True), (101, False)])
def test_a_long_date_is_not_read(length: int, is_read: bool) -> None:
    """No date is that long, and guessing takes time that grows with the length."""
    text = f"{'Monday ' * 20}"[: length - 12] + " 5 Oct 2026."
    expected = datetime(2026, 10, 5, tzinfo=UTC) if is_read else None

    assert len(text) == length
    assert parse_any_date(text) == expected


DATES = [
    # ---- as the formats demand
    ("Sat, 28 Nov 2026 10:01:00 GMT", NO_HINTS, "2026-11-28T10:01"),
    ("28 Nov 26 10:01 +0200", NO_HINTS, "2026-11-28T08:01"),
    ("1 Jan 99 10:00 GMT", NO_HINTS, "1999-01-01T10:00"),
    ("Sun, 29 Nov 2026 13:00:00 +0000 (UTC)", NO_HINTS, "2026-11-29T13:00"),
    ("2026-11-20T10:00:00.123Z", NO_HINTS, "2026-11-20T10:00"),
    ("2026-11-20 10:00:00 +05:30", NO_HINTS, "2026-11-20T04:30"),
    ("20260219", NO_HINTS, "2026-02-19T00:00"),
    ("2026-11", NO_HINTS, "2026-11-01T00:00"),
    ("2026", NO_HINTS, "2026-01-01T00:00"),
    ("Fri, 20 Nov 2026 24:00:00 GMT", NO_HINTS, "2026-11-21T00:00"),
    ("Fri, 20 Nov 2026 10:00:60 GMT", NO_HINTS, "2026-11-20T10:01"),
    # ---- other orders
    ("Wed, Oct 7 2026 10:15:00 -0400", NO_HINTS, "2026-10-07T14:15"),
    ("November 3rd, 2026 5:04 PM EST", NO_HINTS, "2026-11-03T22:04"),
    ("Nov 3, 2026 12:30 a.m.", NO_HINTS, "2026-11-03T00:30"),
    ("Tue Nov 03 10:00:00 2026", NO_HINTS, "2026-11-03T10:00"),
    ("1790000000", NO_HINTS, "2026-09-21T14:13:20"),
    ("1790000000000", NO_HINTS, "2026-09-21T14:13:20"),
    ("Thu,28 Jul 2022 4:35:5 GMT+9", NO_HINTS, "2022-07-27T19:35:05"),
    ("20-11-2026 19:00 +0400", NO_HINTS, "2026-11-20T15:00"),
    ("03/11/2026 09:30", DAY_FIRST, "2026-11-03T09:30"),
    ("03/11/2026 09:30", MONTH_FIRST, "2026-03-11T09:30"),
    ("4/21/18", NO_HINTS, "2018-04-21T00:00"),
    ("05.11.2026 09:30:00", NO_HINTS, "2026-11-05T09:30"),
    ("2026/1/10 14:07", NO_HINTS, "2026-01-10T14:07"),
    ("2026-10-5", NO_HINTS, "2026-10-05T00:00"),
    ("2026-10-05+02:00", NO_HINTS, "2026-10-04T22:00"),
    ("2026-10-05 10.30.00", NO_HINTS, "2026-10-05T10:30"),
    ("05-Oct-26 10.30.00 AM", NO_HINTS, "2026-10-05T10:30"),
    ("5 Oct 26 10.30.00", NO_HINTS, "2026-10-05T10:30"),
    ("10:30, 5 Oct 2026", NO_HINTS, "2026-10-05T10:30"),
    # ---- other languages
    ("5. okt. 2026 kl. 10.30.15", NO_HINTS, "2026-10-05T10:30:15"),
    ("5. lokakuuta 2026 klo 9.05", NO_HINTS, "2026-10-05T09:05"),
    ("5. Oktober 2026 um 10:30 Uhr", NO_HINTS, "2026-10-05T10:30"),
    ("14 août 2026 à 18h", NO_HINTS, "2026-08-14T18:00"),
    ("2026年10月5日 10時30分", NO_HINTS, "2026-10-05T10:30"),
    ("5 באוקטובר 2026", NO_HINTS, "2026-10-05T00:00"),
    ("5 تشرين الأول 2026", NO_HINTS, "2026-10-05T00:00"),
    ("5 окт 2026, 10:30 МСК", NO_HINTS, "2026-10-05T07:30"),
    ("ven, 02 ott 2026 18:55:00 GMT", NO_HINTS, "2026-10-02T18:55"),
    ("mar, 03 feb 2026 10:00 CET", DateHints(language="it"), "2026-02-03T09:00"),
    ("ven, 14 août 2026 08:00:00 +0200", NO_HINTS, "2026-08-14T06:00"),
    ("14 août 2026 à 18h30", NO_HINTS, "2026-08-14T18:30"),
    ("Sa, 05 Sept 2026 07:30:00 +0200", NO_HINTS, "2026-09-05T05:30"),
    ("mié, 03 dic 2025 10:00:00 -0300", NO_HINTS, "2025-12-03T13:00"),
    ("3 de febrero de 2026", NO_HINTS, "2026-02-03T00:00"),
    ("Чт, 07 мая 2026 12:00:00 +0300", NO_HINTS, "2026-05-07T09:00"),
    ("Παρ, 01 Ιουλ 2005 10:00", NO_HINTS, "2005-07-01T10:00"),
    ("12 listopadu 2026", DateHints(language="cs"), "2026-11-12T00:00"),
    ("12 listopada 2026", DateHints(language="hr-HR"), "2026-10-12T00:00"),
    ("2026年11月20日 下午3:05", NO_HINTS, "2026-11-20T15:05"),
    ("2026년 11월 20일 오후 3:05", NO_HINTS, "2026-11-20T15:05"),
    ("20 tháng 11, 2026", NO_HINTS, "2026-11-20T00:00"),
    ("20 พ.ย. 2569 10:00", DateHints(language="th"), "2026-11-20T10:00"),
    ("٢٠ نوفمبر ٢٠٢٦", DateHints(language="ar"), "2026-11-20T00:00"),
    # ---- time zones
    ("Tue, 3 Nov 2026 10:00 MSK", NO_HINTS, "2026-11-03T07:00"),
    ("Tue, 3 Nov 2026 10:00 AEST", NO_HINTS, "2026-11-03T00:00"),
    ("Tue, 3 Nov 2026 10:00 BRT", NO_HINTS, "2026-11-03T13:00"),
    ("Tue, 3 Nov 2026 10:00 IST", NO_HINTS, "2026-11-03T04:30"),
    ("Tue, 3 Nov 2026 10:00 IST", DateHints(country="ie"), "2026-11-03T09:00"),
    ("Tue, 3 Nov 2026 10:00 EST", DateHints(country="au"), "2026-11-03T00:00"),
    ("Tue, 3 Nov 2026 10:00 QQT", NO_HINTS, "2026-11-03T10:00"),
    ("2026-10-05T10:30:00+02:00[Europe/Berlin]", NO_HINTS, "2026-10-05T08:30"),
    ("Mon, 05 Oct 2026 10:30:00 +0530 IST", NO_HINTS, "2026-10-05T05:00"),
    ("5 Oct 2026 10:30 IST (+0530)", NO_HINTS, "2026-10-05T05:00"),
    ("5 Oct 2026 10:30 Europe/Berlin", NO_HINTS, "2026-10-05T08:30"),
    ("5 Oct 2026 10:30 EST5EDT", NO_HINTS, "2026-10-05T14:30"),
    ("5 Oct 2026 10:30 (CEST)", NO_HINTS, "2026-10-05T08:30"),
    ("5 Oct 2026 10:30 No/Where", NO_HINTS, "2026-10-05T10:30"),
    # ---- none
    ("Mon, 31 Nov 2026 10:00:00 GMT", NO_HINTS, ""),
    ("12 listopada 2026", NO_HINTS, ""),
    ("2026-11-20T10:61:00Z", NO_HINTS, ""),
    ("2026-13-01", NO_HINTS, ""),
    ("Friday, 10:00", NO_HINTS, ""),
    ("vor 3 Tagen", NO_HINTS, ""),
    ("2026 10:00", NO_HINTS, ""),
    ("0000-00-00 00:00:00", NO_HINTS, ""),
    ("2026-278", NO_HINTS, ""),
    ("Wed, 99 Foo 0000", NO_HINTS, ""),
    ("", NO_HINTS, ""),
]


@pytest.mark.parametrize(("text", "hints", "expected"), DATES)
def test_a_date(text: str, hints: DateHints, expected: str) -> None:
    """The time that is meant, in UTC; nothing where it cannot be known."""
    wanted = datetime.fromisoformat(expected).replace(tzinfo=UTC) if expected else None

    assert parse_any_date(text, hints) == wanted


@pytest.mark.parametrize(
    "text", ["20-11-2026", "3 Nov 2026 10:00 IST", "3 Nov 2026 10:00 QQT", "3 ott 2026"]
)
def test_the_formats_do_not_allow_it(text: str) -> None:
    """What has several meanings needs the rest of the feed."""
    assert parse_standard_date(text) is None


def test_names_of_months_are_those_of_cldr() -> None:
    """The table has what Babel has, in every language, and no other month is called so."""
    for language, table in MONTH_NAMES.items():
        months = Locale.parse(language).months
        for number, names in enumerate(table.split("|"), start=1):
            forms = {
                fold_month_name(months[context][width][number])
                for context in ("format", "stand-alone")
                for width in ("abbreviated", "wide")
            }
            known = {form for form in forms if " " not in form and not form.isdigit()}
            assert set(names.split()) == known, (language, number)
            assert {month_of(name, language) for name in known} <= {number}


def test_a_name_that_is_not_clear() -> None:
    """The same in all languages, or in that of the outlet."""
    assert month_of("listopad") == 0
    assert (month_of("listopad", "pl"), month_of("listopad", "hr")) == (11, 10)
    assert (month_of("Sept"), month_of("Se"), month_of("août")) == (9, 0, 8)


def test_a_zone_that_may_be_misread() -> None:
    """Those of RFC 822 are American unless the outlet is elsewhere."""
    assert [is_noteworthy_zone(zone) for zone in ("IST", "EST", "CET", "+0200", "QQT")] == [
        True, False, False, False, True,
    ]  # fmt: skip
    assert offset_minutes("+15:01") is None
    assert offset_minutes("GMT-3") == -180


URLS = [
    ("https://a.example/2017/01/07/title", "2017-01-07"),
    ("https://a.example/news/2017/1/title", "2017-01-01"),
    ("https://a.example/2017-01-07/title", "2017-01-07"),
    ("https://a.example/2017/13/07/title", ""),
    ("https://a.example/2017/02/31/title", ""),
    ("https://a.example/12017/01/07/title", ""),
    ("https://a.example/title-2017", ""),
]


@pytest.mark.parametrize(("url", "expected"), URLS)
def test_a_date_in_an_address(url: str, expected: str) -> None:
    """A year, a month and perhaps a day in the path."""
    found = date_in_url(url)

    assert (found.date().isoformat() if found else "") == expected
