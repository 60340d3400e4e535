"""The widget in a real browser, on a page of another origin, under a strict policy."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.wrappers import Request, Response

from tests.harness.newsroom import Newsroom, article
from tests.harness.servers import Served, serving

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed (apt-get)")
BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
]
WIDGET_TITLES = ['Strike <b>ends</b> & "all" return', "Strike two", "La huelga: strike"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=BROWSER_ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def site(newsroom: Newsroom) -> Iterator[Served]:
    """Our site, served at the URL in its configuration."""
    newsroom.lists("harbor")
    newsroom.has_topic("labor", "strike")
    newsroom.publishes(
        "harbor",
        *(article(title, link=f"https://h.example/{n}") for n, title in enumerate(WIDGET_TITLES)),
    )
    newsroom.ingests()
    with serving(lambda environ, start: newsroom.reader.application(environ, start)) as served:
        newsroom.change("https://commons.example", served.url)
        yield served


class Partner:
    """A partner's page, at its own origin, with its own policy."""

    def __init__(self) -> None:
        self.body, self.style, self.policy, self.url = "", "", "", ""

    @property
    def style_link(self) -> str:
        """The link to the page's style sheet, if it has one."""
        return '<link rel="stylesheet" href="/style.css">' if self.style else ""

    def __call__(self, environ: object, start: object) -> object:
        answer = Response(
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Partner</title>'
            f'<link rel="icon" href="data:,">{self.style_link}<h1>Partner</h1>'
            f"{self.body}<p>After</p></html>",
            mimetype="text/html",
        )
        if Request(environ).path == "/style.css":  # type: ignore[arg-type]  # a WSGI environment
            answer = Response(self.style, mimetype="text/css")
        if self.policy:
            answer.headers["Content-Security-Policy"] = self.policy
        return answer(environ, start)  # type: ignore[arg-type]


@pytest.fixture
def partner() -> Iterator[Partner]:
    """A partner's server."""
    made = Partner()
    with serving(made) as served:
        made.url = served.url
        yield made


def _open(browser: Browser, url: str, scheme: str = "light") -> tuple[Page, list[str]]:
    """Open a page; returns it with its console messages, errors and failed requests."""
    page = browser.new_page(color_scheme=scheme, viewport={"width": 480, "height": 640})  # type: ignore[arg-type]
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("requestfailed", lambda request: problems.append(request.url))
    page.goto(url, wait_until="networkidle")
    return page, problems


BACKGROUNDS = {"light": "rgb(255, 253, 250)", "dark": "rgb(23, 24, 26)"}
BACKGROUND_OF = "e => getComputedStyle(e).backgroundColor"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_script_shows_headlines_under_a_strict_policy(
    site: Served, partner: Partner, browser: Browser, scheme: str, tmp_path: Path
) -> None:
    """The widget uses the reader's colours and sets no cookie, even with Trusted Types."""
    partner.policy = (
        f"default-src 'none'; script-src {site.url}; img-src data:; style-src 'self'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    conflicting_style = (
        "html{font-size:8px} *{text-transform:uppercase;text-align:right;float:right}"
    )
    partner.style = conflicting_style
    partner.body = f'<script src="{site.url}/embed/labor.js" async></script>'
    page, problems = _open(browser, partner.url, scheme)

    section = page.locator("section[aria-label=Labor]")
    assert section.get_by_role("heading", level=2).inner_text() == "Labor"
    links = section.get_by_role("listitem").get_by_role("link")
    assert sorted(links.all_inner_texts()) == sorted(WIDGET_TITLES)
    assert links.first.get_attribute("href").startswith("https://h.example/")  # type: ignore[union-attr]
    assert "Harbor · 5 October 2026" in section.inner_text()
    assert section.evaluate(BACKGROUND_OF) == BACKGROUNDS[scheme]
    own = ("fontSize", "textTransform", "textAlign")
    found = [section.evaluate(f"e => getComputedStyle(e).{name}") for name in own]
    assert found == ["16px", "none", "start"]  # the page's styles do not apply
    assert (
        page.evaluate("document.querySelectorAll('section').length") == 0
    )  # it is in a shadow root
    assert page.evaluate("document.cookie") == ""
    assert page.context.cookies() == []
    page.keyboard.press("Tab")
    focused = "document.activeElement.shadowRoot.activeElement.textContent"
    assert page.evaluate(focused) == "Labor"
    page.keyboard.press("Tab")
    assert page.evaluate(focused) in WIDGET_TITLES
    page.screenshot(path=tmp_path / f"script-{scheme}.png")
    assert problems == []
    assert {path for path, _ in site.answers} == {"/embed/labor.js"}
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_frame_shows_headlines_without_a_script(
    site: Served, partner: Partner, browser: Browser, scheme: str, tmp_path: Path
) -> None:
    """The frame uses the reader's colours too."""
    partner.policy = f"default-src 'none'; frame-src {site.url}; img-src data:"
    partner.body = (
        f'<iframe src="{site.url}/embed/labor?limit=2" title="Labor" width="100%" height="300" '
        'sandbox="allow-popups allow-top-navigation-by-user-activation"></iframe>'
    )
    page, problems = _open(browser, partner.url, scheme)

    frame = page.frame_locator("iframe")
    assert frame.get_by_role("listitem").count() == 2
    assert frame.locator("section").evaluate(BACKGROUND_OF) == BACKGROUNDS[scheme]
    page.screenshot(path=tmp_path / f"frame-{scheme}.png")
    assert problems == []
    page.close()


