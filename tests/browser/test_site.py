"""The site with real news, in a real browser: what a reader does, and what judges say."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest
from playwright.sync_api import Browser, Page, Route

from aggregator.demo.press import open_press
from aggregator.ingest.workers import Workers
from aggregator.model import ALL, Story
from aggregator.site_app import create_front
from tests.browser.judges import AXE, CHROMIUM, LIGHTHOUSE, VNU, require
from tests.harness.news_site import fill
from tests.harness.newsroom import Newsroom
from tests.harness.servers import serving_front

pytestmark = pytest.mark.slow
PAGES = {
    "home": "/", "all": "/all", "topic": "/topics/pandemic", "older": "/topics/pandemic/older/1",
    "outlet": "/sources/urdu", "outlets": "/sources", "search": "/search",
    "found": "/search?q=police", "nothing": "/search?q=zzqq", "mistake": "/search?q=%22",
    "subscribe": "/subscribe", "about": "/about", "embed": "/embed", "missing": "/nowhere",
    "feed": "/all.atom.html", "frame": "/embed/pandemic", "story": "STORY", "gone": "GONE",
}  # fmt: skip
"""Every kind of page."""
MAX_PAGE_BYTES = 25_000


class Site:
    """A filled site, where it is served."""

    def __init__(self, newsroom: Newsroom, url: str) -> None:
        self.newsroom, self.url = newsroom, url
        self.story, self.gone = self._pictured_and_gone()

    def _pictured_and_gone(self) -> tuple[Story, Story]:
        """A story to read, and one that was taken down."""
        story, other = self.newsroom.store.lists.latest(ALL, 2)
        self.newsroom.store.stories.take_down(other.id, "asked", self.newsroom.now)
        return story, other

    def path(self, kind: str) -> str:
        """The path of a kind of page."""
        named = {"STORY": f"/stories/{self.story.id}", "GONE": f"/stories/{self.gone.id}"}
        return named.get(PAGES[kind], PAGES[kind])


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, workers: Workers, shared: Path
) -> Iterator[Site]:
    """The feeds of shared/data/replay, served as `aggregator serve` does."""
    require(CHROMIUM)
    with open_press() as press:
        newsroom = Newsroom(tmp_path_factory.mktemp("site"), press, workers)
        fill(newsroom, shared)
        with serving_front(create_front(newsroom.config, newsroom.store)) as port:
            yield Site(newsroom, f"http://127.0.0.1:{port}")
        newsroom.close()


def _titles(page: Page) -> list[str]:
    return page.locator("main article h2").all_inner_texts()


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_reader_walks_through_the_site(browser: Browser, site: Site, has_scripts: bool) -> None:
    """From the home page to a topic, to older stories, to a story, to its outlet and back; then
    search and subscribe. Nothing is loaded from anywhere else."""
    context = browser.new_context(java_script_enabled=has_scripts)
    elsewhere: list[str] = []

    def away(route: Route) -> None:
        elsewhere.append(route.request.url)
        route.fulfill(body="<!doctype html><title>outlet</title>", content_type="text/html")

    context.route(lambda url: not url.startswith(site.url), away)
    page = context.new_page()
    page.goto(site.url)
    assert page.locator(".front .lead h2").count() == 1
    assert page.locator(".latest li").count() == 8
    assert page.get_by_text("Keep independent media alive").count() == 1

    page.get_by_role("navigation", name="Topics").get_by_role("link", name="Pandemic").click()
    assert page.locator("h1").inner_text() == "Pandemic"
    assert page.locator('nav [aria-current="page"]').inner_text() == "Pandemic"
    first = _titles(page)
    assert len(first) == 15
    page.get_by_role("link", name="Older stories").click()
    second = _titles(page)
    assert second
    assert set(first).isdisjoint(second)
    page.get_by_role("link", name="Newer stories").click()
    assert _titles(page) == first

    page.locator("main article h2 a").first.click()
    assert page.locator("h1").inner_text() == first[0]
    assert elsewhere == []
    page.get_by_role("link", name="Read it at").click()
    assert page.title() == "outlet"
    assert len(elsewhere) == 1
    page.go_back()
    assert page.locator("h1").inner_text() == first[0]
    assert page.get_by_text("Filed under Pandemic because").is_hidden()
    page.get_by_text("Why is it here?").click()
    assert page.get_by_text("Filed under Pandemic because").is_visible()
    copy = page.get_by_role("button", name="Copy the address")
    assert copy.count() == (1 if has_scripts else 0)

    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_role("searchbox").fill("police")
    page.get_by_role("button", name="Search").click()
    assert page.locator("mark", has_text=re.compile("police", re.IGNORECASE)).count() > 0
    page.get_by_role("link", name="Subscribe", exact=True).click()
    assert page.get_by_role("link", name="Pandemic: Atom").get_attribute("href") == (
        "/topics/pandemic.atom"
    )
    assert len(elsewhere) == 1
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("kind", PAGES)
def test_everybody_can_use_every_page(
    browser: Browser, site: Site, kind: str, width: int, scheme: str
) -> None:
    """axe-core finds nothing, on a phone and on a desk, light and dark."""
    require(AXE)
    page = browser.new_page(
        viewport={"width": width, "height": 640},
        color_scheme="dark" if scheme == "dark" else "light",
        bypass_csp=True,  # axe is a script of another
    )
    page.goto(f"{site.url}{site.path(kind)}")
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    page.close()

    assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []


@pytest.mark.parametrize("kind", PAGES)
def test_no_page_is_wider_than_a_small_phone(browser: Browser, site: Site, kind: str) -> None:
    """At 320 pixels, which is also 1280 at a zoom of 400 %; and with text of twice the size."""
    page = browser.new_page(viewport={"width": 320, "height": 640})
    page.goto(f"{site.url}{site.path(kind)}")
    wider = [page.evaluate("document.documentElement.scrollWidth - innerWidth")]
    page.set_viewport_size({"width": 640, "height": 640})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    wider.append(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
    page.close()

    assert wider == [0, 0]


def test_the_first_headline_is_on_the_first_screen_of_a_phone(browser: Browser, site: Site) -> None:
    """At 360 x 640, though there are many topics; the bar scrolls to the current one."""
    page = browser.new_page(viewport={"width": 360, "height": 640})
    page.goto(f"{site.url}/topics/travel")
    box = page.locator("main article h2").first.bounding_box()
    bar = page.locator(".topics").bounding_box()
    current = page.locator(".topics [aria-current]").bounding_box()
    page.close()

    assert box is not None
    assert box["y"] + box["height"] <= 640
    assert bar is not None
    assert bar["height"] < 60
    assert current is not None
    assert 0 <= current["x"] < 360


def test_a_keyboard_reaches_everything(browser: Browser, site: Site) -> None:
    """First the link that skips the navigation; what has the focus is seen."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{site.url}/topics/pandemic")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0  # type: ignore[index]
    reached = set()
    for _ in range(150):
        page.keyboard.press("Tab")
        style = page.evaluate(
            "(() => { const e = document.activeElement, s = getComputedStyle(e);"
            " return [e.href || e.tagName, s.outlineStyle, s.outlineWidth] })()"
        )
        if style[0] == "BODY":
            break
        assert style[1] != "none", style
        reached.add(style[0])
    links = page.evaluate("[...document.links].map(link => link.href)")
    page.close()

    assert set(links) <= {*reached, f"{site.url}/topics/pandemic#main"}


