"""HTTP: what readers, caches and partner pages rely on."""

import gzip
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import brotli
import pytest
from backports import zstd

from aggregator.app import create_wsgi_app
from aggregator.model import ALL
from aggregator.site import PublicSite
from aggregator.store import open_store
from tests.harness.newsroom import Newsroom, article

HOUR = timedelta(hours=1)
UNPACK = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstd.decompress}
FEEDS = ["/all.rss", "/topics/labor.atom", "/topics/labor.json", "/sources/harbor.rss"]


@pytest.fixture
def open_newsroom(newsroom: Newsroom) -> Newsroom:
    """A newsroom with one outlet, one topic and some stories."""
    newsroom.lists("harbor")
    newsroom.has_topic("labor", "strike")
    newsroom.publishes("harbor", *(article(f"Strike {n}", "Long. " * 40) for n in range(5)))
    newsroom.ingests()
    return newsroom


TYPES = [
    ("/", "text/html; charset=utf-8"),
    ("/all", "text/html; charset=utf-8"),
    ("/sources", "text/html; charset=utf-8"),
    ("/topics/labor", "text/html; charset=utf-8"),
    ("/topics/labor.rss", "application/rss+xml; charset=utf-8"),
    ("/topics/labor.atom", "application/atom+xml; charset=utf-8"),
    ("/topics/labor.json", "application/feed+json; charset=utf-8"),
    ("/topics.opml", "text/x-opml; charset=utf-8"),
    ("/sources.opml", "text/x-opml; charset=utf-8"),
    ("/style.css", "text/css; charset=utf-8"),
    ("/robots.txt", "text/plain; charset=utf-8"),
]


@pytest.mark.parametrize(("path", "kind"), TYPES, ids=[path for path, _ in TYPES])
def test_content_types(open_newsroom: Newsroom, path: str, kind: str) -> None:
    """Every document says what it is, may be kept for a while, and is not sniffed."""
    answer = open_newsroom.get(path)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == kind
    kept = answer.headers["Cache-Control"]
    assert kept == "public, max-age=300, stale-while-revalidate=3600, stale-if-error=86400"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", FEEDS)
def test_304(open_newsroom: Newsroom, path: str) -> None:
    """A reader that has the feed already is told so in a few bytes."""
    first = open_newsroom.get(path)
    etag = first.headers["ETag"]

    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = open_newsroom.get(path, If_None_Match=known)
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == etag
    since = open_newsroom.get(path, If_Modified_Since=first.headers["Last-Modified"])
    assert since.status_code == 304
    assert open_newsroom.get(path, If_None_Match='"other"').status_code == 200


def test_an_etag_is_for_the_bytes(open_newsroom: Newsroom) -> None:
    """It changes when a story comes, and only then."""
    before = open_newsroom.get("/all.atom").headers["ETag"]
    open_newsroom.ingests(later=HOUR)
    same = open_newsroom.get("/all.atom").headers["ETag"]
    open_newsroom.publishes("harbor", article("New"))
    open_newsroom.ingests(later=HOUR)

    assert same == before
    assert open_newsroom.get("/all.atom").headers["ETag"] != before
    assert open_newsroom.get("/all.atom", If_None_Match=before).status_code == 200


def test_two_changes_in_one_second(open_newsroom: Newsroom) -> None:
    """A reader that knows only dates is not told that nothing has changed."""
    since = open_newsroom.get("/all.atom").headers["Last-Modified"]
    open_newsroom.publishes("harbor", article("In the same second"))
    open_newsroom.ingests()

    assert open_newsroom.get("/all.atom", If_Modified_Since=since).status_code == 200


def test_a_topic_that_did_not_change(open_newsroom: Newsroom) -> None:
    """News elsewhere does not send a topic's readers anything."""
    etag = open_newsroom.get("/topics/labor.atom").headers["ETag"]
    open_newsroom.publishes("harbor", article("Weather"))
    open_newsroom.ingests(later=HOUR)

    assert open_newsroom.get("/topics/labor.atom", If_None_Match=etag).status_code == 304


@pytest.mark.parametrize("path", FEEDS)
@pytest.mark.parametrize("coding", UNPACK)
def test_codings(open_newsroom: Newsroom, path: str, coding: str) -> None:
    """Who can unpack gets it packed, under an ETag of its own; who cannot does not."""
    plain = open_newsroom.get(path)
    packed = open_newsroom.get(path, Accept_Encoding=coding)
    refused = open_newsroom.get(path, Accept_Encoding=f"{coding};q=0")

    assert packed.headers["Content-Encoding"] == coding
    assert UNPACK[coding](packed.data) == plain.data == refused.data
    assert len(packed.data) < len(plain.data)
    assert packed.headers["ETag"] != plain.headers["ETag"]
    vary = "Accept-Encoding, Sec-Fetch-Dest"
    assert packed.headers["Vary"] == plain.headers["Vary"] == vary
    again = open_newsroom.get(path, If_None_Match=packed.headers["ETag"], Accept_Encoding=coding)
    assert again.status_code == 304


