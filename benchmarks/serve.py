"""Requests per second: our server, a bare Flask view on the same server, and nginx.

    a store of made-up articles --aggregator serve--> a warm feed, and 304
    the same bytes --a Flask view that returns them--> on the same server
    the static export --nginx--> files

wrk measures all three in turn, in several rounds, so that a busy machine slows all of them.
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
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aggregator.config import read_config_file
from aggregator.ingest.parse.parser import parse
from aggregator.model import Fetched, ParsedFeed, Validators
from aggregator.store import open_store
from benchmarks.feeds import NEWEST, make_feed
from benchmarks.inline import open_ingest

__all__ = ["report"]

ROUNDS, SECONDS, CONNECTIONS = 5, 3, 16
PATH = "/topics/world.atom"

CONFIG = """
[site]
title = "The Commons"
url = "http://127.0.0.1"
[[topic]]
id = "world"
title = "World"
match = "NOT xyzzy"
"""

BARE_VIEW = """
import socket, sys
from flask import Flask, Response
from aggregator.web.front import Front
from aggregator.web.server import serve_forever

body = open(sys.argv[1], "rb").read()
app = Flask("bare", static_folder=None)

@app.get("/<path:path>")
def view(path):
    return Response(body, content_type="application/atom+xml")

class Uncached:
    def recall(self, environ, only_quick=False):
        return None

    def __call__(self, environ, start):
        return app.wsgi_app(environ, start)

listening = socket.create_server(("127.0.0.1", int(sys.argv[2])))
serve_forever(Front(Uncached(), lambda path: 0), listening)
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
class Target:
    """A row of the table: a request and its expected status."""

    name: str
    url: str
    headers: Sequence[str] = ()
    status: int = 200


def report() -> str:
    """Measure and return the section in Markdown."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as servers:
        folder = Path(name)
        file = _make_site(folder)
        targets = _targets(folder, file, servers)
        rates: dict[str, list[float]] = {target.name: [] for target in targets}
        for target in targets:
            _check(target)
        for _ in range(ROUNDS):
            for target in targets:
                rates[target.name].append(_rate(target))
        size = (folder / "public" / PATH[1:]).stat().st_size
    return _table(rates, size)


def _table(rates: dict[str, list[float]], size: int) -> str:
    bare = statistics.median(rates["a bare Flask view"])
    rows = "".join(
        f"| {name} | {statistics.median(measured):,.0f} "
        f"| {statistics.median(measured) / bare:.2f} |\n"
        for name, measured in rates.items()
    )
    return (
        "## Serving\n\n"
        f"A feed of {size / 1000:,.0f} KB, requested by wrk over {CONNECTIONS} connections; the "
        f"median of {ROUNDS} rounds of {SECONDS} seconds each, everything on one machine with "
        f"{os.cpu_count()} cores.\nThe Flask view returns the same bytes from memory, on the same "
        "server (uvicorn, one worker).\n\n"
        "| what | requests/s | ratio to the bare view |\n|---|---|---|\n" + rows
    )


def _make_site(folder: Path) -> Path:
    """Write a feeds.toml and a database of 300 articles of ten outlets; return the feeds.toml."""
    file = folder / "feeds.toml"
    source_tables = "".join(
        f'[[source]]\nid = "o{n}"\nname = "Outlet {n}"\nfeed = "https://outlet-{n}.example/feed"\n'
        f'site = "https://outlet-{n}.example/"\n'
        for n in range(10)
    )
    file.write_text(CONFIG + source_tables)
    config = read_config_file(file, {})
    sources = {source.id: source for source in config.all_sources}
    with (
        closing(open_store(config.database)) as store,
        open_ingest(store, sources, config.topics) as ingest,
    ):
        store.sources.sync(config.all_sources, NEWEST)
        for n in range(10):
            parsed = parse(
                Fetched(
                    url="https://x.example/",
                    status=200,
                    content_type="application/xml",
                    body=make_feed(n, 30, "rich"),
                    validators=Validators(),
                )
            )
            assert isinstance(parsed, ParsedFeed)
            ingest(sources[f"o{n}"], parsed.entries, NEWEST)
    return file


def _targets(folder: Path, file: Path, servers: ExitStack) -> list[Target]:
    public = folder / "public"
    program = [sys.executable, "-m", "aggregator", "--config", str(file)]
    subprocess.run([*program, "publish", str(public)], check=True, stdout=subprocess.DEVNULL)
    ours = servers.enter_context(_serve([*program, "serve", "--port"]))
    (folder / "bare.py").write_text(BARE_VIEW)
    bare = [sys.executable, str(folder / "bare.py"), str(public / PATH[1:])]
    flask = servers.enter_context(_serve(bare))
    with urllib.request.urlopen(ours + PATH) as response:
        etag = response.headers["ETag"]
    targets = [
        Target(name="a bare Flask view", url=flask + PATH),
        Target(name="a warm feed", url=ours + PATH),
        Target(name="a warm feed, br", url=ours + PATH, headers=["Accept-Encoding: br"]),
        Target(name="a warm feed, with parameters", url=f"{ours}{PATH}?limit=20"),
        Target(name="304", url=ours + PATH, headers=[f"If-None-Match: {etag}"], status=304),
    ]
    if shutil.which("nginx"):
        nginx = servers.enter_context(_nginx(folder, public))
        with urllib.request.urlopen(nginx + PATH) as response:
            etag = response.headers["ETag"]
        known = [f"If-None-Match: {etag}"]
        targets += [
            Target(name="nginx, the static export", url=nginx + PATH),
            Target(name="nginx, gzip", url=nginx + PATH, headers=["Accept-Encoding: gzip"]),
            Target(name="nginx, 304", url=nginx + PATH, headers=known, status=304),
        ]
    return targets


@contextmanager
def _nginx(folder: Path, root: Path) -> Iterator[str]:
    port = _free_port()
    file = folder / "nginx.conf"
    file.write_text(NGINX.format(folder=folder, root=root, port=port))
    folder.chmod(0o755)  # its workers run as another user
    with _running(["nginx", "-c", str(file)], port) as url:
        yield url


@contextmanager
def _serve(command: Sequence[str]) -> Iterator[str]:
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
                raise SystemExit(f"{command[0]} did not start.")
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


def _check(target: Target) -> None:
    """Exit if the target does not respond with the expected status."""
    headers = dict(header.split(": ", 1) for header in target.headers)
    request = urllib.request.Request(target.url, headers=headers)
    try:
        with urllib.request.urlopen(request) as response:
            status = response.status
    except urllib.error.HTTPError as error:
        status = error.code
    if status != target.status:
        raise SystemExit(f"{target.name} responded {status} instead of {target.status}.")


def _rate(target: Target) -> float:
    headers = [part for header in target.headers for part in ("-H", header)]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", *headers, target.url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec:\s+([0-9.]+)", output)
    assert found is not None, output
    return float(found[1])
