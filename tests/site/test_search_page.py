"""The search page: what was found, how much, where to look, and what may have been meant."""

import re
from html import unescape

import pytest

from tests.harness.newsroom import Newsroom, article
from tests.site.conftest import HOUR


@pytest.fixture
def library(newsroom: Newsroom) -> Newsroom:
    """Two outlets and two topics, over several days."""
    newsroom.lists("harbor")
    newsroom.lists("plains")
    newsroom.has_topic("labor", "strike")
    newsroom.has_topic("courts", "verdict")
    newsroom.change('id = "labor"\n', 'id = "labor"\nwas = ["work"]\n')
    newsroom.change("[site]", '[site]\ntimezone = "Asia/Baghdad"')
    for number, title in enumerate(("Police strike", "Police verdict", "Policy and police")):
        for outlet in ("harbor", "plains"):
            link = f"https://{outlet}.example/{number}"
            published = newsroom.now - 30 * number * HOUR
            one = article(f"{title} {outlet} {number}", link=link, published=published)
            newsroom.publishes(outlet, one)
        newsroom.ingests(later=HOUR)
    return newsroom


def _found(newsroom: Newsroom, query: str) -> list[str]:
    page = newsroom.get(f"/search?{query}").text
    titles = re.findall(r'<h2[^>]*><a href="/stories/\w+">(.*?)</a></h2>', page)
    return [re.sub("</?mark>", "", title) for title in titles]


def test_how_many_were_found(library: Newsroom) -> None:
    """All of them, or that there may be more."""
    assert "6 stories" in library.get("/search?q=police").text
    assert "1 story" in library.get("/search?q=police+AND+verdict+AND+harbor").text
    limited = library.get("/search?q=police&limit=2").text
    assert "Showing the newest 2 matching stories; there may be more" in limited


@pytest.mark.parametrize("filters", ["", "&outlet=harbor", "&from=2026-10-04"])
def test_results_go_on_without_a_repeat(library: Newsroom, filters: str) -> None:
    """From page to page for people, from document to document for scripts."""
    every = _found(library, f"q=police{filters}")
    path, found = f"/search?q=police&limit=2{filters}", list[str]()
    while path:
        found += _found(library, path.partition("?")[2])
        link = re.search(r'<a href="(/search[^"]*)" rel="next">', library.get(path).text)
        path = unescape(link[1]) if link else ""
    assert sorted(found) == sorted(every)

    path, found = f"/search.json?q=police&limit=2{filters}", []
    while path:
        document = library.get(path).get_json(force=True)
        found += [item["title"] for item in document["items"]]
        path = document.get("next_url", "").removeprefix("https://commons.example")
    assert sorted(found) == sorted(every)
    assert library.get("/search?q=police&before=" + "0" * 16).status_code == 400


@pytest.mark.parametrize(
    ("filters", "titles"),
    [
        ("topic=labor", ["Police strike harbor 0", "Police strike plains 0"]),
        ("outlet=plains&topic=courts", ["Police verdict plains 1"]),
        ("until=2026-10-03", ["Policy and police harbor 2", "Policy and police plains 2"]),
        ("from=2026-10-04&until=2026-10-04&outlet=harbor", ["Police verdict harbor 1"]),
        ("from=2027-01-01", []),
        ("until=9999-12-31&topic=courts&outlet=harbor", ["Police verdict harbor 1"]),
        ("from=0001-01-01&until=2026-10-03&outlet=harbor", ["Policy and police harbor 2"]),
        ("topic=work&outlet=harbor", ["Police strike harbor 0"]),
        ("topic=&outlet=&from=&until=&lang=fr", []),
    ],
)
def test_a_search_can_be_narrowed(library: Newsroom, filters: str, titles: list[str]) -> None:
    """To a topic, an outlet, days, and any of them together; feeds know the same."""
    assert sorted(_found(library, f"q=police&{filters}")) == titles
    assert sorted(library.titles(f"/search.rss?q=police&{filters}")) == titles


def test_the_form_keeps_what_was_chosen(library: Newsroom) -> None:
    """It is open then, and folded otherwise."""
    page = library.get("/search?q=police&topic=labor&from=2026-10-01").text

    assert '<option value="labor" selected>' in page
    assert 'name="from" type="date" value="2026-10-01"' in page
    assert "<details open>" in page
    assert "<details>" in library.get("/search?q=police").text


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("topic=nobody", "topic"), ("topic=%3Cb%3E", "topic"), ("outlet=nobody", "outlet"),
        ("outlet=harbor,plains", "outlet"),
        ("from=yesterday", "from"), ("until=2026-13-01", "until"), ("from=1", "from"),
    ],
)  # fmt: skip
def test_a_wrong_filter_is_explained(library: Newsroom, query: str, word: str) -> None:
    """On the page, with the query kept."""
    answer = library.get(f"/search?q=police&{query}")

    assert answer.status_code == 400
    assert re.search(rf'<p role="alert">{word}', answer.text)
    assert 'value="police"' in answer.text


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("polcie", "police"), ("verdcit+AND+polise", "verdict AND police"),
        ('%22polcie strke%22', '"police strike"'), ("tag:strke", "tag:strike"),
        ("zzzzzz", ""), ("xy", ""),
    ],
)  # fmt: skip
def test_a_misspelt_word_is_corrected(library: Newsroom, typo: str, meant: str) -> None:
    """With a link, if there is a similar word; operators stay."""
    page = library.get(f"/search?q={typo}").text

    found = re.search(r'Did you mean <a href="(.*?)">(.*?)</a>\?', page)
    assert (found is not None) == bool(meant)
    within = library.get(f"/search?q={typo}&topic=labor").text
    assert bool(re.search(r'Did you mean <a href="[^"]*&amp;topic=labor">', within)) == bool(meant)
    if found:
        assert found[2].replace("&#34;", '"') == meant
        assert library.get(found[1].replace("&amp;", "&")).status_code == 200


def test_few_words_of_a_query_are_corrected(
    library: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes time, and a query may have hundreds."""
    looked_up: list[str] = []

    def none_is_similar(words: list[str]) -> dict[str, str]:
        looked_up.extend(words)
        return {}

    monkeypatch.setattr(library.store.lists, "similar_words", none_is_similar)

    answer = library.get("/search?q=" + "+OR+".join(f"polcie{n}x" for n in range(40)))

    assert answer.status_code == 200
    assert len(looked_up) == 5


def test_what_is_wrong_with_a_query_is_said_in_the_language_of_the_site(library: Newsroom) -> None:
    """To people; programs get it in English."""
    library.change("[site]", '[site]\nlanguage = "es"')

    page = library.get("/search?q=%22police").text
    assert "carácter 1: estas comillas no se cierran" in page
    assert "quotation mark" not in page
    assert "this quotation mark is never closed" in library.get("/search.rss?q=%22police").text


def test_days_in_the_wrong_order_are_explained(library: Newsroom) -> None:
    """Rather than finding nothing."""
    answer = library.get("/search?q=police&from=2026-10-04&until=2026-10-03")

    assert answer.status_code == 400
    assert "from must not be a later day than until." in answer.text
