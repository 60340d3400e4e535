"""The whole line in, with what outlets do wrong."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from pebble import ProcessPool

from aggregator.demo.press import CannedResponse
from aggregator.errors import StoreUnavailable
from aggregator.ingest.clean.cleaner import clean_all
from aggregator.ingest.match.keys import KeyedEntry
from aggregator.ingest.workers import ParsedDocument, Workers, open_workers
from aggregator.model import Failed, Outcome, Source, SourceReport
from tests.harness.builders import fetched
from tests.harness.newsroom import Newsroom, article

HOUR = timedelta(hours=1)


def _reads(newsroom: Newsroom, body: bytes, content_type: str = "application/xml") -> SourceReport:
    newsroom.lists("harbor")
    newsroom.answers("harbor", body, content_type)
    (report,) = newsroom.ingests().sources
    assert report.counts.is_balanced
    return report


NO_FEEDS = [
    ("a login page", b"<!DOCTYPE html><html><title>Log in</title></html>", "A web page came"),
    ("nothing", b"", "The feed is empty"),
    ("spaces", b"\xef\xbb\xbf \n\n", "The feed is empty"),
    ("noise", bytes(range(256)) * 8, "What came is no feed"),
    ("plain text", b"Come back later.", "What came is no feed"),
    ("broken JSON", b'{"items": [', "The JSON Feed cannot be read"),
    ("JSON, but no feed", b'{"error": "no such feed"}', "The JSON that came is no JSON Feed"),
    ("a number without end", b'{"items": ' + b"9" * 9999, "The JSON Feed cannot be read"),
    ("deep JSON", b'{"items":' + b"[" * 50_000, "The JSON Feed cannot be read"),
    ("another kind of XML", b"<?xml version='1.0'?><sitemap/>", "What came is no feed"),
]


@pytest.mark.parametrize(
    ("body", "sentence"), [c[1:] for c in NO_FEEDS], ids=[c[0] for c in NO_FEEDS]
)
def test_no_feed(newsroom: Newsroom, body: bytes, sentence: str) -> None:
    """The operator reads what came instead; no validators are kept."""
    report = _reads(newsroom, body)

    assert report.outcome is Outcome.FAILED
    assert report.error.startswith(sentence)
    assert newsroom.store.state("harbor").validators.etag == ""


def test_an_empty_channel(newsroom: Newsroom) -> None:
    """A feed without entries is a feed, and deletes nothing."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("Here"))
    newsroom.ingests()

    newsroom.publishes("harbor")
    report = newsroom.ingests(later=HOUR)

    assert report.failed == ()
    assert newsroom.titles("/all.atom") == ["Here"]


def test_odd_items_in_a_json_feed(newsroom: Newsroom) -> None:
    """Items of the wrong kind are rejected one by one, each with a reason."""
    good = '{"id": "1", "url": "https://h.example/1", "title": "Good", "content_text": "x"}'
    odd = '{"id": {}, "url": ["x"], "title": 7, "tags": "a", "authors": [null], "attachments": 3}'
    report = _reads(newsroom, f'{{"items": [null, 3, "x", [], {odd}, {good}]}}'.encode())

    assert (report.counts.new, report.counts.rejected) == (1, 5)
    assert newsroom.titles("/all.atom") == ["Good"]


ODD_JSON = [
    ("a date in the year 1", '"date_published": "0001-01-01T00:00:00+01:00"'),
    ("a date in the year 9999", '"date_published": "9999-12-31T23:59:59-05:00"'),
    ("tags that are no list", '"tags": 5'),
    ("half a letter in the id", '"id": "\\ud800"'),
    ("half a letter in the text", '"content_html": "<p>\\udfff</p>"'),
    ("half a letter in the title", '"title": "a\\ud83d"'),
]


@pytest.mark.parametrize("odd", [c[1] for c in ODD_JSON], ids=[c[0] for c in ODD_JSON])
def test_an_odd_value_in_a_json_feed(newsroom: Newsroom, odd: str) -> None:
    """The article is published all the same, and so are the others."""
    first = '{"id": "1", "url": "https://h.example/1", "title": "Good"}'
    second = f'{{"url": "https://h.example/2", "title": "Odd", {odd}}}'
    report = _reads(newsroom, f'{{"items": [{first}, {second}]}}'.encode())

    assert (report.counts.new, report.error) == (2, "")
    assert len(newsroom.titles("/all.atom")) == 2


