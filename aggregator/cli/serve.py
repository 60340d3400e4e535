"""`serve`: the web server."""

import errno
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import structlog
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from aggregator.cli.common import log_to_stderr
from aggregator.config import Config
from aggregator.errors import ServeError
from aggregator.site_app import create_wsgi_app
from aggregator.startup import load_config
from aggregator.store import open_store

__all__ = ["serve"]

BLOCKING_THREADS = 4
log = structlog.get_logger()


@click.command()
@click.option("--host", help="Address to listen on, instead of [publish] host.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port, instead of [publish] port.")
@click.pass_obj
def serve(path: Path, host: str | None, port: int | None) -> None:
    """Serve the pages and feeds.

    The server only reads the database, so any number of servers can run next to `aggregator ingest
    --loop`.
    """
    host, port = prepare_listening(path, host, port)
    log.info("serving", url=f"http://{host}:{port}/", site=load_config(path).site.url)
    server: Any = Granian(  # its two server classes differ in type only
        str(path),
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=BLOCKING_THREADS,
        websockets=False,
        log_level=LogLevels.warning,
        workers_kill_timeout=3,
        respawn_failed_workers=True,
    )
    server.serve(target_loader=_application)


def prepare_listening(path: Path, host: str | None, port: int | None) -> tuple[str, int]:
    """The address and port to listen on. Errors in feeds.toml or the database are raised here,
    before the server starts."""
    log_to_stderr()
    config = load_config(path)
    with open_store(config.database) as store:
        store.topics.rename(config.topics, datetime.now(UTC))
    host, port = host or config.publish.host, port or config.publish.port
    return ensure_port_free(host, port), port


_PORT_ERRORS = (errno.EADDRINUSE, errno.EACCES)


def ensure_port_free(host: str, port: int) -> str:
    """The IP address to listen on. Raises ServeError if the port is taken or the host unusable."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, UnicodeError) as error:
        is_about_port = isinstance(error, OSError) and error.errno in _PORT_ERRORS
        reason = error.strerror if isinstance(error, OSError) else "it is not a host name"
        advice = (
            "stop the program that uses it, or choose another port with --port or [publish] port"
            if is_about_port
            else "choose an address of this machine with --host or [publish] host"
        )
        raise ServeError(f"Cannot listen on {host} port {port} ({reason}); {advice}.") from error
    return str(address[0])


def _application(path: str) -> Any:
    """The application, created in the server's worker process."""
    config: Config = load_config(Path(path))
    return create_wsgi_app(config, open_store(config.database)).wsgi_app
