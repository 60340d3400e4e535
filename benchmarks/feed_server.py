"""Serve feeds from many loopback addresses, one for each outlet, so that per-host limits and
the clock check do not distort the figures. nginx serves them if it is installed, else the
press of the demo, which is slower."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from aggregator.demo.press import CannedResponse, open_press

__all__ = ["loopback_address", "serve_feeds"]

ADDRESSES_PER_BLOCK = 250
TYPE = "application/rss+xml; charset=UTF-8"
_NGINX = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    default_type "{type}";
    types {{ }}
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_timeout 15;
    server {{
        listen 0.0.0.0:{port};
        root {folder}/feeds;
        {validators}
    }}
}}
"""
_NO_VALIDATORS = "etag off; if_modified_since off; add_header Last-Modified '';"


def loopback_address(number: int) -> str:
    """The loopback address of an outlet."""
    return f"127.1.{number // ADDRESSES_PER_BLOCK}.{number % ADDRESSES_PER_BLOCK + 1}"


@contextmanager
def serve_feeds(
    feeds: Mapping[str, bytes], *, has_validators: bool = True, is_one_host: bool = False
) -> Iterator[tuple[list[str], Callable[[str, bytes], None]]]:
    """The URLs of feeds, given by name, and a function that replaces one. Without validators, each
    response has the whole body; on one host, all have the same address."""
    names = list(feeds)
    with tempfile.TemporaryDirectory() as name, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        free.close()
        addresses = ["127.0.0.1" if is_one_host else loopback_address(n) for n in range(len(names))]
        urls = [
            f"http://{address}:{port}/{feed}"
            for address, feed in zip(addresses, names, strict=True)
        ]
        server = _nginx if shutil.which("nginx") else _press
        with server(Path(name), port, feeds, has_validators=has_validators) as put:
            yield urls, put


@contextmanager
def _nginx(
    folder: Path, port: int, feeds: Mapping[str, bytes], *, has_validators: bool
) -> Iterator[Callable[[str, bytes], None]]:
    (folder / "feeds").mkdir()
    folder.chmod(0o755)  # its workers run as another user

    def put(name: str, body: bytes) -> None:
        part = folder / "part"
        part.write_bytes(body)
        part.chmod(0o644)
        part.rename(folder / "feeds" / name)

    for name, body in feeds.items():
        put(name, body)
    config = folder / "nginx.conf"
    validators = "" if has_validators else _NO_VALIDATORS
    config.write_text(_NGINX.format(folder=folder, port=port, type=TYPE, validators=validators))
    process = subprocess.Popen(["nginx", "-c", str(config), "-p", str(folder)])
    try:
        _wait_for(port)
        yield put
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _press(
    folder: Path, port: int, feeds: Mapping[str, bytes], *, has_validators: bool
) -> Iterator[Callable[[str, bytes], None]]:
    del folder
    headers = {"Content-Type": TYPE} | ({} if has_validators else {"ETag": ""})
    with open_press("0.0.0.0", port) as press:

        def put(name: str, body: bytes) -> None:
            press.put(f"/{name}", CannedResponse(body=body, headers=headers))

        for name, body in feeds.items():
            put(name, body)
        yield put


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit("nginx does not answer.")
