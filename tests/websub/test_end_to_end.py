"""Push from end to end: an outlet, a hub and `aggregator run` as separate processes and servers."""

import subprocess
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

from aggregator.demo.press import CannedResponse, Press
from aggregator.demo.sample_feeds import FORMATS
from tests.harness.callback_server import open_callbacks
from tests.harness.command_line import (
    HEAD,
    argv,
    free_port,
    run,
    source_table,
    wait_for_url,
    wait_until,
)
from tests.harness.hub_server import Hub, open_hub
from tests.harness.newsroom import article


def _feed(hub: Hub, topic: str, *titles: str) -> bytes:
    *_, render = FORMATS["rss20"]
    body = render("Harbor", "https://harbor.example/", [article(title) for title in titles])
    atom = 'link xmlns="http://www.w3.org/2005/Atom"'
    links = f'<{atom} rel="hub" href="{hub.url}"/><{atom} rel="self" href="{topic}"/>'
    return body.replace("<description/>", f"<description/>{links}", 1).encode()


def test_a_delivery_is_published_at_once(tmp_path: Path, press: Press) -> None:
    """The hub is discovered and verifies us; a forged delivery is ignored."""
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    topic = f"{press.url}/feed"
    with open_hub() as hub:
        press.put("/feed", CannedResponse(body=_feed(hub, topic, "First")))
        config = tmp_path / "feeds.toml"
        head = HEAD.replace("https://t.example", site)
        config.write_text(head + source_table("harbor", topic))
        command = argv(config, "run", "--port", str(port))
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: topic in hub.subscribers)
            hub.delivers(topic, _feed(hub, topic, "Forged"), secret="guessed")
            hub.delivers(topic, _feed(hub, topic, "Second", "First"))
            began = time.monotonic()
            while b"Second" not in wait_for_url(f"{site}/all.rss"):
                assert time.monotonic() - began < 10
                time.sleep(0.02)
            print(f"on the site after {time.monotonic() - began:.2f} s")
            feed = wait_for_url(f"{site}/all.rss")
        finally:
            process.terminate()
            process.wait(10)

    assert feed.count(b"<item>") == 2
    assert b"Forged" not in feed
    shown = run(config, "sources", "harbor").stdout
    assert "pushed until:  20" in shown
    assert "secret" not in shown


def test_our_hub_delivers_news_at_once(tmp_path: Path, press: Press) -> None:
    """A real subscriber gets the news, and `aggregator hub` lists it."""
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    press.put("/feed", CannedResponse(body=_feed_without_hub("First")))
    config = tmp_path / "feeds.toml"
    head = HEAD.replace("https://t.example", site) + '[defaults]\nmin_interval = "1s"\n'
    hub = f'[publish]\nport = {port}\nhub = "self"\n'
    config.write_text(head + hub + 'max_age = "1s"\n' + source_table("harbor", f"{press.url}/feed"))
    command = argv(config, "run")
    with open_callbacks() as reader:
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: b"First" in wait_for_url(f"{site}/all.rss"))
            form = {
                "hub.mode": "subscribe",
                "hub.topic": f"{site}/all.rss",
                "hub.callback": f"{reader.url}/in",
            }
            urllib.request.urlopen(f"{site}/hub", urlencode(form).encode(), timeout=5).close()
            wait_until(lambda: "1 subscriber of 1 feed" in run(config, "hub").stdout)
            press.put("/feed", CannedResponse(body=_feed_without_hub("Second", "First")))
            wait_until(lambda: bool(reader.deliveries))
            shown = run(config, "hub").stdout
        finally:
            process.terminate()
            process.wait(10)

    assert reader.deliveries[0].body.count(b"<item>") == 2
    assert "1 subscriber of 1 feed, 0 to be verified." in shown
    assert f"{site}/all.rss" in shown


def _feed_without_hub(*titles: str) -> bytes:
    *_, render = FORMATS["rss20"]
    return render("Harbor", "https://harbor.example/", [article(t) for t in titles]).encode()
