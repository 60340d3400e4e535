"""Pictures in a real browser: what a page loads, what it does if one fails, and what a hostile
outlet achieves with pictures on."""

import json
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Dialog, Page, Route

from aggregator.demo.drawings import landscape
from aggregator.demo.press import CannedResponse
from aggregator.model import ALL, Images
from aggregator.site_app import create_front
from tests.harness.newsroom import Newsroom, article
from tests.harness.servers import serving_front

pytestmark = pytest.mark.slow
JPEG = {"Content-Type": "image/jpeg"}
VECTORS_PER_TEXT = 40
SHIFTS = """
window.shift = 0;
new PerformanceObserver(list => {
  for (const each of list.getEntries()) window.shift += each.value;
}).observe({ type: 'layout-shift', buffered: true });
"""
OUTSIDE = """() => [...document.querySelectorAll('main article')].flatMap(card => {
  const box = card.getBoundingClientRect();
  return [...card.querySelectorAll('*')].filter(each => {
    const own = each.getBoundingClientRect();
    const hidden = each.closest('table, pre, details:not([open])');
    return own.width > 0 && own.height > 0 && !hidden
      && (own.left < box.left - 4 || own.right > box.right + 4
        || own.top < box.top - 4 || own.bottom > box.bottom + 4);
  }).map(each => each.outerHTML.slice(0, 120));
})"""
"""Elements of a story that are outside its box."""


def _publish(newsroom: Newsroom, images: Images, picture: CannedResponse) -> None:
    """An outlet with two articles, one of which has a picture."""
    newsroom.press.put("/a.jpg", picture)
    newsroom.lists("harbor", images=f'"{images}"')
    teaser = "Four terminals stood still on Monday. " * 6
    newsroom.publishes(
        "harbor",
        article("A strike at the port", teaser, image=f"{newsroom.press.url}/a.jpg"),
        article("A quiet day", teaser),
    )
    newsroom.ingests()
    newsroom.fetches_pictures()


def _requests(page: Page) -> list[str]:
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url))
    return found


def _elsewhere(urls: list[str], site: str) -> set[str]:
    return {url for url in urls if not url.startswith((f"{site}/", "data:", "about:"))}


@pytest.mark.parametrize("images", ["off", "outlet", "own"])
def test_a_browser_loads_what_the_outlet_permits(
    browser: Browser, newsroom: Newsroom, images: Images
) -> None:
    """With "own" and "off" it talks to nobody but our site."""
    _publish(newsroom, images, CannedResponse(body=landscape("a"), headers=JPEG))
    with serving_front(create_front(newsroom.config, newsroom.store)) as port:
        site = f"http://127.0.0.1:{port}"
        for path in ("/", "/all", f"/stories/{newsroom.store.lists.latest(ALL, 2)[0].id}"):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            requests = _requests(page)
            page.goto(f"{site}{path}", wait_until="networkidle")
            sizes = page.evaluate(
                "[...document.querySelectorAll('main img')].map(each => each.naturalWidth)"
            )
            page.close()

            allowed = {f"{newsroom.press.url}/a.jpg"} if images == "outlet" else set()
            assert _elsewhere(requests, site) == allowed
            assert len(sizes) == (0 if images == "off" else 1)
            assert all(sizes)


@pytest.mark.parametrize("width", [360, 1280])
def test_a_picture_that_fails_leaves_no_gap(
    browser: Browser, newsroom: Newsroom, width: int
) -> None:
    """The headline is as wide as one without a picture. Without scripts, the box stays empty."""
    _publish(newsroom, "outlet", CannedResponse(status=404))
    with serving_front(create_front(newsroom.config, newsroom.store)) as port:
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto(f"http://127.0.0.1:{port}/all", wait_until="networkidle")
        page.wait_for_timeout(100)
        boxes = [each.bounding_box() for each in page.locator("main article h2").all()]
        pictures = page.locator("main img").count()
        page.close()

    one, other = (box["width"] if box else 0.0 for box in boxes)
    assert one == other
    assert pictures == 0


@pytest.mark.parametrize("images", ["outlet", "own"])
def test_nothing_moves_when_a_picture_arrives(
    browser: Browser, newsroom: Newsroom, images: Images
) -> None:
    """Not even if it is late."""
    _publish(newsroom, images, CannedResponse(body=landscape("a"), headers=JPEG, delay=0.4))
    with serving_front(create_front(newsroom.config, newsroom.store)) as port:
        for path in ("/", "/all", f"/stories/{newsroom.store.lists.latest(ALL, 2)[0].id}"):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.add_init_script(SHIFTS)
            page.goto(f"http://127.0.0.1:{port}{path}", wait_until="networkidle")
            page.wait_for_timeout(200)
            shift = page.evaluate("window.shift")
            page.close()
            assert shift < 0.01, path


