"""How quickly a browser shows a page: Lighthouse, and the first paint on a slow phone.

    the feeds of shared/data/replay, with pictures --aggregator serve--> Chromium

It needs what tests/browser needs (see .ci/run).
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from aggregator.demo.press import open_press
from aggregator.ingest.workers import open_workers
from aggregator.model import source_scope
from aggregator.site_app import create_front
from tests.browser.judges import CHROMIUM, LIGHTHOUSE
from tests.harness.news_site import fill
from tests.harness.newsroom import Newsroom
from tests.harness.servers import serving_front
from tests.harness.shared_data import SHARED

__all__ = ["report"]

ROUNDS = 5
SLOWDOWN = 4
"""A phone has about a quarter of the speed of this machine."""
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


def report() -> str:
    """Measure and return the section in Markdown."""
    with tempfile.TemporaryDirectory() as folder, open_press() as press, open_workers(2) as workers:
        newsroom = Newsroom(Path(folder), press, workers)
        fill(newsroom, SHARED)
        (story,) = newsroom.store.lists.latest(source_scope("headlines-gmanews"), 1)
        newsroom.store.calendar.pin(story.id, "", None, newsroom.now)
        pages = {"home": "/", "topic": "/topics/protest", "story": f"/stories/{story.id}"}
        with serving_front(create_front(newsroom.config, newsroom.store)) as port:
            rows = "".join(
                _row(name, f"http://127.0.0.1:{port}{path}") for name, path in pages.items()
            )
        newsroom.close()
    return (
        "## In a browser\n\n"
        "Pages with real headlines and drawn pictures, served on this machine; the median of "
        f"{ROUNDS}.\n"
        "Lighthouse simulates a slow phone on a slow line. The first paint is that of Chromium "
        f"with its processor slowed down {SLOWDOWN} times.\n\n"
        "| page | performance | accessibility | best practices | SEO | first paint |\n"
        f"|---|---|---|---|---|---|\n{rows}"
    )


def _row(name: str, url: str) -> str:
    scores = [_scores(url) for _ in range(ROUNDS)]
    medians = [round(100 * statistics.median(s[each] for s in scores)) for each in CATEGORIES]
    command = [sys.executable, "-m", "benchmarks.browser", url]  # apart from the server's process
    paint = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return f"| {name} | {' | '.join(map(str, medians))} | {float(paint):.0f} ms |\n"


def _scores(url: str) -> dict[str, float]:
    """Lighthouse's score of each category, 0 to 1."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.json"
        command = ["node", str(LIGHTHOUSE), url, "--output=json", "--quiet"]
        command += [f"--output-path={file}", "--chrome-flags=--headless --no-sandbox"]
        environment = {**os.environ, "CHROME_PATH": CHROMIUM}
        subprocess.run(command, check=True, capture_output=True, env=environment)
        found = json.loads(file.read_text())["categories"]
    return {name: found[name]["score"] for name in CATEGORIES}


def _first_paint(url: str) -> float:
    """Milliseconds until something is seen, in a browser that has nothing cached."""
    times: list[float] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for _ in range(1 + ROUNDS):  # the first one starts the browser's processes
            page = browser.new_page(viewport={"width": 360, "height": 640})
            session = page.context.new_cdp_session(page)
            session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
            page.goto(url, wait_until="networkidle")
            times.append(page.evaluate(_PAINT))
            page.close()
        browser.close()
    return statistics.median(times[1:])


if __name__ == "__main__":
    print(_first_paint(sys.argv[1]))
