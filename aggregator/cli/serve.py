"""`serve`: the web server."""

import errno
import multiprocessing
import os
import signal
import socket
import sys
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Lock, Thread
from time import monotonic, sleep

import click
import structlog

from aggregator.cli.common import end_with_parent, log_to_stderr, open_config
from aggregator.cli.options import NonEmptyText
from aggregator.cli.signals import (
    collect_signals,
    default_signals,
    reload_on_hangup,
    signals_blocked,
)
from aggregator.config import Config
from aggregator.config_watch import CONFIG_POLL_SECONDS, ConfigWatch, current_config
from aggregator.errors import ServeError
from aggregator.garbage import tune_gc
from aggregator.startup import rename
from aggregator.store import open_store

__all__ = ["serve"]

STOP_TIMEOUT_SECONDS = 4.0
"""How long the worker may take to stop before it is killed."""
QUICK_SECONDS = 5.0
"""A worker that ends sooner has not really served."""
MAX_QUICK_ENDS = 5
log = structlog.get_logger()


@click.command()
@click.option(
    "--host", type=NonEmptyText(), help="Address to listen on, instead of [publish] host."
)
@click.option("--port", type=click.IntRange(1, 65535), help="Port, instead of [publish] port.")
@click.option("--quiet", is_flag=True, help="Do not say where the site and the desk are.")
@click.pass_obj
def serve(path: Path, host: str | None, port: int | None, quiet: bool) -> None:
    """Serve the pages and feeds.

    The server only reads the database, so any number of servers can run next to `aggregator ingest
    --loop`.
    """
    host, port = prepare_listening(path, host, port)
    config, _ = current_config(path)
    if sys.stderr.isatty() and not quiet:
        greet(path, host, port)
    log.info("serving", url=f"http://{host}:{port}/", site=config.site.url)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    is_any = host == "::"  # IPv4 too
    with socket.create_server((host, port), family=family, dualstack_ipv6=is_any) as listening:
        _supervise(config, listening)


def _supervise(config: Config, listening: socket.socket) -> None:
    """Keep a worker serving until a signal stops it. A mistake that feeds.toml has meanwhile does
    not keep it from starting again: it uses the last good version."""
    signals = collect_signals()
    quick_ends = 0
    workers: list[BaseProcess] = []

    def reload() -> None:
        for worker in workers[-1:]:
            if worker.pid:
                os.kill(worker.pid, signal.SIGHUP)

    reload_on_hangup(reload)
    while not signals and quick_ends < MAX_QUICK_ENDS:
        arguments = (config.path, config.database, listening)
        worker = _new_process(*arguments)
        workers.append(worker)
        started = monotonic()
        with signals_blocked(signal.SIGINT, signal.SIGHUP):  # its parent stops it; it reloads later
            worker.start()
        while not signals and worker.is_alive():
            worker.join(0.2)
        if signals:
            _stop(worker)
            return
        log.error("server_ended", exit_code=worker.exitcode, action="it is started again")
        quick_ends = quick_ends + 1 if monotonic() - started < QUICK_SECONDS else 0
    if not signals:
        raise ServeError(
            "The web server keeps ending right after its start; the log above says why."
        )


def _new_process(*arguments: object) -> BaseProcess:
    """A process that will serve. On Linux it is forked, so modules are already loaded; this is safe
    because the supervisor has a single thread."""
    if sys.platform == "linux":
        fork = multiprocessing.get_context("fork")
        return fork.Process(target=_work, args=arguments, daemon=True)
    spawn = multiprocessing.get_context("spawn")
    return spawn.Process(target=_work, args=arguments, daemon=True)


def _stop(worker: BaseProcess) -> None:
    worker.terminate()
    worker.join(STOP_TIMEOUT_SECONDS)
    if worker.is_alive():
        log.warning("killed", pid=worker.pid)
        worker.kill()
        worker.join()


def _work(path: Path, database: Path, listening: socket.socket) -> None:
    """Serve, in the worker; only there the libraries for it are loaded."""
    default_signals()
    end_with_parent()
    from aggregator.site_app import create_front
    from aggregator.web.server import serve_forever

    log_to_stderr()
    config, _ = current_config(path, database=database)
    with open_store(database) as store:
        watch = ConfigWatch(replace(config, database=database), store)
        reload_on_hangup(watch.reload)
        lock = Lock()

        def reload() -> None:
            """Put a file that was just saved in force, without waiting until it has settled."""
            with lock:
                watch.reload()
                for _ in range(2):  # it must look the same twice
                    if changed := watch.poll(datetime.now(UTC)):
                        front.replace(create_front(changed, store, reload))

        def reload_forever() -> None:
            while True:
                sleep(CONFIG_POLL_SECONDS)
                with lock:
                    if changed := watch.poll(datetime.now(UTC)):
                        front.replace(create_front(changed, store, reload))

        front = create_front(watch.config, store, reload)
        Thread(target=reload_forever, daemon=True).start()
        tune_gc()
        serve_forever(front, listening)


def greet(path: Path, host: str, port: int) -> None:
    """Say where the site and the desk are, for people on a terminal. While there is no operator, a
    one-time link leads to the desk."""
    from aggregator.web.desk.access import new_link

    with open_config(path) as (config, store):
        has_operators = bool(store.operators.all())
        key = "" if has_operators else new_link(store, datetime.now(UTC))
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - compared
    site = f"http://{shown}:{port}"
    click.echo(f"{config.site.title}: {site}/", err=True)
    where = f"{site}/desk/" if has_operators else f"{site}/desk/enter?key={key}"
    hint = "" if has_operators else " (once, from this machine; then add an operator)"
    click.echo(f"Desk: {where}{hint}", err=True)
    click.echo("Ctrl-C stops it.", err=True)


def prepare_listening(path: Path, host: str | None, port: int | None) -> tuple[str, int]:
    """The address and port to listen on. Errors in feeds.toml or the database are raised here,
    before the server starts."""
    log_to_stderr()
    with open_config(path) as (config, store):
        ConfigWatch(config, store).check(datetime.now(UTC))
        rename(config, store, datetime.now(UTC))
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
