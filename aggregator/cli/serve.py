"""`serve`: the web server."""

import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import structlog
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from aggregator.cli.common import log_to_stderr, open_config_store, read_config
from aggregator.config import Config
from aggregator.errors import ServeError
from aggregator.store import open_store
from aggregator.web import create_app

__all__ = ["serve"]

BLOCKING_THREADS = 4
log = structlog.get_logger()


@click.command()
@click.option("--host", help="Address to listen on, instead of [publish] host.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port, instead of [publish] port.")
@click.pass_obj
def serve(path: Path, host: str | None, port: int | None) -> None:
    """Serve the pages and feeds.

    It only reads the database, so it can run beside `aggregator ingest --loop`, as many times
    as you like.
    """
    host, port = prepare_listening(path, host, port)
    log.info("serving", url=f"http://{host}:{port}/", site=read_config(path).site.url)
    server: Any = Granian(  # its two kinds of server differ in type only
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
    """Where to listen. What would fail at the first request is said now."""
    log_to_stderr()
    config = read_config(path)
    with open_config_store(config) as store:
        store.rename_topics(config.topics, datetime.now(UTC))
    host, port = host or config.publish.host, port or config.publish.port
    return ensure_port_free(host, port), port


def ensure_port_free(host: str, port: int) -> str:
    """The address of a host to listen on. Raises ServeError if something listens there
    already, or nothing can."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no name of a host"
        raise ServeError(
            f"Cannot listen on {host} port {port} ({reason}); "
            "stop what uses it, or choose another with --port or [publish] port."
        ) from error
    return str(address[0])


def _application(path: str) -> Any:
    """The application, made in the server's worker process."""
    config: Config = read_config(Path(path))
    return create_app(config, open_store(config.database)).wsgi_app
