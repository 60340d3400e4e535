"""A real Caddy with deploy/Caddyfile, with TLS by a certificate authority of its own."""

import http.client
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.harness.command_line import free_port

__all__ = ["CADDY", "CaddySite", "sample_caddy"]

CADDY = shutil.which("caddy")
CADDYFILE = Path(__file__).parent.parent.parent / "deploy" / "Caddyfile"


@dataclass(frozen=True)
class CaddySite:
    """A site that Caddy serves on a port of this machine, with a certificate that `tls` knows."""

    host: str
    port: int
    tls: ssl.SSLContext

    def connect(self) -> ssl.SSLSocket:
        """Open a TLS connection; the caller closes it."""
        plain = socket.create_connection(("127.0.0.1", self.port), 30)
        try:
            return self.tls.wrap_socket(plain, server_hostname=self.host)
        except OSError:
            plain.close()
            raise

    def request(
        self, path: str, method: str = "GET", body: bytes = b"", **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """The response and its body, as it was sent."""
        connection = http.client.HTTPSConnection(self.host, timeout=30)
        connection.sock = self.connect()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(connection):
            connection.request(method, path, body, named)
            response = connection.getresponse()
            return response, response.read()


def site_if_ready(host: str, port: int, root: Path) -> CaddySite | None:
    """The site if a TLS handshake succeeds: Caddy writes its certificates before it uses them."""
    try:
        site = CaddySite(host, port, ssl.create_default_context(cafile=str(root)))
        site.connect().close()
    except OSError:  # not listening yet, no certificate yet, or a half-written root
        return None
    return site


@contextmanager
def sample_caddy(folder: Path, program: str, host: str) -> Iterator[CaddySite]:
    """Run Caddy as `host` in front of a program at `host:port`, until the block ends."""
    port = free_port()
    text = CADDYFILE.read_text()
    for old, new in (("127.0.0.1:8080", program), ("NEWS.EXAMPLE.ORG {", f"{host}:{port} {{")):
        assert old in text
        text = text.replace(old, new)
    storage = folder / "caddy"
    (folder / "Caddyfile").write_text(
        "{\nadmin off\nlocal_certs\nskip_install_trust\nauto_https disable_redirects\n"
        f"default_bind 127.0.0.1\nstorage file_system {storage}\n}}\n{text}"
    )
    log = (folder / "caddy.log").open("wb")
    process = subprocess.Popen(
        ["caddy", "run", "--config", folder / "Caddyfile", "--adapter", "caddyfile"],
        stderr=log,
        env={"HOME": str(folder), "PATH": ""},
        executable=CADDY,
    )
    try:
        root = storage / "pki" / "authorities" / "local" / "root.crt"
        deadline = time.monotonic() + 30
        while (site := site_if_ready(host, port, root)) is None:
            assert process.poll() is None, (folder / "caddy.log").read_text()
            assert time.monotonic() < deadline, (folder / "caddy.log").read_text()
            time.sleep(0.05)
        yield site
    finally:
        process.terminate()
        process.wait(10)
        log.close()
