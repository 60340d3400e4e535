"""`demo`: the whole program, fed by made-up outlets on this machine."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import URLError

import click

from aggregator.cli.serve import ensure_port_free
from aggregator.demo.articles import INITIAL_ARTICLES, OUTLETS
from aggregator.demo.press import DemoPress, open_press
from aggregator.errors import ServeError
from aggregator.store import open_store
from aggregator.web.desk.access import new_link

__all__ = ["demo"]

DEFAULT_PORT = 8080
ARTICLE_INTERVAL_SECONDS = 5.0
"""Time between two new articles."""
NO_TERMINAL_SECONDS = 45.0
"""How long the demo runs if there is no terminal to stop it from."""


@click.command()
@click.option("--seconds", type=click.FloatRange(1, 86_400), help="Stop after this many seconds.")
def demo(seconds: float | None) -> None:
    """Try the program with made-up outlets.

    Twelve outlets publish articles on this machine, in every feed format, and republish one
    another; one fails, one is slow, and one sends garbage. No network is needed, and nothing is
    kept. Stop the demo with Ctrl-C; without a terminal it stops by itself.
    """
    if seconds is None and not sys.stdout.isatty():
        seconds = NO_TERMINAL_SECONDS
    with tempfile.TemporaryDirectory(prefix="aggregator-demo-") as folder, open_press() as press:
        demo_press = DemoPress(press, datetime.now(UTC))
        port = _free_port()
        config = Path(folder) / "feeds.toml"
        config.write_text(_feeds_toml(press.url, port), encoding="utf-8")
        site = f"http://127.0.0.1:{port}"
        with open_store(config.with_name("aggregator.db")) as store:
            desk = f"{site}/desk/enter?key={new_link(store, datetime.now(UTC))}"
        command = [sys.executable, "-m", "aggregator", "--config", str(config), "run"]
        with (Path(folder) / "log").open("wb") as log:
            program = subprocess.Popen(command, stderr=log, start_new_session=True)  # noqa: S603 - our own command
            try:
                _print_introduction(site, desk, folder, seconds)
                _watch(program, demo_press, site, seconds)
            except KeyboardInterrupt:
                with contextlib.suppress(OSError):  # the terminal may be gone
                    click.echo("\nStopped.")
            finally:
                program.send_signal(signal.SIGTERM)
                program.wait(timeout=10)


def _print_introduction(site: str, desk: str, folder: str, seconds: float | None) -> None:
    how_to_stop = (
        "Stop it with Ctrl-C." if seconds is None else f"It stops after {seconds:g} seconds."
    )
    click.echo(
        f"{len(OUTLETS)} made-up outlets are publishing, and the real program fetches them.\n\n"
        f"  in a browser        {site}/\n"
        f"  desk, for one login {desk}\n"
        f"  in a feed reader    {site}/topics/drug-war.atom\n"
        f"  all topics (OPML)   {site}/topics.opml\n"
        f"  state of sources    {sys.argv[0]} --config {folder}/feeds.toml sources\n"
        f"  log                 {folder}/log\n\n{how_to_stop}\n"
    )


def _watch(
    program: subprocess.Popen[bytes], demo_press: DemoPress, site: str, seconds: float | None
) -> None:
    """Publish an article every few seconds, and report when it appears on the site."""
    started = time.monotonic()
    seen: set[str] = set()
    next_article = started + ARTICLE_INTERVAL_SECONDS
    while seconds is None or time.monotonic() - started < seconds:
        if program.poll() is not None:
            raise ServeError("The program stopped unexpectedly; its log says why.")
        for item in _fetch_items(site):
            if item["id"] not in seen:
                seen.add(item["id"])
                click.echo(f"{_clock()}  on the site   {_describe(item)}")
        if len(seen) >= INITIAL_ARTICLES - 1 and time.monotonic() > next_article:
            if article := demo_press.publish_next(datetime.now(UTC)):
                click.echo(f"{_clock()}  published     {article.title} ({article.outlet})")
            next_article = time.monotonic() + ARTICLE_INTERVAL_SECONDS
        time.sleep(0.3)
    click.echo(f"{_clock()}  {len(seen)} stories from {len(OUTLETS)} outlets, each published once.")


def _fetch_items(site: str) -> list[dict[str, Any]]:
    """The stories on the site, oldest first."""
    try:
        with urllib.request.urlopen(f"{site}/all.json", timeout=5) as response:  # noqa: S310 - our own address
            items: list[dict[str, Any]] = json.load(response)["items"]
    except (URLError, OSError):
        return []  # not up yet
    return items[::-1]


def _describe(item: dict[str, Any]) -> str:
    also = [other["name"] for other in item["_source"].get("also_at", ())]
    return f"{item['title']} ({item['_source']['name']}" + (
        f", also at {', '.join(also)})" if also else ")"
    )


def _clock() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")


def _free_port() -> int:
    try:
        ensure_port_free("127.0.0.1", DEFAULT_PORT)
    except ServeError:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            return port
    return DEFAULT_PORT


def _feeds_toml(press_url: str, port: int) -> str:
    sources = "".join(
        f'\n[[source]]\nid = "{outlet.id}"\nname = "{outlet.name}"\n'
        f'feed = "{press_url}/{outlet.id}/feed"\nsite = "{press_url}/{outlet.id}/"\n'
        + ('show = "full"\n' if outlet.id == "redwood-wire" else "")
        + ('tags = { "Drug Policy" = "drug-war" }\n' if outlet.id == "night-shift" else "")
        for outlet in OUTLETS
    )
    return _FEEDS_TOML_HEAD.format(port=port) + sources


_FEEDS_TOML_HEAD = """\
[site]
title = "The Demo Commons"
url = "http://127.0.0.1:{port}"
description = "Made-up news from made-up outlets."
notice = "Everything here is invented."

[defaults]
images = "own"
min_interval = "2s"
max_interval = "4s"

[fetch]
allow_private = ["127.0.0.0/8"]
spacing = "0s"
timeout = "10s"
per_host = 8

[publish]
port = {port}
max_age = "1s"

[[topic]]
id = "drug-war"
title = "Drug War"
match = '"drug war" OR "drug law" OR fentanyl OR overdose* OR tag:"drug policy" OR coca'

[[topic]]
id = "coups"
title = "Coups"
match = 'coup OR junta OR "golpe de estado"'

[[topic]]
id = "labor"
title = "Labor"
match = 'union* OR strike OR strikes OR labor OR huelga OR dockworkers'

[[topic]]
id = "policing"
title = "Policing"
match = 'police OR sheriff OR tag:policing'

[[topic]]
id = "climate"
title = "Climate"
match = 'climate OR wildfire*'

[[topic]]
id = "latin-america"
title = "Latin America"
match = 'tag:"américa latina"'
"""
