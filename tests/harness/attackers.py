"""Hostile clients, six of each kind, in a process of their own: `python -m tests.harness.attackers
PORT SECONDS [ADDRESS]`.

Each of the six has an address of its own on loopback, unless all have ADDRESS.
"""

import asyncio
import random
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from urllib.parse import quote, urlencode

__all__ = ["KINDS"]

CLIENTS = 6
IDLE_CONNECTIONS = 170
"""Of each of the six: 1,020 in all."""
HEAVY_QUERY = " ".join(
    f'content:"strikes harbored plaining courts markets w{n}"~90' for n in range(9)
)


class Attacker:
    """One client at an address."""

    def __init__(self, port: int, address: str) -> None:
        self.port = port
        self.address = address

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A new connection."""
        local = (self.address, 0)
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=local)

    async def send(self, data: bytes, then: bytes = b"", pause: float = 0.0) -> None:
        """Send a beginning, then go on slowly until the server hangs up, or read its response."""
        reader, writer = await self.connect()
        try:
            writer.write(data)
            await writer.drain()
            while then and not reader.at_eof():
                await asyncio.sleep(pause)
                writer.write(then)
                await writer.drain()
            await reader.read()
        finally:
            writer.close()

    async def slow_heads(self) -> None:
        await self.send(b"GET / HTTP/1.1\r\nHost: x\r\nX: ", b"x", 0.2)

    async def slow_bodies(self) -> None:
        head = b"POST /hub HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\nhub.mode="
        await self.send(head, b"x", 0.2)

    async def idle(self) -> None:
        held = [await self.connect() for _ in range(IDLE_CONNECTIONS)]
        await asyncio.gather(*(reader.read() for reader, _ in held))
        for _, writer in held:
            writer.close()

    async def _get(self, path: str) -> None:
        await self.send(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())

    async def searches(self) -> None:
        noise = f"{random.random()}"
        await self._get(f"/search?q={quote(f'{HEAVY_QUERY} OR content:{noise}')}")

    async def hub_floods(self) -> None:
        number = random.randrange(10**9)
        form = urlencode({
            "hub.mode": "subscribe", "hub.topic": f"https://t.example/search.rss?q=a{number}",
            "hub.callback": f"http://127.0.0.1:9/{number}",
        })  # fmt: skip
        head = f"POST /hub HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(form)}"
        kind = "Content-Type: application/x-www-form-urlencoded"
        await self.send(f"{head}\r\n{kind}\r\n\r\n{form}".encode())

    async def huge_feeds(self) -> None:
        limit = random.randrange(50, 200)
        await self._get(f"/all.atom?limit={limit}&lang=en&x={random.random()}")


KINDS: tuple[Callable[[Attacker], Awaitable[None]], ...] = (
    Attacker.slow_heads, Attacker.slow_bodies, Attacker.idle, Attacker.searches,
    Attacker.hub_floods, Attacker.huge_feeds,
)  # fmt: skip


async def _repeat(attack: Callable[[Attacker], Awaitable[None]], attacker: Attacker) -> None:
    while True:
        with suppress(OSError):
            await attack(attacker)
        await asyncio.sleep(0.01)


async def _main(port: int, seconds: float, address: str) -> None:
    attackers = [Attacker(port, address or f"127.0.0.{10 + number}") for number in range(CLIENTS)]
    tasks = [asyncio.ensure_future(_repeat(kind, each)) for kind in KINDS for each in attackers]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), float(sys.argv[2]), "".join(sys.argv[3:])))
