"""HTTP behaviour that readers, caches and partner pages rely on."""

import gzip
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import brotli
import pytest
import time_machine
from backports import zstd

from aggregator.model import ALL
from aggregator.site import PublicSite
from aggregator.site_app import create_wsgi_app
from aggregator.store import open_store
from tests.harness.newsroom import Newsroom, article

HOUR = timedelta(hours=1)
DECOMPRESS = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstd.decompress}
FEEDS = ["/all.rss", "/topics/labor.atom", "/topics/labor.json", "/sources/harbor.rss"]


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
def test_every_document_has_its_content_type(
    labor_newsroom: Newsroom, path: str, kind: str
) -> None:
    """Documents can be cached for a while and are not sniffed."""
    answer = labor_newsroom.get(path)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == kind
    kept = answer.headers["Cache-Control"]
    assert kept == "public, max-age=300, stale-while-revalidate=3600, stale-if-error=86400"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", FEEDS)
def test_an_unchanged_feed_is_a_304(labor_newsroom: Newsroom, path: str) -> None:
    """Both the ETag and the date of a feed work as validators."""
    first = labor_newsroom.get(path)
    etag = first.headers["ETag"]

    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = labor_newsroom.get(path, If_None_Match=known)
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == etag
    since = labor_newsroom.get(path, If_Modified_Since=first.headers["Last-Modified"])
    assert since.status_code == 304
    assert labor_newsroom.get(path, If_None_Match='"other"').status_code == 200


def test_an_etag_changes_only_with_the_feed(labor_newsroom: Newsroom) -> None:
    """A fetch without news keeps the ETag."""
    before = labor_newsroom.get("/all.atom").headers["ETag"]
    labor_newsroom.ingests(later=HOUR)
    same = labor_newsroom.get("/all.atom").headers["ETag"]
    labor_newsroom.publishes("harbor", article("New"))
    labor_newsroom.ingests(later=HOUR)

    assert same == before
    assert labor_newsroom.get("/all.atom").headers["ETag"] != before
    assert labor_newsroom.get("/all.atom", If_None_Match=before).status_code == 200


def test_two_changes_in_one_second_are_both_seen(labor_newsroom: Newsroom) -> None:
    """If-Modified-Since gets no 304 after a second change in the same second."""
    since = labor_newsroom.get("/all.atom").headers["Last-Modified"]
    labor_newsroom.publishes("harbor", article("In the same second"))
    labor_newsroom.ingests()

    assert labor_newsroom.get("/all.atom", If_Modified_Since=since).status_code == 200


def test_a_topic_does_not_change_with_other_news(labor_newsroom: Newsroom) -> None:
    """News elsewhere keeps the topic's ETag."""
    etag = labor_newsroom.get("/topics/labor.atom").headers["ETag"]
    labor_newsroom.publishes("harbor", article("Weather"))
    labor_newsroom.ingests(later=HOUR)

    assert labor_newsroom.get("/topics/labor.atom", If_None_Match=etag).status_code == 304


@pytest.mark.parametrize("path", FEEDS)
@pytest.mark.parametrize("encoding", DECOMPRESS)
def test_each_encoding_has_its_own_etag(labor_newsroom: Newsroom, path: str, encoding: str) -> None:
    """A client gets only encodings that it accepts."""
    plain = labor_newsroom.get(path)
    packed = labor_newsroom.get(path, Accept_Encoding=encoding)
    refused = labor_newsroom.get(path, Accept_Encoding=f"{encoding};q=0")

    assert packed.headers["Content-Encoding"] == encoding
    assert DECOMPRESS[encoding](packed.data) == plain.data == refused.data
    assert len(packed.data) < len(plain.data)
    assert packed.headers["ETag"] != plain.headers["ETag"]
    vary = "Accept-Encoding, Sec-Fetch-Dest"
    assert packed.headers["Vary"] == plain.headers["Vary"] == vary
    own = packed.headers["ETag"]
    for etag in (own, f"W/{own}", own.replace("-", "--"), own.replace("-", ";")):  # by proxies
        again = labor_newsroom.get(path, If_None_Match=etag, Accept_Encoding=encoding)
        assert again.status_code == 304


ACCEPTED = [
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
    ("gzip".ljust(500, ","), "gzip"),
    ("gzip".ljust(501, ","), None),
]


@pytest.mark.parametrize(("accepted", "encoding"), ACCEPTED, ids=[row[0][:30] for row in ACCEPTED])
def test_the_preferred_encoding_is_sent(
    labor_newsroom: Newsroom, accepted: str, encoding: str | None
) -> None:
    """Of equally preferred encodings, the most compact is used (RFC 9110, 12.5.3)."""
    answer = labor_newsroom.get("/all.atom", Accept_Encoding=accepted)

    assert answer.headers.get("Content-Encoding") == encoding


def test_head_is_get_without_the_body(labor_newsroom: Newsroom) -> None:
    """HEAD has the same ETag and Content-Length."""
    got = labor_newsroom.get("/all.rss")
    head = labor_newsroom.reader.head("/all.rss")

    assert head.data == b""
    assert head.headers["ETag"] == got.headers["ETag"]
    assert head.headers["Content-Length"] == str(len(got.data))


def test_other_sites_may_fetch_feeds_but_not_pages(labor_newsroom: Newsroom) -> None:
    """A page runs no scripts."""
    assert labor_newsroom.get("/all.json").headers["Access-Control-Allow-Origin"] == "*"
    page = labor_newsroom.get("/")
    assert "Access-Control-Allow-Origin" not in page.headers
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


MISSING = [
    "/nope", "/topics/nope", "/topics/labor.xml", "/topics/labor.",
           "/stories/0123456789abcdef", "/stories/x", "/topics/-", "/../feeds.toml", "/all/x",
]  # fmt: skip


