"""Pictures from an outlet's feed to a reader's browser: permitted, fetched once, or left out."""

import random
import re
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from aggregator.demo.drawings import landscape
from aggregator.demo.press import CannedResponse
from aggregator.model import ALL
from aggregator.site.export import export_site
from tests.harness.newsroom import Newsroom, article

HOUR = timedelta(hours=1)
LOADED = re.compile(r'<img [^>]*src="([^"]*)"')
JPEG = {"Content-Type": "image/jpeg"}


@pytest.fixture
def harbor(newsroom: Newsroom) -> Newsroom:
    """A newsroom whose outlet permits thumbnails, and publishes an article with a picture."""
    newsroom.lists("harbor", images='"own"')
    newsroom.has_topic("labor", "strike")
    newsroom.press.put("/crane.jpg", CannedResponse(body=landscape("crane"), headers=JPEG))
    image = f"{newsroom.press.url}/crane.jpg"
    newsroom.publishes("harbor", article("A strike", image=image, alt="A crane that stands still"))
    newsroom.ingests()
    return newsroom


def _story_page(newsroom: Newsroom) -> str:
    return f"/stories/{newsroom.store.lists.latest(ALL, 1)[0].id}"


def _requests(newsroom: Newsroom, path: str) -> int:
    return sum(each.path == path for each in newsroom.press.requests)


def _state(newsroom: Newsroom, url: str) -> str:
    return newsroom.store.pictures.states([url])[url].error


def test_a_thumbnail_appears_on_every_page_when_it_is_made(harbor: Newsroom) -> None:
    """Before, there is no gap; the picture is fetched once."""
    pages = ["/", "/all", "/topics/labor", "/sources/harbor", "/search?q=strike"]
    pages.append(_story_page(harbor))
    assert all(LOADED.findall(harbor.get(page).text) == [] for page in pages)
    assert harbor.fetches_pictures() == 1
    for page in pages:
        text = harbor.get(page).text
        (src,) = LOADED.findall(text)
        assert re.fullmatch(r"/pictures/[0-9a-f]{24}(-small)?\.webp", src), page
        assert 'alt="A crane that stands still"' in text
        assert "img-src 'self'\">" in text
        copy = harbor.get(src)
        assert copy.headers["Content-Type"] == "image/webp"
        assert Image.open(BytesIO(copy.data)).format == "WEBP"
        assert harbor.get(src, If_None_Match=copy.headers["ETag"]).status_code == 304
    assert harbor.fetches_pictures(later=99 * HOUR) == 0
    assert _requests(harbor, "/crane.jpg") == 1


def test_feeds_carry_the_outlets_picture_whatever_pages_show(harbor: Newsroom) -> None:
    """As before; and their bytes do not change when a thumbnail is made."""
    paths = ("/all.rss", "/all.atom", "/all.json")
    before = [harbor.get(path).data for path in paths]
    harbor.fetches_pictures()

    assert all(b"/crane.jpg" in body for body in before)
    assert [harbor.get(path).data for path in paths] == before
    harbor.change('"own"', '"off"')
    assert [harbor.get(path).data for path in paths] == before


def test_permission_that_is_withdrawn_counts_at_once(harbor: Newsroom) -> None:
    """Pages show no picture, and the thumbnails are no longer served."""
    harbor.fetches_pictures()
    (src,) = LOADED.findall(harbor.get("/all").text)
    harbor.change('"own"', '"off"')

    assert LOADED.findall(harbor.get("/all").text) == []
    assert harbor.get(src).status_code == 404


def test_permission_that_is_given_counts_for_stored_articles(newsroom: Newsroom) -> None:
    """Not only for those to come."""
    newsroom.lists("harbor", images='"off"')
    newsroom.press.put("/a.jpg", CannedResponse(body=landscape("a"), headers=JPEG))
    newsroom.publishes("harbor", article("A strike", image=f"{newsroom.press.url}/a.jpg"))
    newsroom.ingests()
    newsroom.change('"off"', '"own"')

    assert newsroom.fetches_pictures() == 1
    assert LOADED.findall(newsroom.get("/all").text) != []


def test_the_outlets_picture_is_loaded_and_its_origin_named(newsroom: Newsroom) -> None:
    """Each page names the origins of its own pictures."""
    newsroom.lists("harbor", images='"outlet"')
    newsroom.lists("wire", images='"off"')
    newsroom.publishes("harbor", article("A strike", image="https://cdn.example/a.jpg"))
    newsroom.publishes("wire", article("A tide", image="https://other.example/b.jpg"))
    newsroom.ingests()
    page, about = newsroom.get("/all"), newsroom.get("/about")

    assert LOADED.findall(page.text) == ["https://cdn.example/a.jpg"]
    assert "img-src 'self' https://cdn.example\">" in page.text
    assert "img-src 'self'\">" in about.text
    assert "img-src 'self' https: http:;" in page.headers["Content-Security-Policy"]
    assert newsroom.fetches_pictures() == 0


