"""What search engines and programs that show links find."""

import json
import re
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
from lxml import etree
from PIL import Image

from aggregator.calendar import advance
from aggregator.demo.drawings import landscape
from aggregator.demo.press import CannedResponse
from tests.harness.newsroom import Newsroom, article
from tests.site.conftest import HOUR

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
GOOGLE_NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}"


def _locations(newsroom: Newsroom, path: str) -> list[str]:
    answer = newsroom.get(path)
    assert answer.mimetype == "application/xml"
    root = etree.fromstring(answer.data)
    return [
        str(loc.text).removeprefix("https://commons.example") for loc in root.iter(f"{SITEMAP}loc")
    ]


def _json_ld(page: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)
    data: dict[str, Any] = json.loads(text)
    return data


def _properties(page: str) -> dict[str, str]:
    return dict(re.findall(r'<meta property="(.*?)" content="(.*?)">', page))


def test_robots_find_the_sitemaps_and_these_the_lists(docks: Newsroom) -> None:
    """Lists without stories and outlets that never delivered are not among them."""
    docks.has_topic("empty", "nothing")
    docks.lists("silent")

    assert "Sitemap: https://commons.example/sitemap.xml\n" in docks.get("/robots.txt").text
    assert _locations(docks, "/sitemap.xml") == ["/sitemap-pages.xml", "/sitemap-news.xml"]
    pages = _locations(docks, "/sitemap-pages.xml")
    assert pages[:4] == ["/", "/all", "/topics/labor", "/topics/courts"]
    assert {"/sources/harbor", "/sources/plains", "/about"} <= set(pages)
    assert "/topics/empty" not in pages
    assert "/sources/silent" not in pages
    assert all(docks.get(path).status_code == 200 for path in pages)


def test_the_news_of_two_days(docks: Newsroom) -> None:
    """By the hour that the scheduler has applied, not by the clock of a request."""
    advance(docks.config, docks.store, docks.now)
    before = docks.get("/sitemap-news.xml").data
    assert len(_locations(docks, "/sitemap-news.xml")) == 4
    root = etree.fromstring(before)
    titles = [node.text for node in root.iter(f"{GOOGLE_NEWS}title")]
    assert titles[0] == "Strike ends"
    assert {node.text for node in root.iter(f"{GOOGLE_NEWS}language")} == {"en", "es"}

    advance(docks.config, docks.store, docks.now + timedelta(minutes=59))
    assert docks.get("/sitemap-news.xml").data == before
    advance(docks.config, docks.store, docks.now + 46 * HOUR)
    assert len(_locations(docks, "/sitemap-news.xml")) == 3
    advance(docks.config, docks.store, docks.now + 99 * HOUR)
    assert _locations(docks, "/sitemap-news.xml") == []


def test_a_story_is_based_on_the_article_of_its_outlet(docks: Newsroom) -> None:
    """It says what, by whom, from whom, and where the original is."""
    id_ = next(iter(docks.store.stories.ids()))
    story = docks.store.stories.get(id_)
    assert story is not None
    page = docks.get(f"/stories/{id_}").text

    data = _json_ld(page)
    assert data["@type"] == "NewsArticle"
    assert data["headline"] == story.lead.title
    assert data["isBasedOn"]["url"] == story.lead.url
    assert data["publisher"]["name"] in ("Harbor", "Plains")
    assert data["url"] == f"https://commons.example/stories/{id_}"
    properties = _properties(page)
    assert properties["og:type"] == "article"
    assert properties["og:url"] == data["url"]
    assert properties["og:site_name"] == "The Commons"
    assert '<meta name="description" content="Something happened.">' in page


def test_a_list_is_a_collection(docks: Newsroom) -> None:
    """In the order of the page."""
    page = docks.get("/topics/labor").text

    data = _json_ld(page)
    assert data["@type"] == "CollectionPage"
    listed = [item["url"].rpartition("/")[2] for item in data["mainEntity"]["itemListElement"]]
    assert listed == re.findall(r'<h2[^>]*><a href="/stories/(\w+)"', page)
    assert _json_ld(docks.get("/").text)["@type"] == "WebSite"


