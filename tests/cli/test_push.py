"""Push, whole: an outlet, a hub and `aggregator run` as processes and servers of their own."""

import subprocess
import sys
import time
from pathlib import Path

from aggregator.demo.formats import FORMATS
from aggregator.demo.press import Answer, Press
from tests.cli.test_cli import HEAD, _fetch, _free_port, _run, _source
from tests.hub import Hub, open_hub
from tests.partners import article


def _feed(hub: Hub, topic: str, *titles: str) -> bytes:
    *_, render = FORMATS["rss20"]
    body = render("Harbor", "https://harbor.example/", [article(title) for title in titles])
    atom = 'link xmlns="http://www.w3.org/2005/Atom"'
    links = f'<{atom} rel="hub" href="{hub.url}"/><{atom} rel="self" href="{topic}"/>'
    return body.replace("<description/>", f"<description/>{links}", 1).encode()


def test_news_that_is_pushed(tmp_path: Path, press: Press) -> None:
    """The hub is found, asked, and asks back; what it delivers is on the site a moment later;
    what somebody else delivers is not."""
    port = _free_port()
    site = f"http://127.0.0.1:{port}"
    topic = f"{press.url}/feed"
    with open_hub() as hub:
        press.put("/feed", Answer(body=_feed(hub, topic, "First")))
        config = tmp_path / "feeds.toml"
        head = HEAD.replace("https://t.example", site)
        config.write_text(head + _source("harbor", topic))
        command = [sys.executable, "-m", "aggregator", "--config", str(config), "run"]
        process = subprocess.Popen([*command, "--port", str(port)], stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 30
            while topic not in hub.subscribers:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            hub.delivers(topic, _feed(hub, topic, "Forged"), secret="guessed")
            hub.delivers(topic, _feed(hub, topic, "Second", "First"))
            began = time.monotonic()
            while b"Second" not in _fetch(f"{site}/all.rss"):
                assert time.monotonic() - began < 10
                time.sleep(0.02)
            print(f"on the site after {time.monotonic() - began:.2f} s")
            feed = _fetch(f"{site}/all.rss")
        finally:
            process.terminate()
            process.wait(10)

    assert feed.count(b"<item>") == 2
    assert b"Forged" not in feed
    told = _run(config, "sources", "harbor").stdout
    assert "pushed until:  20" in told
    assert "secret" not in told
