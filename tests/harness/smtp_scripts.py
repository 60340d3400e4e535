"""Mail servers that misbehave at one point of the conversation, on loopback."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["BadMailServer", "Misbehaviour", "open_bad_mail_server"]

Misbehaviour = Literal["drop", "hang", "nonsense"]
REPLIES = {
    "EHLO": "250 ok",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "RSET": "250 ok",
    "QUIT": "221 bye",
}


@dataclass
class BadMailServer:
    """`at` is where it misbehaves: CONNECT, EHLO, MAIL, RCPT, DATA, TEXT (while it reads the mail)
    or END (after the whole mail). It behaves after `times`. Replies can be replaced."""

    port: int = 0
    at: str = ""
    how: Misbehaviour = "drop"
    times: int = 1_000_000
    replies: dict[str, str] = field(default_factory=dict)
    connections: int = 0
    mails: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    most_per_connection: int = 1_000_000

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        try:
            await self._talk(reader, writer)
        except (_Dropped, ConnectionError, asyncio.IncompleteReadError):
            pass  # the script, or the client, has ended the connection
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._reply(writer, "CONNECT", "220 bad.example")
        taken = 0
        while line := await reader.readline():
            verb = line[:4].decode("ascii", "replace").upper()
            if verb == "DATA":
                await self._reply(writer, "DATA", "354 go ahead")
                if self.replies.get("DATA", "354").startswith("354"):
                    mail = await self._read_mail(reader, writer)
                    self.mails.append(mail)
                    await self._reply(writer, "END", "250 taken")
                    taken += 1
                continue
            if verb == "RCPT":
                self.recipients.append(line.decode().split("<")[1].split(">")[0])
            if verb == "MAIL" and taken >= self.most_per_connection:
                await self._reply(writer, "LIMIT", "421 enough")
                return
            await self._reply(writer, verb, REPLIES.get(verb, "500 what?"))
            if verb == "QUIT":
                return

    async def _read_mail(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        if self.at == "TEXT" and self.times > 0:
            await reader.readline()
            await self._reply(writer, "TEXT", "")
        return await reader.readuntil(b"\r\n.\r\n")

    async def _reply(self, writer: asyncio.StreamWriter, point: str, reply: str) -> None:
        reply = self.replies.get(point, reply)
        if point == self.at and self.times > 0:
            self.times -= 1
            if self.how == "drop":
                raise _Dropped
            if self.how == "hang":
                await asyncio.sleep(3600)
            reply = "\x00\xff lorem ipsum"
        if reply:
            writer.write(reply.encode("latin-1") + b"\r\n")
            await writer.drain()


class _Dropped(Exception):
    pass


@contextmanager
def open_bad_mail_server(**options: object) -> Iterator[BadMailServer]:
    """A server in a thread, until the block ends."""
    server = BadMailServer(**options)  # type: ignore[arg-type]  # the tests know the fields
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(server.serve, "127.0.0.1", 0)

    listening = asyncio.run_coroutine_threadsafe(start(), loop).result()
    server.port = listening.sockets[0].getsockname()[1]

    async def stop() -> None:
        listening.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