def test_a_page_can_choose_the_theme(site: Served, partner: Partner, browser: Browser) -> None:
    """The chosen theme overrides the reader's colour scheme."""
    partner.body = (
        f'<script src="{site.url}/embed/labor.js?theme=dark&limit=1"></script>'
        f'<script src="{site.url}/embed/labor.js?theme=light&limit=1"></script>'
    )
    page, problems = _open(browser, partner.url)

    backgrounds = [section.evaluate(BACKGROUND_OF) for section in page.locator("section").all()]
    assert backgrounds == [BACKGROUNDS["dark"], BACKGROUNDS["light"]]
    assert problems == []
    page.close()


def test_the_script_is_small_and_loads_anywhere(
    site: Served, newsroom: Newsroom, browser: Browser
) -> None:
    """The script is under 10 KB and ASCII; long headlines cannot make it larger."""
    long = "A strike of \u00fcber 100 words " * 20
    newsroom.publishes(
        "harbor",
        *(article(f"{n} {long}", link=f"https://h.example/{n}/{'x' * 300}") for n in range(30)),
    )
    newsroom.ingests(later=timedelta(hours=1))
    page = browser.new_page()
    most = page.request.get(f"{site.url}/embed/labor.js?limit=20").body()
    assert 8_000 < len(most) < 10_000
    assert most.isascii()
    answer = page.request.get(f"{site.url}/embed/labor.js")

    assert len(answer.body()) < 10_000
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    page.close()


def test_a_snippet_can_be_configured_and_copied(
    site: Served, browser: Browser, tmp_path: Path
) -> None:
    """The page shows a preview, and a snippet to copy as a script or a frame."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.goto(f"{site.url}/embed", wait_until="networkidle")
    page.get_by_role("spinbutton", name="Headlines").fill("2")
    page.get_by_label("Colours").select_option("dark")
    page.get_by_role("spinbutton", name="Headlines").fill("21")
    assert page.get_by_text("Choose 1 to 20 headlines.").is_visible()
    assert page.get_by_role("button", name="Copy").is_disabled()
    page.get_by_role("spinbutton", name="Headlines").fill("2")
    page.get_by_label("Without the stories of").select_option("Harbor")
    page.get_by_label("Without the stories of").select_option("")
    page.get_by_role("button", name="Copy").click()
    page.get_by_text("Copied.").wait_for()

    copied = page.evaluate("navigator.clipboard.readText()")
    assert (
        f'<script src="{site.url}/embed/labor.js?limit=2&amp;theme=dark" async></script>' in copied
    )
    preview = page.frame_locator("#preview")
    preview.get_by_role("listitem").nth(1).wait_for()
    assert preview.get_by_role("listitem").count() == 2
    page.get_by_label("a frame").check()
    assert (
        page.locator("#snippet").input_value().startswith(f'<iframe src="{site.url}/embed/labor?')
    )
    page.screenshot(path=tmp_path / "embedding.png", full_page=True)
    assert problems == []
    context.close()


def test_a_browser_shows_a_page_for_a_feed(site: Served, browser: Browser, tmp_path: Path) -> None:
    """A click on a feed's URL shows a page; a fetch returns the feed."""
    page, problems = _open(browser, f"{site.url}/topics/labor.atom")

    assert page.get_by_role("heading", name="This address is a feed").is_visible()
    address = page.get_by_label("Its address").input_value()
    assert address == f"{site.url}/topics/labor.atom"
    fetched = page.request.get(address)
    assert fetched.headers["content-type"] == "application/atom+xml; charset=utf-8"
    page.screenshot(path=tmp_path / "feed.png", full_page=True)
    assert problems == []
    page.close()