def test_every_page_is_valid_html(site: Site, tmp_path: Path) -> None:
    """By the W3C's validator."""
    require(VNU, "java")
    for kind in PAGES:
        (tmp_path / f"{kind}.html").write_bytes(site.newsroom.get(site.path(kind)).data)

    files = sorted(str(file) for file in tmp_path.iterdir())
    command = ["java", "-jar", str(VNU), "--errors-only", "--format", "json", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    messages = json.loads(done.stderr)["messages"]
    assert [(m["url"].rpartition("/")[2], m["message"]) for m in messages] == []
    assert len(files) == len(PAGES)


def test_a_page_is_light(site: Site) -> None:
    """A page of fifteen stories, with its one stylesheet, script and font."""
    page = site.newsroom.get("/topics/pandemic").data
    css = site.newsroom.get("/style.css").data

    assert page.count(b"<article") == 15
    assert page.count(b'rel="stylesheet"') == 1
    assert css.count(b"@font-face") == 1
    assert len(brotli.compress(page)) + len(brotli.compress(css)) < MAX_PAGE_BYTES


@pytest.mark.parametrize("kind", ["home", "topic", "story"])
def test_lighthouse_finds_nothing(site: Site, kind: str, tmp_path: Path) -> None:
    """Accessibility, best practices and search are perfect; the rest depends on the machine, and
    is printed."""
    require(LIGHTHOUSE, CHROMIUM, "node")
    report = tmp_path / "report.json"
    command = ["node", str(LIGHTHOUSE), f"{site.url}{site.path(kind)}", "--output=json", "--quiet"]
    command += [f"--output-path={report}", "--chrome-flags=--headless --no-sandbox"]
    environment = {**os.environ, "CHROME_PATH": CHROMIUM}
    subprocess.run(command, check=True, capture_output=True, env=environment)

    found = json.loads(report.read_text())
    scores = {name: each["score"] for name, each in found["categories"].items()}
    print(kind, scores, found["audits"]["first-contentful-paint"]["displayValue"])
    failed = [
        audit["id"]
        for name in ("accessibility", "best-practices", "seo")
        for ref in found["categories"][name]["auditRefs"]
        if (audit := found["audits"][ref["id"]])["score"] == 0 and ref["weight"]
    ]
    assert failed == []
    assert scores["performance"] >= 0.9