def test_a_takedown_takes_the_picture_down(harbor: Newsroom) -> None:
    """Also for a cache that asks again."""
    harbor.fetches_pictures()
    (src,) = LOADED.findall(harbor.get("/all").text)
    assert harbor.get(src).status_code == 200
    harbor.store.stories.take_down(harbor.store.lists.latest(ALL, 1)[0].id, "asked to", harbor.now)

    assert harbor.get(src).status_code == 404


def test_full_texts_show_thumbnails_and_links(newsroom: Newsroom) -> None:
    """Nothing of a full text is loaded from elsewhere."""
    newsroom.lists("harbor", images='"own"', show='"full"')
    url = newsroom.press.url
    newsroom.press.put("/in.jpg", CannedResponse(body=landscape("in"), headers=JPEG))
    newsroom.press.put("/gone.jpg", CannedResponse(status=404))
    html = f"<p>A</p><img src='{url}/in.jpg' alt='One'><img src='{url}/gone.jpg' alt='Two'>"
    item = (
        f"<item><title>A strike</title><link>https://h.example/a</link>"
        f"<description><![CDATA[{html}]]></description></item>"
    )
    newsroom.answers(
        "harbor", f"<rss version='2.0'><channel><title>H</title>{item}</channel></rss>".encode()
    )
    newsroom.ingests()
    assert newsroom.fetches_pictures() == 2
    page = newsroom.get(_story_page(newsroom)).text

    assert len(LOADED.findall(page)) == 1
    assert LOADED.findall(page)[0].startswith("/pictures/")
    assert f'<a href="{url}/gone.jpg" rel="noopener noreferrer">Picture: Two</a>' in page


def test_the_export_has_the_pictures(harbor: Newsroom, tmp_path: Path) -> None:
    """The same bytes; a second export writes nothing."""
    harbor.fetches_pictures()
    export_site(harbor.site, tmp_path / "public")
    (src,) = LOADED.findall(harbor.get("/all").text)

    assert (tmp_path / "public" / src[1:]).read_bytes() == harbor.get(src).data
    assert export_site(harbor.site, tmp_path / "public").written == 0


def test_a_closed_page_changes_only_for_its_own_pictures(newsroom: Newsroom) -> None:
    """A picture that arrives late is shown; no other page of the list changes."""
    newsroom.has_pages_of(5)
    newsroom.lists("harbor", images='"own"')
    newsroom.press.put("/late.jpg", CannedResponse(body=landscape("late"), headers=JPEG))
    articles = [
        article(
            f"Story {number}",
            published=newsroom.now - (number + 1) * HOUR,
            image=f"{newsroom.press.url}/late.jpg" if number == 23 else "",
        )
        for number in range(24)
    ]
    newsroom.publishes("harbor", *articles)
    newsroom.ingests()
    newsroom.closes_pages()
    paths = [f"/all/older/{number}" for number in (1, 2, 3)]
    before = [newsroom.get(path).data for path in paths]
    newsroom.fetches_pictures()
    after = [newsroom.get(path).data for path in paths]

    assert b"<img" not in before[0]
    assert b"/pictures/" in after[0]
    assert after[1:] == before[1:]


# ---- bad input


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (CannedResponse(status=404), "Its server responded with 404."),
        (CannedResponse(body=b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "SVG"),
        (CannedResponse(body=b"<!doctype html>", headers=JPEG), "a web page"),
        (CannedResponse(body=landscape("x")[:3000], headers=JPEG), "cannot be decoded"),
        (CannedResponse(body=b"\xff\xd8" + b"\0" * 10_000_001), "larger than 10,000,000 bytes"),
        (CannedResponse(status=302, headers={"Location": "http://10.0.0.1/"}), "private network"),
        (CannedResponse(status=302, headers={"Location": "file:///etc/passwd"}), "file:"),
        (CannedResponse(status=301, headers={"Location": "/crane.jpg"}), "redirects"),
    ],
)
def test_what_cannot_be_shown_leaves_no_trace(
    harbor: Newsroom, response: CannedResponse, reason: str
) -> None:
    """The page has no gap, the operator has the reason, and it is not tried again."""
    harbor.press.put("/crane.jpg", response)
    harbor.fetches_pictures()

    assert reason in _state(harbor, f"{harbor.press.url}/crane.jpg")
    assert LOADED.findall(harbor.get("/all").text) == []
    assert "pictured" not in harbor.get("/all").text
    assert harbor.fetches_pictures(later=99 * HOUR) == 0


