"""A real nginx with deploy/nginx.conf, in which only ports and folders are changed."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.harness.command_line import free_port

__all__ = ["NGINX", "sample_nginx"]

NGINX = shutil.which("nginx")
SAMPLE_CONFIG = Path(__file__).parent.parent.parent / "deploy" / "nginx.conf"


@contextmanager
def sample_nginx(folder: Path, program: str) -> Iterator[tuple[int, int]]:
    """Run nginx in front of a program at `host:port` and of the files in `folder / "public"`, until
    the block ends; yields the ports of both variants."""
    ports = free_port(), free_port()
    text = SAMPLE_CONFIG.read_text()
    for old, new in (
        ("127.0.0.1:8080", program),
        ("/var/cache/nginx/aggregator", str(folder / "cache")),
        ("/var/www/news", str(folder / "public")),
    ):
        assert old in text
        text = text.replace(old, new)
    for port in ports:
        text = text.replace("listen 80;", f"listen 127.0.0.1:{port};", 1)
    temp = "".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; user root; pid {folder}/pid; error_log {folder}/log;\n"
        f"worker_rlimit_nofile 8192; events {{ worker_connections 4096; }}\n"
        f"http {{ access_log off; {temp}\n{text} }}"
    )
    process = subprocess.Popen(["nginx", "-c", folder / "nginx.conf", "-e", folder / "log"])
    try:
        deadline = time.monotonic() + 10
        while not _is_up(ports[1]):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield ports
    finally:
        process.terminate()
        process.wait(10)


def _is_up(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
