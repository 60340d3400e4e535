"""How many answers a second: our server, a bare Flask view under the same server, and nginx.

    a store of made-up news --aggregator serve--> a warm feed, and 304
    the same bytes --a Flask view that returns them--> under granian, set up in the same way
    the static export --nginx--> files

All three are asked by wrk, one after the other, in turns, so that a busy machine is busy for all.
"""

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aggregator import config
from aggregator.ingest.parse.parser import parse
from aggregator.model import Fetched, ParsedFeed, Validators
from aggregator.store import open_store
from benchmarks.feeds import NEWEST, make_feed
from benchmarks.stories import take_in

__all__ = ["report"]

ROUNDS, SECONDS, CONNECTIONS = 5, 3, 16
PATH = "/topics/world.atom"

HEAD = """
[site]
title = "The Commons"
url = "http://127.0.0.1"
[[topic]]
id = "world"
title = "World"
match = "NOT xyzzy"
"""

BARE = """
import sys
from flask import Flask, Response
from granian import Granian
from granian.constants import Interfaces
from aggregator.cli.serve import THREADS
from granian.log import LogLevels

body = open(sys.argv[1], "rb").read()

def load(_):
    app = Flask("bare", static_folder=None)

    @app.get("/<path:path>")
    def view(path):
        return Response(body, content_type="application/atom+xml")

    return app.wsgi_app

Granian("bare", address="127.0.0.1", port=int(sys.argv[2]), interface=Interfaces.WSGI,
        blocking_threads=THREADS, websockets=False, log_level=LogLevels.warning,
        ).serve(target_loader=load)
"""

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on; keepalive_requests 1000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  types {{ application/atom+xml atom; }}
  server {{ listen 127.0.0.1:{port}; root {root}; gzip_static on; }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rider:
    """A row of the table: what is asked of whom."""

    name: str
    url: str
    headers: Sequence[str] = ()
    status: int = 200


def report() -> str:
    """The table, as a section of docs/measurements.md."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as servers:
        folder = Path(name)
        file = _newsroom(folder)
        riders = _riders(folder, file, servers)
        rates: dict[str, list[float]] = {rider.name: [] for rider in riders}
        for rider in riders:
            _check(rider)
        for _ in range(ROUNDS):
            for rider in riders:
                rates[rider.name].append(_rate(rider))
        size = (folder / "public" / PATH[1:]).stat().st_size
    return _table(rates, size)


def _table(rates: dict[str, list[float]], size: int) -> str:
    bare = statistics.median(rates["a bare Flask view"])
    lines = "".join(
        f"| {name} | {statistics.median(found):,.0f} | {statistics.median(found) / bare:.2f} |\n"
        for name, found in rates.items()
    )
    return (
        "## Serving\n\n"
        f"A feed of {size / 1000:,.0f} KB, asked for by wrk over {CONNECTIONS} connections; the "
        f"median of {ROUNDS} turns of {SECONDS} seconds each, everything on one machine of "
        f"{os.cpu_count()} cores.\nThe Flask view returns the same bytes from memory, under the "
        "same server (granian, one worker).\n\n"
        "| what | answers/s | beside the bare view |\n|---|---|---|\n" + lines
    )


def _newsroom(folder: Path) -> Path:
    """A feeds.toml with a database of 300 articles of ten outlets."""
    file = folder / "feeds.toml"
    listed = "".join(
        f'[[source]]\nid = "o{n}"\nname = "Outlet {n}"\nfeed = "https://outlet-{n}.example/feed"\n'
        f'site = "https://outlet-{n}.example/"\n'
        for n in range(10)
    )
    file.write_text(HEAD + listed)
    read = config.read(file, {})
    store = open_store(read.database)
    store.sync(read.all_sources, NEWEST)
    sources = {source.id: source for source in read.all_sources}
    for n in range(10):
        body = make_feed(n, 30, "rich")
        parsed = parse(
            Fetched(
                url="https://x.example/",
                status=200,
                content_type="application/xml",
                body=body,
                validators=Validators(),
            )
        )
        assert isinstance(parsed, ParsedFeed)
        take_in(store, sources, sources[f"o{n}"], parsed.entries, NEWEST, read.topics)
    store.close()
    return file


def _riders(folder: Path, file: Path, servers: ExitStack) -> list[Rider]:
    public = folder / "public"
    program = [sys.executable, "-m", "aggregator", "--config", str(file)]
    subprocess.run([*program, "publish", str(public)], check=True, stdout=subprocess.DEVNULL)
    ours = servers.enter_context(_serving([*program, "serve", "--port"]))
    (folder / "bare.py").write_text(BARE)
    bare = [sys.executable, str(folder / "bare.py"), str(public / PATH[1:])]
    flask = servers.enter_context(_serving(bare))
    with urllib.request.urlopen(ours + PATH) as answer:
        etag = answer.headers["ETag"]
    riders = [
        Rider(name="a bare Flask view", url=flask + PATH),
        Rider(name="a warm feed", url=ours + PATH),
        Rider(name="a warm feed, br", url=ours + PATH, headers=["Accept-Encoding: br"]),
        Rider(name="a warm feed, with parameters", url=f"{ours}{PATH}?limit=20"),
        Rider(name="304", url=ours + PATH, headers=[f"If-None-Match: {etag}"], status=304),
    ]
    if shutil.which("nginx"):
        nginx = servers.enter_context(_nginx(folder, public))
        with urllib.request.urlopen(nginx + PATH) as answer:
            etag = answer.headers["ETag"]
        known = [f"If-None-Match: {etag}"]
        riders += [
            Rider(name="nginx, the static export", url=nginx + PATH),
            Rider(name="nginx, gzip", url=nginx + PATH, headers=["Accept-Encoding: gzip"]),
            Rider(name="nginx, 304", url=nginx + PATH, headers=known, status=304),
        ]
    return riders


@contextmanager
def _nginx(folder: Path, root: Path) -> Iterator[str]:
    port = _free_port()
    file = folder / "nginx.conf"
    file.write_text(NGINX.format(folder=folder, root=root, port=port))
    folder.chmod(0o755)  # its workers are somebody else
    with _running(["nginx", "-c", str(file)], port) as url:
        yield url


@contextmanager
def _serving(command: Sequence[str]) -> Iterator[str]:
    port = _free_port()
    with _running([*command, str(port)], port) as url:
        yield url


@contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[str]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while not _is_up(port):
            if time.monotonic() > deadline or process.poll() is not None:
                raise SystemExit(f"{command[0]} does not start.")
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _is_up(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _check(rider: Rider) -> None:
    """It answers what it is asked for."""
    headers = dict(header.split(": ", 1) for header in rider.headers)
    request = urllib.request.Request(rider.url, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        status = error.code
    if status != rider.status:
        raise SystemExit(f"{rider.name} answers {status} instead of {rider.status}.")


def _rate(rider: Rider) -> float:
    headers = [part for header in rider.headers for part in ("-H", header)]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", *headers, rider.url]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec:\s+([0-9.]+)", told)
    assert found is not None, told
    return float(found[1])