# ---- a hostile outlet


@pytest.fixture(scope="module")
def hostile_texts(shared: Path) -> list[str]:
    """All hostile markup of shared/data/xss, many pieces in each text, with pictures of all kinds
    between them."""
    with (shared / "xss" / "vectors.jsonl").open(encoding="utf-8") as file:
        vectors = [json.loads(line)["vector"] for line in file]
    pictures = (
        '<img src="https://cdn.outlet.example/a.jpg" width="600" height="400" alt="A">'
        '<img src="https://tracker.example/p.gif" width="1" height="1">'
        '<img src="http://192.168.1.1/reboot" alt="R"><img src="//cdn.outlet.example/b.png">'
        '<img src="https://cdn.outlet.example/c.svg"><img src="undefined">'
        '<picture><source srcset="https://cdn.outlet.example/d.webp"><img src="/e.jpg"></picture>'
        '<video poster="https://cdn.outlet.example/f.jpg" src="/g.mp4" autoplay></video>'
    )
    return [
        pictures.join(
            f"<div>{vector}</div>" for vector in vectors[start : start + VECTORS_PER_TEXT]
        )
        for start in range(0, len(vectors), VECTORS_PER_TEXT)
    ]


def _hostile_feed(texts: list[str]) -> bytes:
    items = "".join(
        f"<item><title>{escape(text[:200])}</title><link>https://outlet.example/{number}</link>"
        f"<guid>{number}</guid><media:content medium='image' "
        f"url='https://cdn.outlet.example/{number}.jpg'><media:description>{escape(text[-300:])}"
        f"</media:description></media:content><description>{escape(text)}</description></item>"
        for number, text in enumerate(texts)
    )
    return (
        "<?xml version='1.0' encoding='utf-8'?><rss version='2.0' "
        f"xmlns:media='http://search.yahoo.com/mrss/'><channel><title>H</title>{items}</channel></rss>"
    ).encode("utf-8", "xmlcharrefreplace")


def _trap(page: Page) -> list[str]:
    """What runs in a page."""
    ran: list[str] = []
    page.expose_function("caught", lambda name: ran.append(name))
    page.add_init_script(
        "for (const name of ['alert', 'prompt', 'confirm', 'print', 'open'])"
        " window[name] = () => window.caught(name);"
    )

    def dismiss(dialog: Dialog) -> None:
        ran.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.on("popup", lambda popup: ran.append(popup.url))
    page.on("download", lambda download: ran.append(download.url))
    return ran


@pytest.mark.parametrize("images", ["off", "outlet", "own"])
@pytest.mark.parametrize("bypass_csp", [False, True], ids=["policy", "no policy"])
def test_a_hostile_outlet_achieves_nothing(
    browser: Browser,
    newsroom: Newsroom,
    hostile_texts: list[str],
    images: Images,
    bypass_csp: bool,
) -> None:
    """No script runs, nothing is loaded that the setting does not allow, even if the browser
    ignores the policy, and nothing is outside its box."""
    newsroom.lists("hostile", images=f'"{images}"', show='"full"', max_new="100000")
    newsroom.answers("hostile", _hostile_feed(hostile_texts))
    newsroom.ingests()
    stories = newsroom.store.lists.latest(ALL, 1000)
    assert len(stories) > 0.9 * len(hostile_texts)
    with serving_front(create_front(newsroom.config, newsroom.store)) as port:
        site = f"http://127.0.0.1:{port}"
        context = browser.new_context(
            viewport={"width": 1280, "height": 900}, bypass_csp=bypass_csp
        )
        elsewhere: list[str] = []

        def away(route: Route) -> None:
            elsewhere.append(route.request.url)
            route.abort()

        context.route(lambda url: not url.startswith(site), away)
        page = context.new_page()
        ran, outside = _trap(page), []
        for path in ("/", "/all", "/search?q=a", *(f"/stories/{story.id}" for story in stories)):
            page.goto(f"{site}{path}", wait_until="domcontentloaded")
            page.evaluate("for (const each of document.images) each.loading = 'eager'")
            page.wait_for_timeout(40)
            outside += page.evaluate(OUTSIDE)
        context.close()

    hosts = {urlsplit(url).hostname for url in elsewhere}
    assert ran == []
    assert outside == []
    if images == "outlet":
        assert "cdn.outlet.example" in hosts
        assert not {"192.168.1.1", "tracker.example", None} & hosts
        assert not any(url.endswith((".mp4", "f.jpg", "d.webp")) for url in elsewhere)
    else:
        assert hosts == set()
