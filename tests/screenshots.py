"""Screenshots of a site with real news: `python -m tests.screenshots FOLDER [PAGE...]`.

Each page at three widths, light and dark. It needs Chromium, and the real feeds next to the
project.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from aggregator.demo.press import open_press
from aggregator.ingest.workers import open_workers
from aggregator.model import source_scope
from tests.harness.news_site import fill
from tests.harness.newsroom import Newsroom
from tests.harness.servers import serving
from tests.harness.shared_data import SHARED

WIDTHS = (360, 820, 1440)
SCHEMES = ("light", "dark")
PAGES = {
    "home": "/", "topic": "/topics/pandemic", "outlet": "/sources/urdu",
    "pictures": "/sources/headlines-gmanews", "outlets": "/sources",
    "search": "/search?q=police", "subscribe": "/subscribe", "about": "/about",
    "missing": "/topics/pandemik", "feed": "/all.atom.html", "embed": "/embed",
}  # fmt: skip

DECODED = """Promise.all([...document.images]
  .filter(each => each.getBoundingClientRect().top < innerHeight).map(each => each.decode()))"""
"""Resolves when the pictures in sight are there."""


def main(folder: Path, names: list[str]) -> None:
    """Make the screenshots."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, open_press() as press, open_workers(2) as workers:
        newsroom = Newsroom(Path(place), press, workers)
        fill(newsroom, SHARED)
        with serving(lambda environ, start: newsroom.reader.application(environ, start)) as served:
            newsroom.change("https://commons.example", served.url)
            (story,) = newsroom.store.lists.latest(source_scope("headlines-gmanews"), 1)
            newsroom.store.calendar.pin(story.id, "", None, newsroom.now)
            pages = {**PAGES, "story": f"/stories/{story.id}"}
            shoot(served.url, {n: p for n, p in pages.items() if not names or n in names}, folder)
            newsroom.change("[site]", '[site]\nlanguage = "ar"')
            arabic = {"arabic-topic": "/topics/pandemic", "arabic-story": pages["story"]}
            shoot(served.url, {n: p for n, p in arabic.items() if not names or n in names}, folder)
        newsroom.close()


def shoot(site: str, pages: dict[str, str], folder: Path) -> None:
    """Make the screenshots of these pages of a site, as PAGE-WIDTH-SCHEME.png."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name, path in pages.items():
            for width in WIDTHS:
                for scheme in SCHEMES:
                    page = browser.new_page(
                        viewport={"width": width, "height": 640 if width < 500 else 900},
                        color_scheme="light" if scheme == "light" else "dark",
                    )
                    response = page.goto(f"{site}{path}")
                    assert response, path
                    assert response.status < 500, path
                    page.evaluate("document.fonts.ready")
                    page.evaluate(DECODED)
                    page.screenshot(path=folder / f"{name}-{width}-{scheme}.png")
                    page.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