REFERENCES = [
    ("an emoji in two halves", "party &#xD83C;&#xDF89; time", "party 🎉 time"),
    ("the same in decimals", "party &#55356;&#57225; time", "party 🎉 time"),
    ("half an emoji", "a&#xD800;b", "ab"),
    ("numbers that no character has", "a&#99999999999;&#x110000;b", "ab"),
    ("a control character", "a&#1;b", "ab"),
    ("a sign of XML beside half an emoji", "5 &#60; 6 &#38; 7 &#xD83C;", "5 < 6 & 7"),
    ("good ones", "&#8217;&#x1F389;&#233;", "’🎉é"),
]


@pytest.mark.parametrize(
    ("given", "title"), [c[1:] for c in REFERENCES], ids=[c[0] for c in REFERENCES]
)
def test_character_references(newsroom: Newsroom, given: str, title: str) -> None:
    """The entry is kept with what can be read of it, and so are the others."""
    item = "<item><title>{}</title><link>https://h.example/{}</link></item>"
    items = item.format("Good", 1) + item.format(given, 2)

    report = _reads(newsroom, f"<rss version='2.0'><channel>{items}</channel></rss>".encode())

    assert (report.counts.new, report.error) == (2, "")
    assert set(newsroom.titles("/all.atom")) == {"Good", title}


def test_a_link_beside_half_an_emoji(newsroom: Newsroom) -> None:
    """Mending one entry leaves the addresses of the others as they are."""
    items = (
        "<item><title>A</title><link>https://h.example/?a=1&#38;copy=2</link></item>"
        "<item><title>B &#xD83C;</title><link>https://h.example/b</link></item>"
    )
    report = _reads(newsroom, f"<rss version='2.0'><channel>{items}</channel></rss>".encode())

    assert report.note == ""
    links = {s.lead.title: s.lead.url for s in newsroom.store.latest("all", 5)}
    assert links == {"A": "https://h.example/?a=1&copy=2", "B": "https://h.example/b"}


def test_ids_longer_than_any_number(newsroom: Newsroom) -> None:
    """They stay apart."""
    items = ", ".join(
        f'{{"id": {"9" * 30}{n}, "url": "https://h.example/{n}", "title": "{n}"}}' for n in range(3)
    )
    assert _reads(newsroom, f'{{"items": [{items}]}}'.encode()).counts.new == 3


def test_the_first_import_of_copies(newsroom: Newsroom) -> None:
    """Old copies stand in the outlet's own list at their own dates; today's article is there."""
    newsroom.lists("harbor")
    newsroom.lists("copies")
    old = [article(f"Old {n}", published=newsroom.now - timedelta(days=300 + n)) for n in range(60)]
    newsroom.publishes("harbor", *old)
    newsroom.ingests("harbor")
    newsroom.publishes("copies", article("Today", published=newsroom.now - HOUR), *old)

    newsroom.ingests("copies", later=HOUR)

    assert newsroom.titles("/sources/copies.atom")[0] == "Today"


def test_a_tower_of_tags(newsroom: Newsroom) -> None:
    """An entry nested 50,000 deep costs its markup, not minutes, and the others nothing."""
    tower = "&lt;div&gt;" * 50_000 + "Top"
    items = (
        f"<item><title>Tower</title><link>https://h.example/1</link><description>{tower}"
        "</description></item><item><title>Good</title><link>https://h.example/2</link></item>"
    )
    began = time.monotonic()

    report = _reads(newsroom, f"<rss version='2.0'><channel>{items}</channel></rss>".encode())

    assert time.monotonic() - began < 5
    assert report.counts.new == 2
    tower_story = next(s for s in newsroom.store.latest("all", 5) if s.lead.title == "Tower")
    assert (tower_story.lead.summary, tower_story.lead.content.strip()) == ("Top", "Top")