@pytest.mark.parametrize("path", MISSING)
def test_an_unknown_path_is_a_404(labor_newsroom: Newsroom, path: str) -> None:
    """The response is a page that says so."""
    answer = labor_newsroom.get(path)

    assert answer.status_code == 404
    assert "Nothing here" in answer.text


def test_a_trailing_slash_redirects(labor_newsroom: Newsroom) -> None:
    """The canonical URL has no slash at the end."""
    answer = labor_newsroom.get("/topics/labor/")

    assert (answer.status_code, answer.headers["Location"]) == (301, "/topics/labor")


def test_a_site_can_be_below_a_path(labor_newsroom: Newsroom) -> None:
    """The proxy may strip the path of the site or leave it in place."""
    labor_newsroom.change('"https://commons.example"', '"https://commons.example/news"')

    page = labor_newsroom.get("/news/topics/labor")
    assert page.status_code == 200
    assert 'href="/news/style.css"' in page.text
    assert labor_newsroom.get("/topics/labor").data == page.data
    assert labor_newsroom.get("/news").data == labor_newsroom.get("/").data
    assert labor_newsroom.get("/newsroom").status_code == 404


def test_every_story_has_a_page(labor_newsroom: Newsroom) -> None:
    """Lists link to the pages of stories."""
    (story, *_) = labor_newsroom.store.lists.latest(ALL, 1)

    assert f"/stories/{story.id}" in labor_newsroom.get("/topics/labor").text
    assert "the headline mentions <q>" in labor_newsroom.get(f"/stories/{story.id}").text


def test_healthz(labor_newsroom: Newsroom) -> None:
    """A monitor sees that the program works, and which sources fail."""
    labor_newsroom.answers("harbor", b"", status=500)
    labor_newsroom.ingests(later=HOUR)

    with time_machine.travel(labor_newsroom.now, tick=False):
        answer = labor_newsroom.get("/healthz")

    assert answer.json == {
        "status": "degraded",
        "reasons": [
            {
                "kind": "http_status",
                "source": "harbor",
                "since": "2026-10-05T13:00:00+00:00",
                "sentence": "The server responded with an error. (500 Internal Server Error)",
            }
        ],
        "sources": 1,
        "failing": ["harbor"],
        "failures": {"http_status": 1},
    }
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_broken_database_is_a_503(labor_newsroom: Newsroom) -> None:
    """The response has Retry-After and does not mention the file."""
    config = labor_newsroom.config
    labor_newsroom.close()
    with closing(open_store(config.database)) as store, ThreadPoolExecutor(1) as server:
        reader = create_wsgi_app(config, store).test_client()
        config.database.write_bytes(b"not a database, but much longer than its header " * 100)
        answer = server.submit(reader.get, "/all.rss").result()  # in a new connection

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert config.database.name not in answer.text


def test_the_same_database_gives_the_same_bytes(labor_newsroom: Newsroom) -> None:
    """Two servers, or one after a restart, publish the same bytes."""
    site = labor_newsroom.site
    documents = {path: site.find(path).build() for path in site.paths()}  # type: ignore[union-attr]
    paths = [path for path, document in documents.items() if not document.redirect_to]  # type: ignore[union-attr]

    def all_bytes() -> list[bytes]:
        resources = [labor_newsroom.site.find(path) for path in paths]
        documents = [resource.build() for resource in resources if resource]
        return [document.body for document in documents if document]

    before = all_bytes()
    database = labor_newsroom.config.database
    labor_newsroom.close()
    with closing(open_store(database)) as store:
        restarted = PublicSite(labor_newsroom.config, store)
        reader = create_wsgi_app(labor_newsroom.config, store).test_client()

        assert len(paths) > 20
        assert [restarted.find(path).build().body for path in paths] == before  # type: ignore[union-attr]
        assert [reader.get(path).data for path in paths] == before


def test_a_list_in_one_language_has_its_own_url(newsroom: Newsroom) -> None:
    """The language filter applies to the page and the feeds of a list."""
    newsroom.lists("harbor")
    newsroom.lists("plains")
    newsroom.has_topic("labor", "strike OR huelga")
    newsroom.publishes("harbor", article("A strike"))
    spanish = article("Una huelga", link="https://plains.example/1")
    newsroom.publishes("plains", spanish, form="atom03")  # which declares its language
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
        assert newsroom.get(path).status_code == 200  # other paths ignore the parameter
    moved = newsroom.get("/topics/labor/?lang=es")
    assert (moved.status_code, moved.location) == (301, "/topics/labor?lang=es")
    assert newsroom.titles("/all.rss?lang=zh-hant-tw") == []


@pytest.mark.parametrize("language", ["x", "english", "e%20s", "%3Cscript%3E", "es-"])
def test_an_invalid_language_is_refused(labor_newsroom: Newsroom, language: str) -> None:
    """The response is 400 with a sentence."""
    answer = labor_newsroom.get(f"/all.rss?lang={language}")

    assert answer.status_code == 400
    assert answer.text.startswith("lang must be a language tag")


def test_an_outlet_gets_at_most_its_share_of_a_topic(newsroom: Newsroom) -> None:
    """The outlet's own feed has all its stories."""
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


def test_a_topic_called_all_has_its_own_share(newsroom: Newsroom) -> None:
    """The share does not apply to the list of all stories."""
    newsroom.lists("harbor")
    newsroom.has_topic("all", "strike")
    newsroom.change('title = "All"', 'title = "All"\nmax_share = "1 of 4"')
    newsroom.publishes("harbor", *(article(f"A strike in year {n}") for n in range(6)))
    newsroom.ingests()

    assert len(newsroom.titles("/all.rss")) == 6
    assert len(newsroom.titles("/topics/all.rss")) == 1
