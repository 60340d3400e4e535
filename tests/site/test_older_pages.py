"""Pages of older stories: what a person finds who goes from page to page."""

import re
from itertools import chain, pairwise
from pathlib import Path

import pytest

from aggregator.site.export import export_site
from tests.harness.newsroom import Newsroom, article
from tests.site.conftest import HOUR

SITE = "https://commons.example"


@pytest.fixture
def labor(newsroom: Newsroom) -> Newsroom:
    """A topic with 24 stories, five a page: the newest, four open ones, and three full pages."""
    newsroom.lists("harbor")
    newsroom.has_topic("labor", "strike")
    newsroom.has_pages_of(5)
    _publish(newsroom, *range(24))
    return newsroom


def _publish(newsroom: Newsroom, *numbers: int) -> None:
    for number in numbers:
        newsroom.publishes("harbor", article(f"Strike {number}", published=newsroom.now))
        newsroom.ingests(later=HOUR)
        newsroom.closes_pages()


def _titles(page: str) -> list[str]:
    return re.findall(r"<h2><a [^>]*>(.*?)</a>", page)


def _walk(newsroom: Newsroom, rel: str, path: str) -> dict[str, list[str]]:
    """The titles on each page, from one page to the next."""
    found = {}
    while path:
        page = newsroom.get(path).text
        found[path] = _titles(page)
        assert f'<link rel="canonical" href="{SITE}{path}">' in page
        links = set(re.findall(rf'<a href="([^"]*)" rel="{rel}">', page))
        assert [f"{SITE}{link}" for link in links] == re.findall(
            rf'<link rel="{rel}" href="(.*?)">', page
        )
        path = links.pop() if links else ""
    return found


def test_pages_lead_from_the_newest_story_to_the_oldest_and_back(labor: Newsroom) -> None:
    """Each story once, no page with a story of its neighbour."""
    pages = _walk(labor, "next", "/topics/labor")

    assert list(pages) == ["/topics/labor", *(f"/topics/labor/older/{n}" for n in (4, 3, 2, 1))]
    assert [len(titles) for titles in pages.values()] == [5, 4, 5, 5, 5]
    assert list(chain.from_iterable(pages.values())) == [f"Strike {n}" for n in range(23, -1, -1)]
    assert all(set(a).isdisjoint(b) for a, b in pairwise(pages.values()))
    assert list(_walk(labor, "prev", "/topics/labor/older/1")) == list(pages)[::-1]


def test_a_full_page_never_changes(labor: Newsroom) -> None:
    """Neither its bytes nor its validators, however many stories come."""
    before = labor.get("/topics/labor/older/3")
    _publish(labor, *range(24, 40))

    after = labor.get("/topics/labor/older/3")
    assert after.data == before.data
    assert after.headers["ETag"] == before.headers["ETag"]
    assert after.headers["Last-Modified"] == before.headers["Last-Modified"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/topics/labor/older/5", 302),
        ("/topics/labor/older/6", 404),
        ("/topics/labor/older/0", 404),
        ("/topics/labor/older/-1", 404),
        ("/topics/labor/older/01", 404),
        ("/topics/labor/older/1000000000", 404),
        ("/topics/labor/older/999999999", 404),
        ("/topics/labor/older/x", 404),
        ("/topics/nobody/older/1", 404),
        ("/topics/labor/older/1.atom", 404),
        ("/all/older/1", 200),
        ("/sources/harbor/older/1", 200),
    ],
)
def test_other_numbers(labor: Newsroom, path: str, status: int) -> None:
    """The next number leads to the newest stories until there is such a page."""
    answer = labor.get(path)

    assert answer.status_code == status
    if status == 302:
        assert answer.headers["Location"] == "/topics/labor"


def test_pages_of_the_archive_lead_to_the_pages_for_people(labor: Newsroom) -> None:
    """Their feeds stay."""
    labor.archives(10)

    full = labor.get("/topics/labor/archive/1")
    partly = labor.get("/topics/labor/archive/2")

    assert (full.status_code, full.headers["Location"]) == (301, "/topics/labor/older/2")
    assert (partly.status_code, partly.headers["Location"]) == (302, "/topics/labor")
    assert labor.get("/topics/labor/archive/3").status_code == 302
    assert labor.get("/topics/labor/archive/4").status_code == 404
    assert labor.get("/topics/labor/archive/1.atom").status_code == 200


def test_former_topics_and_joined_ones(labor: Newsroom) -> None:
    """A former id redirects; joined topics have no pages of their own."""
    labor.has_topic("ships", "ship")
    labor.change('id = "labor"\n', 'id = "labor"\nwas = ["work"]\n')

    answer = labor.get("/topics/work/older/1")

    assert (answer.status_code, answer.headers["Location"]) == (301, "/topics/labor/older/1")
    assert labor.get("/topics/labor+ships/older/1").status_code == 404
    assert labor.get("/topics/labor+ships").status_code == 200


def test_what_has_expired_is_gone(labor: Newsroom) -> None:
    """The page before says so when it is followed, and does not change."""
    before = labor.get("/topics/labor/older/3").data
    _publish(labor, *range(24, 44))
    labor.store.stories.purge(10 * HOUR, labor.now)

    assert labor.get("/topics/labor/older/1").status_code == 410
    assert labor.get("/topics/labor/older/7").status_code == 200
    assert b"/topics/labor/older/2" in before


def test_the_export_has_the_same_pages(labor: Newsroom, tmp_path: Path) -> None:
    """Byte for byte, and a full one is not written again when stories come."""
    folder = tmp_path / "public"
    export_site(labor.site, folder)
    file = folder / "topics/labor/older/3/index.html"
    written = file.stat().st_mtime_ns
    assert file.read_bytes() == labor.get("/topics/labor/older/3").data
    assert "url=/topics/labor" in (folder / "topics/labor/older/5/index.html").read_text()

    _publish(labor, *range(24, 33))
    export_site(labor.site, folder)

    assert file.stat().st_mtime_ns == written
    assert _titles((folder / "topics/labor/older/5/index.html").read_text())
    for path in labor.paths():
        if "/older/" in path:
            exported = (folder / path[1:] / "index.html").read_bytes()
            assert labor.get(path).status_code == 302 or exported == labor.get(path).data