def test_validators_that_are_no_text(newsroom: Newsroom) -> None:
    """They are let go, the news is not."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("Here"))
    good = newsroom.press._answers["/harbor/feed"](None)  # type: ignore[arg-type]
    newsroom.press.put(
        "/harbor/feed", CannedResponse(body=good.body, headers={"ETag": '"\xff\xfe\x01"'})
    )

    report = newsroom.ingests()

    assert report.failed == ()
    assert newsroom.titles("/all.atom") == ["Here"]


def test_one_broken_entry_among_good_ones(newsroom: Newsroom) -> None:
    """The good ones are kept, the other is rejected with a reason."""
    items = "".join(
        f"<item><title>{n}</title><link>https://h.example/{n}</link></item>" for n in range(3)
    )
    broken = "<item><title>Broken &nosuch; <b></title><link>mailto:x</link></item>"
    rss = f"<rss version='2.0'><channel><title>T</title>{items}{broken}</channel></rss>"

    report = _reads(newsroom, rss.encode())

    assert (report.counts.new, report.counts.rejected) == (3, 1)
    assert "not well-formed" in report.note
    (rejected,) = newsroom.store.rejected("harbor", 5)
    assert rejected.reason == "it has no link to an article"


def test_an_entry_on_which_the_parser_stumbles(newsroom: Newsroom) -> None:
    """It costs itself; the entries before and after it are read one by one."""
    item = "<item><title>{0}</title><link>https://h.example/{0}</link></item>"
    bad = "<item<textinput<description>"
    body = f"<rss version='2.0'><channel>{item.format('A')}{bad}</item>{item.format('B')}</channel>"

    report = _reads(newsroom, body.encode())

    assert report.error == ""
    assert set(newsroom.titles("/all.atom")) >= {"A", "B"}


def test_a_feed_that_was_cut_off(newsroom: Newsroom) -> None:
    """What came whole is kept; the feed is asked for in full again, and the rest comes then."""
    whole = [article(f"Story {n}", "Long enough. " * 20) for n in range(3)]
    newsroom.lists("harbor")
    newsroom.publishes("harbor", *whole)
    body = newsroom.press._answers["/harbor/feed"](None).body  # type: ignore[arg-type]
    newsroom.answers("harbor", body[: body.rindex(b"Long enough")])
    report = newsroom.ingests()

    assert (report.total.new, report.total.rejected) == (2, 1)
    newsroom.publishes("harbor", *whole)
    newsroom.ingests(later=HOUR)

    assert "if-none-match" not in newsroom.press.requests[-1].headers
    assert set(newsroom.titles("/all.atom")) == {"Story 0", "Story 1", "Story 2"}


def test_a_control_character(newsroom: Newsroom) -> None:
    """One in a text costs its reader nothing; elsewhere it was the whole feed
    (changedetection.io#1766, ckan#6371, linkding#552)."""
    items = (
        "<item><title>A\x0bB &#1;C</title><link>https://h.example/1</link>"
        "<description>\x00x\x1b[31m&#x1f;y \ufffe</description></item>"
        "<item><title>Good</title><link>https://h.example/2</link></item>"
    )

    report = _reads(newsroom, f"<rss version='2.0'><channel>{items}</channel></rss>".encode())

    assert report.counts.new == 2
    for form in ("atom", "rss", "json"):
        assert newsroom.get(f"/all.{form}").status_code == 200
    assert "Good" in newsroom.titles("/all.rss")


def test_bytes_and_not_text(newsroom: Newsroom) -> None:
    """The encoding that the XML declaration names counts, not a guess."""
    item = "<item><title>Peña – ñandú</title><link>https://h.example/1</link></item>"
    for encoding in ("windows-1252", "utf-16"):
        text = f"<?xml version='1.0' encoding='{encoding}'?><rss><channel>{item}</channel></rss>"
        newsroom.answers("harbor", text.encode(encoding), "text/xml")
        if "harbor" not in newsroom._toml:
            newsroom.lists("harbor")
        newsroom.ingests(later=HOUR)

    assert newsroom.titles("/all.atom") == ["Peña – ñandú"]


@pytest.mark.slow
def test_a_hundred_thousand_entries(newsroom: Newsroom) -> None:
    """All of them are stored, in a few minutes at most, and a feed still holds fifty."""
    items = "".join(
        f"<item><title>Entry {n}</title><link>https://h.example/{n}</link></item>"
        for n in range(100_000)
    )
    rss = f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>"

    report = _reads(newsroom, rss.encode())

    assert (report.counts.new, report.error) == (100_000, "")
    assert newsroom.titles("/all.atom") == [f"Entry {n}" for n in range(50)]


def test_an_entity_bomb(newsroom: Newsroom) -> None:
    """A billion laughs cost nothing but the source."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bomb = (
        f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "lol">{entities}]>'
        "<rss version='2.0'><channel><title>&l11;</title><item><title>&l11;</title>"
        "<link>https://h.example/1</link></item></channel></rss>"
    )
    began = time.monotonic()
    _reads(newsroom, bomb.encode())

    assert time.monotonic() - began < 10
    assert all(len(title) < 1000 for title in newsroom.titles("/all.atom"))


def test_the_first_import_does_not_flood(newsroom: Newsroom) -> None:
    """A new outlet's archive stands at its own dates (reader's recent_sort); fresh news stays
    in the feed."""
    newsroom.lists("old")
    newsroom.lists("archive")
    newsroom.publishes("old", article("Fresh", published=newsroom.now - HOUR))
    newsroom.ingests("old")
    newsroom.publishes(
        "archive",
        *(article(f"Year {n}", published=newsroom.now - timedelta(days=n)) for n in range(1, 80)),
    )

    newsroom.ingests("archive", later=HOUR)

    assert newsroom.titles("/all.atom")[0] == "Fresh"


def test_an_old_dated_newcomer(newsroom: Newsroom) -> None:
    """What appears late with an old date is seen all the same (oursqlcommunity-org#107)."""
    recent = [
        article(f"Recent {n}", published=newsroom.now - timedelta(minutes=n)) for n in range(60)
    ]
    newsroom.lists("harbor")
    newsroom.publishes("harbor", *recent)
    newsroom.ingests()

    late = article("Late", published=newsroom.now - timedelta(days=200))
    newsroom.publishes("harbor", late, *recent)
    newsroom.ingests(later=HOUR)

    titles = newsroom.titles("/all.atom")
    assert titles[-1] == "Late"
    assert len(titles) == 50


def test_a_redated_article_does_not_move(newsroom: Newsroom) -> None:
    """Bumping a date promotes nothing (python/planet#190)."""
    newsroom.lists("harbor")
    one, two = "https://h.example/1", "https://h.example/2"
    newsroom.publishes("harbor", article("One", link=one, published=newsroom.now - 5 * HOUR),
                       article("Two", link=two, published=newsroom.now - 4 * HOUR))  # fmt: skip
    newsroom.ingests()
    newsroom.publishes("harbor", article("One", "Revised.", link=one, published=newsroom.now),
                       article("Two", link=two, published=newsroom.now - 4 * HOUR))  # fmt: skip
    report = newsroom.ingests(later=HOUR)

    assert report.total.updated == 1
    assert newsroom.titles("/all.atom") == ["Two", "One"]


def test_a_filtered_source(newsroom: Newsroom) -> None:
    """What its rules leave out is rejected with the rule, each time it is listed."""
    newsroom.lists("harbor", exclude='"sport"')
    newsroom.publishes("harbor", article("News"), article("Sport today"))
    report = newsroom.ingests()

    assert (report.total.new, report.total.rejected) == (1, 1)
    newsroom.publishes("harbor", article("More"), article("News"), article("Sport today"))
    again = newsroom.ingests(later=HOUR)

    assert (again.total.new, again.total.known, again.total.rejected) == (1, 1, 1)
    (rejected,) = newsroom.store.rejected("harbor", 5)
    assert rejected.reason == "left out by the source's exclude rule (title: sport)"


def test_a_bug_costs_one_source(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are read, and it is reported as what it is."""
    newsroom.lists("good")
    newsroom.lists("unlucky")
    newsroom.publishes("good", article("Fine"))
    newsroom.publishes("unlucky", article("Boom"))
    known = newsroom.store.known

    def buggy(source: str, keys: set[str]) -> object:
        if source == "unlucky":
            raise KeyError("bug")
        return known(source, keys)

    monkeypatch.setattr(newsroom.store, "known", buggy)

    report = newsroom.ingests()

    (failure,) = report.failed
    assert failure.source == "unlucky"
    assert failure.error.startswith("This is a bug in aggregator, please report it (KeyError")
    assert newsroom.titles("/all.atom") == ["Fine"]
    # and the outlet is not asked again and again for it
    health = {h.source: h for h in newsroom.store.health()}["unlucky"]
    assert health.error == failure.error
    assert health.next_fetch is not None
    assert newsroom.now + timedelta(minutes=15) <= health.next_fetch


def test_a_store_that_cannot_be_written_stops_the_run(newsroom: Newsroom) -> None:
    """Fetching on would only lose what is fetched."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("Fine"))
    newsroom.store.sync(newsroom.config.all_sources, newsroom.now)
    with newsroom.store._writing() as db:  # type: ignore[attr-defined]
        db.execute("drop table keys")

    with pytest.raises(StoreUnavailable):
        newsroom.ingests()


def test_news_that_joins_a_topic_late(newsroom: Newsroom) -> None:
    """A copy's words bring an old story into a topic; it is seen there, at its own date."""
    newsroom.has_topic("labor", "strike")
    newsroom.lists("harbor")
    newsroom.lists("copies")
    newsroom.publishes("harbor", *(
        article(f"Strike {n}", published=newsroom.now - timedelta(hours=n)) for n in range(60)
    ))  # fmt: skip
    newsroom.publishes("copies", article("Long established"))
    newsroom.ingests()
    old = article("Quiet", link="https://o.example/q", published=newsroom.now - timedelta(days=9))
    newsroom.publishes("harbor", old)
    newsroom.ingests("harbor", later=HOUR)
    newsroom.publishes("copies", article("The strike of old", link="https://o.example/q"))

    newsroom.ingests("copies", later=HOUR)

    assert newsroom.titles("/topics/labor.atom")[-1] == "Quiet"


def test_what_a_server_says_is_not_a_terminal_command(newsroom: Newsroom) -> None:
    """Escape sequences reach neither log nor terminal."""
    newsroom.lists("harbor", feed=f"{newsroom.press.url}/f")
    location = {"Location": "ftp://x/\x1b]0;owned\x07"}
    newsroom.press.put("/f", CannedResponse(status=302, headers=location))

    (failure,) = newsroom.ingests().failed

    assert failure.error.isprintable()


# ---- workers ---------------------------------------------------------------------------


def _die(_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _hang(_: object) -> None:
    time.sleep(60)


@pytest.mark.parametrize(
    ("step", "sentence"),
    [(_die, "The process that read the feed died"), (_hang, "Reading the feed took longer")],
    ids=["dies", "hangs"],
)
def test_a_worker_that_dies_or_hangs(
    step: object, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It costs that document; the next one is read by its replacement."""
    monkeypatch.setattr("aggregator.ingest.workers.DOCUMENT_SECONDS", 1.0)
    rss = fetched("<rss version='2.0'><channel><title>T</title></channel></rss>")

    async def scene(workers: Workers) -> tuple[object, object]:
        return await workers._do(step, None), await workers.read(rss)  # type: ignore[arg-type]

    workers = Workers(lambda: ProcessPool(max_workers=1))
    lost, read = asyncio.run(scene(workers))
    workers.close()

    assert isinstance(lost, Failed)
    assert lost.error.startswith(sentence)
    assert isinstance(read, ParsedDocument)


def _clean_or_die(items: Sequence[KeyedEntry], source: Source, now: datetime, home: str) -> object:
    for item in items:
        if item.entry.title and "deadly" in item.entry.title.value:
            os.kill(os.getpid(), signal.SIGKILL)
    return clean_all(items, source, now, home)


def test_an_entry_that_kills_its_worker(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is rejected, and the others of its feed are kept."""
    monkeypatch.setattr("aggregator.ingest.workers.clean_all", _clean_or_die)
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("Fine"), article("A deadly one"), article("Good"))

    (report,) = newsroom.ingests().sources

    assert (report.counts.new, report.counts.rejected, report.error) == (2, 1, "")
    (rejected,) = newsroom.store.rejected("harbor", 5)
    assert rejected.reason == "it took too much time or memory to clean"


def _hoard(_: object) -> int:
    return len(bytearray(2_000_000_000))


def test_a_worker_that_hoards() -> None:
    """It is stopped before it takes the machine's memory along."""

    async def scene() -> tuple[object, object]:
        with open_workers(1) as workers:
            return await workers._do(_hoard, None), await workers.read(fetched("<rss/>"))

    lost, read = asyncio.run(scene())

    assert isinstance(lost, Failed)
    assert lost.error == "Reading the feed took more memory than a feed may take."
    assert isinstance(read, ParsedDocument)


def test_workers_that_die_in_their_sleep() -> None:
    """Killed while they had nothing to do, they are replaced (the kernel does so when memory
    is short)."""

    async def scene() -> object:
        with open_workers(1) as workers:
            pid = await workers._do(_pid, None)
            assert isinstance(pid, int)
            os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.5)
            return await workers.read(fetched("<rss/>"))

    assert isinstance(asyncio.run(scene()), ParsedDocument)


def _pid(_: object) -> int:
    return os.getpid()