LIKED = [
    ("gzip, deflate, br, zstd", "br"),
    ("GZIP", "gzip"),
    ("gzip, zstd", "zstd"),
    ("gzip;q=1, br;q=0.5", "gzip"),
    ("*", "br"),
    ("*;q=0, gzip", "gzip"),
    ("br;q=0, *", "zstd"),
    ("identity", None),
    ("compress, x", None),
    ("", None),
    (";;q=,,", None),
]


@pytest.mark.parametrize(("accepted", "coding"), LIKED, ids=[row[0] for row in LIKED])
def test_the_coding_that_is_liked_best(
    open_newsroom: Newsroom, accepted: str, coding: str | None
) -> None:
    """By its quality; of equals, the one that takes least (RFC 9110, 12.5.3)."""
    answer = open_newsroom.get("/all.atom", Accept_Encoding=accepted)

    assert answer.headers.get("Content-Encoding") == coding


def test_head(open_newsroom: Newsroom) -> None:
    """HEAD is GET without the body."""
    got = open_newsroom.get("/all.rss")
    head = open_newsroom.reader.head("/all.rss")

    assert head.data == b""
    assert head.headers["ETag"] == got.headers["ETag"]
    assert head.headers["Content-Length"] == str(len(got.data))


def test_other_sites_may_read_feeds(open_newsroom: Newsroom) -> None:
    """A partner's page may fetch a feed; a page is only a page, and runs no scripts."""
    assert open_newsroom.get("/all.json").headers["Access-Control-Allow-Origin"] == "*"
    page = open_newsroom.get("/")
    assert "Access-Control-Allow-Origin" not in page.headers
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


NOTHING = [
    "/nope", "/topics/nope", "/topics/labor.xml", "/topics/labor.", "/sources/nope.rss",
           "/stories/0123456789abcdef", "/stories/x", "/topics/", "/../feeds.toml", "/all/x",
]  # fmt: skip


@pytest.mark.parametrize("path", NOTHING)
def test_nothing_there(open_newsroom: Newsroom, path: str) -> None:
    """A page that says so, with the way on."""
    answer = open_newsroom.get(path)

    assert answer.status_code == 404
    assert "Nothing here" in answer.text


def test_a_slash_at_the_end(open_newsroom: Newsroom) -> None:
    """What a file server writes leads to the address."""
    answer = open_newsroom.get("/topics/labor/")

    assert (answer.status_code, answer.headers["Location"]) == (301, "/topics/labor")


def test_a_site_in_a_folder(open_newsroom: Newsroom) -> None:
    """Whether the server in front takes the folder out of the path or leaves it in."""
    open_newsroom.change('"https://commons.example"', '"https://commons.example/news"')

    page = open_newsroom.get("/news/topics/labor")
    assert page.status_code == 200
    assert 'href="/news/style.css"' in page.text
    assert open_newsroom.get("/topics/labor").data == page.data
    assert open_newsroom.get("/news").data == open_newsroom.get("/").data
    assert open_newsroom.get("/newsroom").status_code == 404


def test_a_story_page(open_newsroom: Newsroom) -> None:
    """Every story has a page, and the lists lead to it."""
    (story, *_) = open_newsroom.store.lists.latest(ALL, 1)

    assert f"/stories/{story.id}" in open_newsroom.get("/topics/labor").text
    assert "rule found title: strike" in open_newsroom.get(f"/stories/{story.id}").text


def test_healthz(open_newsroom: Newsroom) -> None:
    """A machine sees that we are well, and which sources are not."""
    open_newsroom.answers("harbor", b"", status=500)
    open_newsroom.ingests(later=HOUR)

    answer = open_newsroom.get("/healthz")

    assert answer.json == {
        "status": "ok",
        "sources": 1,
        "failing": ["harbor"],
        "failures": {"http_status": 1},
    }
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_store_that_cannot_be_read(open_newsroom: Newsroom) -> None:
    """Readers are asked to come back; they learn nothing of our disk."""
    config = open_newsroom.config
    open_newsroom.close()
    with closing(open_store(config.database)) as store, ThreadPoolExecutor(1) as server:
        reader = create_wsgi_app(config, store).test_client()
        config.database.write_bytes(b"not a database, but much longer than its header " * 100)
        answer = server.submit(reader.get, "/all.rss").result()  # by a connection of its own

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert config.database.name not in answer.text


