"""Public collections of hostile markup run no script in a real browser: neither in our pages nor in
a reader that shows our feeds."""

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from aggregator.ingest.clean.cleaner import clean
from aggregator.model import Entry, Text, Theme
from aggregator.render.digest_mail import (
    DigestContent,
    DigestRenderer,
    DigestSection,
    MailLinks,
)
from aggregator.render.item import feed_items
from aggregator.render.pages import PageRenderer, Paging
from tests.harness.builders import NOW, SITE, feed, keyed, parsed_entry, source, story

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed (apt-get)"),
]
ENTRIES_PER_PAGE = 150
PAGES = PageRenderer(SITE, ())
PAGING = Paging(path="/all")
LINKS = MailLinks(preferences="https://t.example/p", unsubscribe="https://t.example/u")
WAIT_MILLISECONDS = 150
TRAPS = """
window.ran = [];
for (const name of ['alert', 'prompt', 'confirm', 'print', 'open'])
  window[name] = (...given) => { window.ran.push(name + ' ' + given.join()); };
"""
FIND_CODE = """() => [...document.querySelectorAll('*')].flatMap(element =>
  [...element.attributes].filter(each => /^on/i.test(each.name)
    || /^\\s*(javascript|vbscript|data:text)/i.test(each.value))
    .map(each => each.name + '=' + each.value)
).concat([...document.querySelectorAll('script, iframe, object, embed, base, meta[http-equiv]')]
  .filter(each => each.getAttribute('src') !== '/site.js' && each.type !== 'application/ld+json'
    && each.httpEquiv !== 'Content-Security-Policy')
  .map(each => each.tagName))"""
"""Everything in a page that could run code, or load it, but our own script and data."""


@pytest.fixture(scope="module")
def vectors(shared: Path) -> list[str]:
    """The hostile markup, read in place."""
    with (shared / "xss" / "vectors.jsonl").open(encoding="utf-8") as file:
        return [json.loads(line)["vector"] for line in file]


def _entries(vectors: list[str]) -> list[Entry]:
    """Each vector as title, summary, text, author and tag of an entry."""
    cleaned = []
    for number, vector in enumerate(vectors):
        text = Text(value=vector, base="https://outlet.example/")
        given = parsed_entry(
            f"Story {number} {vector}", summary=text, content=text, author=vector, tags=(vector,),
            url=f"https://outlet.example/{number}",
        )  # fmt: skip
        cleaned.append(clean(keyed(given), source("outlet", show="full"), NOW))
    return [each for each in cleaned if isinstance(each, Entry)]


def _open(browser: Browser, html: str) -> Page:
    """A page with this HTML, without a policy that would hide what is wrong with it."""
    page = browser.new_page()
    page.add_init_script(TRAPS)
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.route("**/*", lambda route: route.abort())
    page.goto("about:blank")
    page.set_content(html, wait_until="domcontentloaded")
    page.wait_for_timeout(WAIT_MILLISECONDS)
    return page


def _found(browser: Browser, html: str) -> list[str]:
    """What has run in a page, or could."""
    page = _open(browser, html)
    try:
        ran: list[str] = page.evaluate("() => window.ran || []")
        code: list[str] = page.evaluate(FIND_CODE)
        return ran + code
    finally:
        page.close()


def test_the_traps_catch_what_runs(browser: Browser) -> None:
    """A page that runs a script, or could, is found out."""
    assert "alert 1" in _found(browser, "<img src=x onerror=alert(1)>")
    assert _found(browser, "<a href=' javascript:x()'>x</a>") == ["href= javascript:x()"]
    assert _found(browser, "<p>Nothing.</p>") == []


def test_no_markup_runs_a_script(browser: Browser, vectors: list[str]) -> None:
    """In a reader that shows our texts as they are, in our own list and story pages, and in the
    digest."""
    entries = _entries(vectors)
    assert len(entries) > 6000
    digest = DigestRenderer(SITE, "en", Theme())
    for start in range(0, len(entries), ENTRIES_PER_PAGE):
        some = entries[start : start + ENTRIES_PER_PAGE]
        shown_by_reader = "".join(f"<div>{entry.content}</div>" for entry in some)
        assert _found(browser, f"<!doctype html><body>{shown_by_reader}") == []
        listed = feed(*map(story, some), sources=(source("outlet", show="full"),))
        assert _found(browser, PAGES.list(listed, PAGING).decode()) == []
        lead, *others = feed_items(listed)
        sections = [DigestSection(topic=None, items=others)]
        content = DigestContent(day=NOW.date(), lead=lead, sections=sections)
        assert _found(browser, digest.render(content, LINKS).html) == []
    for entry in entries[:: len(entries) // 40]:
        one = feed(story(entry), sources=(source("outlet", show="full"),))
        assert _found(browser, PAGES.story(one, feed(), []).decode()) == []