def test_a_server_in_trouble_is_tried_again(harbor: Newsroom) -> None:
    """After an hour and after a day, then no more."""
    harbor.press.put("/crane.jpg", CannedResponse(status=503))
    attempts = [harbor.fetches_pictures(later=pause * HOUR) for pause in (0, 0, 1, 1, 24, 99)]

    assert attempts == [1, 0, 1, 0, 1, 0]


def test_a_server_that_asks_for_a_pause_gets_it(harbor: Newsroom) -> None:
    """Neither the picture nor its outlet's other pictures are fetched meanwhile."""
    headers = {"Retry-After": "7200"}
    harbor.press.put("/crane.jpg", CannedResponse(status=429, headers=headers))
    assert harbor.fetches_pictures() == 1
    harbor.press.put("/crane.jpg", CannedResponse(body=landscape("crane"), headers=JPEG))
    requests = len(harbor.press.requests)
    harbor.fetches_pictures(later=1.5 * HOUR)
    assert len(harbor.press.requests) == requests
    harbor.fetches_pictures(later=HOUR)
    assert LOADED.findall(harbor.get("/all").text) != []


def test_the_oldest_thumbnails_are_evicted_first(newsroom: Newsroom) -> None:
    """When all take more than [storage] pictures_mb; the page of the older story has no gap."""
    newsroom.lists("harbor", images='"own"')
    newsroom.change("[site]", "[storage]\npictures_mb = 1\n[site]")
    size = 0
    for number in range(9):  # noise is the largest that a picture can be
        newsroom.press.put(f"/{number}.png", CannedResponse(body=_noise(number)))
    articles = [
        article(f"Story {number}", image=f"{newsroom.press.url}/{number}.png")
        for number in range(9)
    ]
    newsroom.publishes("harbor", *articles)
    newsroom.ingests()
    newsroom.fetches_pictures()
    keys = list(newsroom.store.pictures.keys_with_thumbnails())
    for key in keys:
        size += sum(
            len(newsroom.get(f"/pictures/{key}{end}").data) for end in (".webp", "-small.webp")
        )

    assert 0 < len(keys) < 9
    assert size <= 1_000_000
    assert len(LOADED.findall(newsroom.get("/all").text)) == len(keys)
    assert newsroom.fetches_pictures(later=99 * HOUR) == 0


def test_a_counter_is_recognised_however_its_host_is_written(newsroom: Newsroom) -> None:
    """It is in the page once, and the policy names it."""
    newsroom.lists("harbor", show='"full"', counter='"https://Counter.Example/x/{id}"')
    newsroom.publishes("harbor", article("A strike", "Long words. " * 20, id_="17"))
    newsroom.ingests()
    answer = newsroom.get(_story_page(newsroom))

    assert LOADED.findall(answer.text) == ["https://counter.example/x/17"]
    assert "img-src 'self' https://counter.example\">" in answer.text
    assert "img-src 'self' https://counter.example;" in answer.headers["Content-Security-Policy"]
    assert newsroom.get("/all.json").text.count("counter.example/x/17") == 1


def test_pages_of_feeds_load_no_pictures(newsroom: Newsroom) -> None:
    """Whatever the outlet permits."""
    newsroom.lists("harbor", images='"outlet"')
    newsroom.publishes("harbor", article("A strike", image="https://cdn.example/a.jpg"))
    newsroom.ingests()

    for path in ("/all.rss.html", "/all.atom.html", "/search.rss.html?q=strike"):
        assert LOADED.findall(newsroom.get(path).text) == []


def test_permission_given_again_counts_for_what_came_between(harbor: Newsroom) -> None:
    """And for what was there before."""
    harbor.fetches_pictures()
    harbor.change('"own"', '"off"')
    harbor.press.put("/b.jpg", CannedResponse(body=landscape("b"), headers=JPEG))
    images = [f"{harbor.press.url}/{name}.jpg" for name in ("crane", "b")]
    harbor.publishes(
        "harbor", article("A strike", image=images[0]), article("A tide", image=images[1])
    )
    harbor.ingests(later=HOUR)
    assert harbor.fetches_pictures() == 0
    harbor.change('"off"', '"own"')

    assert harbor.fetches_pictures() == 2
    assert len(LOADED.findall(harbor.get("/all").text)) == 2


def _noise(seed: int) -> bytes:
    dice = random.Random(seed)
    image = Image.frombytes("RGB", (900, 900), dice.randbytes(3 * 900 * 900))
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