def test_the_same_database_gives_the_same_bytes(open_newsroom: Newsroom) -> None:
    """Two servers, or one after a restart, publish the same."""
    paths = list(open_newsroom.site.paths())

    def all_bytes() -> list[bytes]:
        resources = [open_newsroom.site.find(path) for path in paths]
        documents = [resource.build() for resource in resources if resource]
        return [document.body for document in documents if document]

    before = all_bytes()
    database = open_newsroom.config.database
    open_newsroom.close()
    with closing(open_store(database)) as store:
        restarted = PublicSite(open_newsroom.config, store)
        reader = create_wsgi_app(open_newsroom.config, store).test_client()

        assert len(paths) > 20
        assert [restarted.find(path).build().body for path in paths] == before  # type: ignore[union-attr]
        assert [reader.get(path).data for path in paths] == before


def test_one_language(newsroom: Newsroom) -> None:
    """A list in one language, as page and feed; its own address says so, and it is kept apart."""
    newsroom.lists("harbor")
    newsroom.lists("plains")
    newsroom.has_topic("labor", "strike OR huelga")
    newsroom.publishes("harbor", article("A strike"))
    spanish = article("Una huelga", link="https://plains.example/1")
    newsroom.publishes("plains", spanish, form="atom03")  # which declares it
    newsroom.ingests()

    assert newsroom.titles("/topics/labor.atom?lang=es") == ["Una huelga"]
    assert newsroom.titles("/topics/labor.rss?lang=ES") == ["Una huelga"]
    assert newsroom.titles("/all.rss?lang=fr") == []
    assert set(newsroom.titles("/topics/labor.atom")) == {"A strike", "Una huelga"}
    feed = newsroom.read("/topics/labor.atom?lang=es").feed
    assert feed.language == "es"
    assert feed.id == "https://commons.example/topics/labor.atom?lang=es"
    page = newsroom.get("/topics/labor?lang=es").text
    assert "Una huelga" in page
    assert "A strike" not in page
    assert 'href="https://commons.example/topics/labor.atom?lang=es"' in page
    for path in ("/topics.opml?lang=english", "/robots.txt?lang=e s", "/?lang=es"):
        assert newsroom.get(path).status_code == 200  # it is for lists alone
    moved = newsroom.get("/topics/labor/?lang=es")
    assert (moved.status_code, moved.location) == (301, "/topics/labor?lang=es")
    assert newsroom.titles("/all.rss?lang=zh-hant-tw") == []


@pytest.mark.parametrize("wrong", ["x", "english", "e%20s", "%3Cscript%3E", "es-"])
def test_no_language(open_newsroom: Newsroom, wrong: str) -> None:
    """It is refused with a sentence."""
    answer = open_newsroom.get(f"/all.rss?lang={wrong}")

    assert answer.status_code == 400
    assert answer.text.startswith("lang must be a language tag")


def test_an_outlet_that_publishes_much(newsroom: Newsroom) -> None:
    """It has its share of the topic; the rest stands in its own feed."""
    newsroom.lists("harbor", max_new="100", precedence="1")
    newsroom.lists("plains")
    newsroom.has_topic("labor", "strike")
    newsroom.change('title = "Labor"', 'title = "Labor"\nmax_share = "2 of 4"')
    newsroom.publishes("harbor", *(article(f"A strike in year {n}") for n in range(9)))
    newsroom.publishes(
        "plains", *(article(f"Strike of farm {n}", link=f"https://p/{n}") for n in range(3))
    )
    newsroom.ingests()

    for path in ("/topics/labor.rss", "/topics/labor.atom"):
        titles = newsroom.titles(path)
        shown = [title.startswith("A strike") for title in titles]
        assert all(sum(shown[n : n + 4]) <= 2 for n in range(len(shown)))
        assert shown.count(True) >= 2
        assert shown.count(False) >= 2
    assert len(newsroom.titles("/sources/harbor.rss")) == 9


def test_a_topic_called_all(newsroom: Newsroom) -> None:
    """Its share is its own."""
    newsroom.lists("harbor")
    newsroom.has_topic("all", "strike")
    newsroom.change('title = "All"', 'title = "All"\nmax_share = "1 of 4"')
    newsroom.publishes("harbor", *(article(f"A strike in year {n}") for n in range(6)))
    newsroom.ingests()

    assert len(newsroom.titles("/all.rss")) == 6
    assert len(newsroom.titles("/topics/all.rss")) == 1
