"""`demo`: the whole program against a pretend press, on this machine alone."""

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
from aggregator.demo.articles import OUTLETS, STANDING
from aggregator.demo.press import DemoPress, open_press
from aggregator.errors import ServeError

__all__ = ["demo"]

PORT = 8080
PACE = 5.0
"""Seconds between two new articles."""
UNATTENDED = 45.0
"""Seconds that the demo runs when nobody sits at a terminal to stop it."""


@click.command()
@click.option("--seconds", type=click.FloatRange(min=1), help="Stop by itself after this time.")
def demo(seconds: float | None) -> None:
    """Try everything: a pretend press, the real program, new articles arriving.

    Twelve made-up outlets publish on this machine, in every feed format; they republish one
    another, one fails, one is slow, one sends garbage. No network is needed and nothing is
    kept. It ends with Ctrl-C, or by itself where there is no terminal.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C, with all it began
    if seconds is None and not sys.stdout.isatty():
        seconds = UNATTENDED
    with tempfile.TemporaryDirectory(prefix="aggregator-demo-") as folder, open_press() as press:
        outlets = DemoPress(press, datetime.now(UTC))
        port = _free_port()
        config = Path(folder) / "feeds.toml"
        config.write_text(_feeds_toml(press.url, port), encoding="utf-8")
        site = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "aggregator", "--config", str(config), "run"]
        with (Path(folder) / "log").open("wb") as log:
            program = subprocess.Popen(command, stderr=log, start_new_session=True)  # noqa: S603 - our own command
            try:
                _introduce(site, folder, seconds)
                _watch(program, outlets, site, seconds)
            except KeyboardInterrupt:
                click.echo("\nStopped.")
            finally:
                program.send_signal(signal.SIGTERM)
                program.wait(timeout=10)


def _introduce(site: str, folder: str, seconds: float | None) -> None:
    end = "Ctrl-C stops it." if seconds is None else f"It stops after {seconds:g} seconds."
    click.echo(
        f"A pretend press of {len(OUTLETS)} outlets is open, and the real program reads it.\n\n"
        f"  in a browser        {site}/\n"
        f"  in a feed reader    {site}/topics/drug-war.atom\n"
        f"  all topics (OPML)   {site}/topics.opml\n"
        f"  what is broken      {sys.argv[0]} --config {folder}/feeds.toml sources\n"
        f"  its log             {folder}/log\n\n{end}\n"
    )


def _watch(
    program: subprocess.Popen[bytes], outlets: DemoPress, site: str, seconds: float | None
) -> None:
    """Publish an article now and then, and say when it stands on the site."""
    began = time.monotonic()
    told: set[str] = set()
    next_article = began + PACE
    while seconds is None or time.monotonic() - began < seconds:
        if program.poll() is not None:
            raise ServeError("The program ended by itself; its log says why.")
        for item in _news(site):
            if item["id"] not in told:
                told.add(item["id"])
                click.echo(f"{_clock()}  on the site   {_line(item)}")
        if len(told) >= STANDING - 1 and time.monotonic() > next_article:
            if article := outlets.publish_next(datetime.now(UTC)):
                click.echo(f"{_clock()}  published     {article.title} ({article.outlet})")
            next_article = time.monotonic() + PACE
        time.sleep(0.3)
    click.echo(f"{_clock()}  {len(told)} stories from {len(OUTLETS)} outlets, each told once.")


def _news(site: str) -> list[dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"{site}/all.json", timeout=5) as answer:  # noqa: S310 - our own address
            items: list[dict[str, Any]] = json.load(answer)["items"]
    except (URLError, OSError):
        return []  # not up yet
    return items[::-1]


def _line(item: dict[str, Any]) -> str:
    also = [other["name"] for other in item["_source"].get("also_at", ())]
    return f"{item['title']} ({item['_source']['name']}" + (
        f", also at {', '.join(also)})" if also else ")"
    )


def _clock() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")


def _free_port() -> int:
    try:
        ensure_port_free("127.0.0.1", PORT)
    except ServeError:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            return port
    return PORT


def _feeds_toml(press: str, port: int) -> str:
    sources = "".join(
        f'\n[[source]]\nid = "{outlet.id}"\nname = "{outlet.name}"\n'
        f'feed = "{press}/{outlet.id}/feed"\nsite = "{press}/{outlet.id}/"\n'
        + ('show = "full"\n' if outlet.id == "redwood-wire" else "")
        + ('tags = { "Drug Policy" = "drug-war" }\n' if outlet.id == "night-shift" else "")
        for outlet in OUTLETS
    )
    return _HEAD.format(port=port) + sources


_HEAD = """\
[site]
title = "The Demo Commons"
url = "http://127.0.0.1:{port}"
description = "Made-up news from made-up outlets."
notice = "Everything here is invented."

[defaults]
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
