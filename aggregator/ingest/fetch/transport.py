"""The ways out: straight to an address that may be asked, or through the operator's proxy.

What is checked is the address that the connection goes to, not only the name, because a
name can resolve to something else a moment later (stringer PR#1548, CommaFeed GHSA-hgrr).
A proxy that the environment names (`https_proxy`, `no_proxy`) connects in our stead; there
we can check only what the name stands for here, and the rest is up to the proxy's rules.
"""

import ipaddress
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # known to all but typeshed

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from aggregator.ingest.fetch.settings import FetchBlocked, FetchSettings
from aggregator.ingest.fetch.ssrf import IpAddress, is_allowed_address

__all__ = ["Transport", "open_transport"]

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """The connections of a run."""

    direct: aiohttp.ClientSession
    proxied: aiohttp.ClientSession
    resolver: "_CheckedResolver"
    proxies: Mapping[str, str]

    async def check(self, url: URL) -> None:
        """Raises Refused for an address that must not be asked, as far as that is known
        before a connection is made; the connection is checked again."""
        if url.scheme not in ("http", "https") or not url.host:
            raise FetchBlocked(
                f"It leads to {str(url)[:100]!r}, which is no http or https address."
            )
        try:
            address = ipaddress.ip_address(url.host.rstrip("."))
        except ValueError:
            if self._proxy(url):
                await self._check_name(url)
            return  # a name; the resolver checks what it stands for
        self.resolver.check_addresses(url.host, [address], url.port or 0)

    async def _check_name(self, url: URL) -> None:
        """As far as the name is known here; where it is not, the proxy decides what it stands
        for, but the port is ours to judge."""
        try:
            await self.resolver.resolve(url.host or "", url.port or 0, socket.AF_UNSPEC)
        except OSError:
            self.resolver.check_port(url.host or "", url.port or 0)

    def request(
        self, method: str, url: URL, **what: Any
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """One request, which follows no redirect."""
        proxy = self._proxy(url)
        if proxy:
            _check_proxy(proxy)
            return self.proxied.request(method, url, allow_redirects=False, proxy=proxy, **what)
        return self.direct.request(method, url, allow_redirects=False, **what)

    def _proxy(self, url: URL) -> str:
        if proxy_bypass_environment(f"{url.host}:{url.port}", dict(self.proxies)):
            return ""
        return self.proxies.get(url.scheme, "")


@asynccontextmanager
async def open_transport(
    limits: FetchSettings, environment: Mapping[str, str]
) -> AsyncIterator[Transport]:
    """The ways out; their connections are closed at the end."""
    resolver = _CheckedResolver(limits)
    async with AsyncExitStack() as opened:
        straight = await opened.enter_async_context(_session(limits, resolver))
        proxied = await opened.enter_async_context(_session(limits, ThreadedResolver()))
        yield Transport(
            direct=straight,
            proxied=proxied,
            resolver=resolver,
            proxies=_proxies(environment),
        )


def _session(limits: FetchSettings, resolver: AbstractResolver) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=limits.concurrency, resolver=resolver),
        headers={"User-Agent": limits.user_agent, "Accept": ACCEPT},
        timeout=aiohttp.ClientTimeout(
            total=None, sock_connect=limits.connect_timeout, sock_read=limits.read_timeout
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,  # it would send the logins of ~/.netrc, which feeds.toml does not name
    )


def _proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """`http`, `https` and `no`, as the environment names them, in small letters or capitals."""
    found: dict[str, str] = {}
    for kind in ("http", "https", "no"):
        for name in (f"{kind}_proxy", f"{kind}_proxy".upper()):
            if value := environment.get(name, "").strip():
                is_bare = kind != "no" and "://" not in value
                found.setdefault(kind, f"http://{value}" if is_bare else value)
    return found


def _check_proxy(address: str) -> None:
    """Raises Refused, without the login that may stand in the address."""
    try:
        url = URL(address)
    except ValueError:
        url = URL()
    if url.scheme != "http" or not url.host:
        raise FetchBlocked(
            "The proxy that the environment names is not one that can be used; "
            "it must be http://host:port."
        )


class _CheckedResolver(AbstractResolver):
    """Resolves names, and keeps only addresses that may be asked.

    aiohttp connects to the very addresses that come out of here, so a name that answers
    differently the second time gains nothing.
    """

    def __init__(self, limits: FetchSettings) -> None:
        self._limits = limits
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        kept = self.check_addresses(
            host, [ipaddress.ip_address(row["host"]) for row in found], port
        )
        return [row for row in found if ipaddress.ip_address(row["host"]) in kept]

    def check_addresses(self, host: str, addresses: list[IpAddress], port: int) -> list[IpAddress]:
        """Those of the addresses that may be asked. Raises Refused if none may."""
        limits = self._limits
        kept = [
            address for address in addresses if is_allowed_address(address, limits.allow_private)
        ]
        if addresses and not kept:
            raise FetchBlocked(
                f"{host} stands in a private network and is not asked; "
                "list the network in [fetch] allow_private if that is right."
            )
        inner = [a for a in kept if any(a in network for network in limits.allow_private)]
        if addresses and not inner:
            self.check_port(host, port)
        return kept if port in limits.ports else inner

    def check_port(self, host: str, port: int) -> None:
        """Raises Refused for a port that is not asked out there."""
        if port not in self._limits.ports:
            raise FetchBlocked(
                f"Port {port} of {host} is not asked; list it in [fetch] ports if that is right."
            )

    async def close(self) -> None:
        await self._resolver.close()
