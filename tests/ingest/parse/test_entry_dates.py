"""The dates of a feed are read together."""

from datetime import datetime

import pytest

from aggregator.ingest.clean.cleaner import clean
from aggregator.ingest.parse.chunks import ChunkedDocument, split_into_chunks
from aggregator.ingest.parse.parser import parse
from aggregator.model import Entry, ParsedFeed
from tests.harness.builders import NOW, fetched, keyed, parsed_entry, source


def feed(*dates: str, language: str = "", site: str = "https://outlet.example/") -> ParsedFeed:
    """A feed whose items have these dates."""
    items = "".join(
        f"<item><title>{date}</title><link>{site}{number}</link><pubDate>{date}</pubDate></item>"
        for number, date in enumerate(dates)
    )
    language = language and f"<language>{language}</language>"
    text = f"<rss version='2.0'><channel><link>{site}</link>{language}{items}</channel></rss>"
    parsed = parse(fetched(text))
    assert isinstance(parsed, ParsedFeed)
    return parsed


def days(parsed: ParsedFeed) -> list[str]:
    """The dates as they were read."""
    return [
        f"{entry.published:%d %b}" if isinstance(entry.published, datetime) else "?"
        for entry in parsed.entries
    ]


ORDERS = [
    ("another date shows it", ("20-11-2026", "10-11-2026", "03/11/2026"), "", "",
     ["20 Nov", "10 Nov", "03 Nov"]),
    ("the month comes first", ("11/20/2026", "11/10/2026", "11/3/26"), "de", "",
     ["20 Nov", "10 Nov", "03 Nov"]),
    ("their order shows it", ("12/11/2026", "01/11/2026", "03/10/2026"), "", "",
     ["12 Nov", "01 Nov", "03 Oct"]),
    ("the language shows it", ("03/11/2026",), "fr", "", ["03 Nov"]),
    ("American", ("03/11/2026",), "en-US", "", ["11 Mar"]),
    ("English, in Ireland", ("03/11/2026",), "en", "https://outlet.ie/", ["03 Nov"]),
    ("a default, in Brazil", ("03/11/2026",), "en-US", "https://outlet.com.br/", ["03 Nov"]),
    ("a domain of all the world", ("03/11/2026",), "en", "https://outlet.io/", ["11 Mar"]),
    ("nothing shows it", ("03/11/2026",), "", "", ["11 Mar"]),
    ("with dots the day comes first", ("05.11.2026", "03.11.2026"), "", "", ["05 Nov", "03 Nov"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("dates", "language", "site", "expected"), [c[1:] for c in ORDERS], ids=[c[0] for c in ORDERS]
)
def test_the_day_or_the_month_first(
    dates: tuple[str, ...], language: str, site: str, expected: list[str]
) -> None:
    """By the other dates of the feed, their order, the language and the country."""
    parsed = feed(*dates, language=language, site=site or "https://outlet.example/")

    assert days(parsed) == expected
    assert parsed.problem == ""


def test_all_chunks_of_a_document_are_read_alike() -> None:
    """Also one in which no date shows whether the day or the month comes first."""
    dates = [f"{day:02}/10/2026 10:00" for day in range(30, 0, -1)]
    items = "".join(f"<item><title>T</title><pubDate>{date}</pubDate></item>" for date in dates)
    text = f"<rss version='2.0'><channel>{items}</channel></rss>"

    document = split_into_chunks(fetched(text), chunk_entries=10)
    assert isinstance(document, ChunkedDocument)
    parsed = [parse(document[index].document) for index in range(len(document))]

    assert len(parsed) == 3
    last = parsed[-1]
    assert isinstance(last, ParsedFeed)
    assert days(last) == [f"{day:02} Oct" for day in range(10, 0, -1)]


def test_unreadable_dates_are_counted() -> None:
    """With an example; the entries are dated by when they were first seen."""
    parsed = feed("Mon, 31 Nov 2026 10:00:00 GMT", "28 Nov 2026", "yesterday " * 9)

    assert days(parsed) == ["?", "28 Nov", "?"]
    assert parsed.problem == (
        '2 dates cannot be read, for example "Mon, 31 Nov 2026 10:00:00 GMT".'
    )


@pytest.mark.parametrize(
    ("zone", "site", "language", "note"),
    [("IST", "https://outlet.example/", "", 'The time zone "IST" was read as +05:30.'),
     ("IST", "https://outlet.ie/", "", 'The time zone "IST" was read as +01:00.'),
     ("QQT", "https://outlet.example/", "", 'The time zone "QQT" is unknown and was read as UTC.'),
     ("IST", "https://outlet.example/", "he", 'The time zone "IST" was read as +02:00.'),
     ("CST", "https://outlet.example/", "zh", 'The time zone "CST" was read as +08:00.'),
     ("AST", "https://outlet.example/", "ar", 'The time zone "AST" was read as +03:00.'),
     ("EST", "https://outlet.example/", "", ""), ("CEST", "https://outlet.example/", "", "")],
)  # fmt: skip
def test_a_time_zone_that_may_be_misread_is_noted(
    zone: str, site: str, language: str, note: str
) -> None:
    """An abbreviation with several meanings is decided by the country or the language."""
    parsed = feed(f"Tue, 3 Nov 2026 10:00:00 {zone}", site=site, language=language)

    assert parsed.problem == note


def test_an_old_article_is_not_new() -> None:
    """Without a date, that of its address counts, unless it is of these days."""
    urls = ("https://outlet.example/2017/01/07/a", "https://outlet.example/2026/10/b")
    old, recent = (
        clean(keyed(parsed_entry(published=None, url=url)), source(), NOW) for url in urls
    )

    assert isinstance(old, Entry)
    assert isinstance(recent, Entry)
    assert (f"{old.published:%Y-%m-%d}", old.is_dated) == ("2017-01-07", True)
    assert (recent.published, recent.is_dated) == (NOW, False)


def test_a_long_date_is_quoted_in_part() -> None:
    """An example fits into a line."""
    assert len(feed("some day or other " * 20).problem) < 130
