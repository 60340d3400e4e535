"""A web server that can send anything over a connection, by path."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["HostileServer", "Script", "open_hostile_press", "reply"]

Script = Callable[[socket.socket], None]
"""Handles a connection after the request headers; it is closed afterwards."""


def reply(headers: str = "", body: bytes = b"", status: str = "200 OK") -> Script:
    """A complete response, exactly as given."""
    head = f"HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n"
    return lambda connection: connection.sendall(head.encode("latin-1") + body)


class HostileServer:
    """A server with a script for each path."""

    def __init__(self, host: str, port: int, scheme: str) -> None:
        self.url = f"{scheme}://{host}:{port}"
        self.port = port
        self.requested: list[str] = []
        self._scripts: dict[str, Script] = {}

    def put(self, path: str, script: Script) -> str:
        """Set the script of a path; returns its URL."""
        self._scripts[path] = script
        return f"{self.url}{path}"

    def act(self, connection: socket.socket) -> None:
        """Read a request and run its script."""
        head = b""
        while b"\r\n\r\n" not in head:
            received = connection.recv(65536)
            if not received:
                return
            head += received
        path = head.split(b" ", 2)[1].decode("latin-1")
        self.requested.append(path)
        self._scripts[path](connection)


@contextmanager
def open_hostile_press(
    host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> Iterator[HostileServer]:
    """Run a hostile server on a free port until the block ends."""
    with socket.create_server((host, 0), backlog=64) as listener:
        press = HostileServer(host, listener.getsockname()[1], "https" if tls else "http")

        def serve(connection: socket.socket) -> None:
            with contextlib.suppress(OSError), connection:
                connection.settimeout(20)
                wrapped = tls.wrap_socket(connection, server_side=True) if tls else connection
                with wrapped:
                    press.act(wrapped)

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield press
        finally:
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)