def test_every_page_has_a_card(docks: Newsroom) -> None:
    """At the address that the page names, and in the size that it says."""
    id_ = next(iter(docks.store.stories.ids()))
    for path in ("/", "/all", "/topics/labor", "/sources/harbor", f"/stories/{id_}"):
        page = docks.get(path).text
        properties = _properties(page)
        url = properties["og:image"].removeprefix("https://commons.example")
        card = docks.get(url)
        size = (int(properties["og:image:width"]), int(properties["og:image:height"]))

        assert card.headers["Content-Type"] == "image/png"
        assert Image.open(BytesIO(card.data)).size == size == (1200, 630)
        assert '<meta name="twitter:card" content="summary_large_image">' in page
        assert docks.get(url, If_None_Match=card.headers["ETag"]).status_code == 304
    assert docks.get("/topics/courts+labor.png").status_code == 404
    assert docks.get("/topics/nothing.png").status_code == 404
    docks.store.stories.take_down(id_, "asked to", docks.now)
    assert docks.get(f"/stories/{id_}.png").status_code == 404


@pytest.mark.parametrize(
    ("images", "start"),
    [("own", "https://commons.example/pictures/"), ("outlet", "https://cdn.example/a.jpg")],
)
def test_the_picture_of_a_story_is_better_than_a_card(
    newsroom: Newsroom, images: str, start: str
) -> None:
    """If it may be shown; for search engines, too."""
    newsroom.press.put("/a.jpg", CannedResponse(body=landscape("a")))
    url = f"{newsroom.press.url}/a.jpg" if images == "own" else "https://cdn.example/a.jpg"
    newsroom.lists("harbor", images=f'"{images}"')
    newsroom.publishes("harbor", article("A strike", image=url, alt="A crane"))
    newsroom.ingests()
    newsroom.fetches_pictures()
    page = newsroom.get(f"/stories/{next(iter(newsroom.store.stories.ids()))}").text

    assert _properties(page)["og:image"].startswith(start)
    assert _properties(page)["og:image:alt"] == "A crane"
    assert _json_ld(page)["image"].startswith(start)


@pytest.mark.parametrize("path", ["/", "/all", "/topics/labor", "/sources/harbor", "STORY"])
def test_structured_data_keeps_the_rules_of_schema_org(docks: Newsroom, path: str) -> None:
    """Types and properties that exist, of the kinds that search engines read (json_ld.json)."""
    path = path.replace("STORY", f"/stories/{next(iter(docks.store.stories.ids()))}")
    schema = json.loads((Path(__file__).parent / "json_ld.json").read_text())
    data = _json_ld(docks.get(path).text)

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(data, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**data, "headlin": "a typing error"}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**data, "url": "/relative"}, schema)


def test_robots_of_a_site_below_a_path(docks: Newsroom) -> None:
    """They are told the whole paths."""
    docks.change("https://commons.example", "https://commons.example/news")

    assert "Disallow: /news/search\n" in docks.get("/robots.txt").text


HOSTILE = '</script><script>alert(1)</script>" & <!-- <b>'


def test_hostile_titles_stay_text(newsroom: Newsroom) -> None:
    """In JSON-LD, attributes and links."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article(HOSTILE.replace("<", "&lt;"), link="https://h.example/1"))
    newsroom.ingests()
    (id_,) = newsroom.store.stories.ids()
    story = newsroom.store.stories.get(id_)
    assert story is not None

    page = newsroom.get(f"/stories/{id_}").text

    assert _json_ld(page)["headline"] == story.lead.title
    assert page.count("<script") == 2  # ours, and the data
    assert "alert(1)</script>" not in page
    mail = re.search(r'href="mailto:\?subject=(.*?)&amp;body=(.*?)"', page)
    assert mail is not None
    assert unquote(mail[1]) == story.lead.title
    assert unquote(mail[2]) == f"https://commons.example/stories/{id_}"


@pytest.mark.parametrize("path", ["/", "/all", "/topics/labor", "/sources", "/subscribe"])
def test_pages_run_our_script_only(docks: Newsroom, path: str) -> None:
    """Pages need none; the one that there is copies an address."""
    answer = docks.get(path)

    assert re.findall(r"<script src=\"(.*?)\"", answer.text) == ["/site.js"]
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert docks.get("/site.js").mimetype == "text/javascript"
