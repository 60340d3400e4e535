"""Connections: direct ones to allowed addresses, or through the operator's proxy.

The IP address that a connection goes to is checked, not only the name, because a name can resolve
to something else a moment later (stringer PR#1548, CommaFeed GHSA-hgrr). A proxy in the environment
(`https_proxy`, `no_proxy`) makes its own connections; then only what the name resolves to here can
be checked, and the rest is up to the proxy's rules.
"""

import ipaddress
import socket
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # missing in typeshed

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from aggregator.ingest.fetch.credentials import without_login
from aggregator.ingest.fetch.settings import FetchBlocked, FetchSettings
from aggregator.model import FailureKind
from aggregator.text.ip_addresses import IpAddress, IpNetwork, is_allowed_address

__all__ = ["DirectSession", "Transport", "open_transport"]

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)
MAX_QUOTED_CHARS = 100


@dataclass(frozen=True, slots=True)
class DirectSession:
    """Connections of one kind of request, which no other kind may use: a connection that is open
    is not checked again."""

    session: aiohttp.ClientSession
    resolver: "_CheckedResolver"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """The connections of a run."""

    public: DirectSession
    private: DirectSession
    """For sources that may reach the networks of [fetch] allow_private."""
    calls: DirectSession
    """For callbacks and hubs."""
    proxied: aiohttp.ClientSession
    proxies: Mapping[str, str]

    async def check(self, url: URL, direct: DirectSession) -> None:
        """Raise FetchBlocked if a URL must not be fetched, as far as that can be known before
        connecting; the connection is checked again."""
        if url.scheme not in ("http", "https") or not url.host:
            raise FetchBlocked(
                FailureKind.BLOCKED_ADDRESS,
                f"{without_login(str(url))[:MAX_QUOTED_CHARS]!r} is not an http or https address.",
            )
        try:
            address = ipaddress.ip_address(url.host.rstrip("."))
        except ValueError:
            if self._proxy(url):
                await _check_name(url, direct.resolver)
            return  # a name; the resolver checks what it resolves to
        direct.resolver.check_addresses(url.host, [address], url.port or 0)

    def request(
        self, method: str, url: URL, direct: DirectSession, **options: Any
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Send a request; redirects are not followed."""
        proxy = self._proxy(url)
        if proxy:
            _check_proxy(proxy)
            return self.proxied.request(method, url, allow_redirects=False, proxy=proxy, **options)
        return direct.session.request(method, url, allow_redirects=False, **options)

    def _proxy(self, url: URL) -> str:
        if proxy_bypass_environment(f"{url.host}:{url.port}", dict(self.proxies)):
            return ""
        return self.proxies.get(url.scheme, "")


@asynccontextmanager
async def open_transport(
    settings: FetchSettings, environment: Mapping[str, str]
) -> AsyncIterator[Transport]:
    """A Transport; its connections are closed at the end."""
    async with AsyncExitStack() as stack:

        async def direct(allowed: Sequence[IpNetwork]) -> DirectSession:
            resolver = _CheckedResolver(allowed, settings.ports)
            session = await stack.enter_async_context(_session(settings, resolver))
            return DirectSession(session, resolver)

        yield Transport(
            public=await direct(()),
            private=await direct(settings.allow_private),
            calls=await direct(settings.call_private),
            proxied=await stack.enter_async_context(_session(settings, ThreadedResolver())),
            proxies=_proxies(environment),
        )


async def _check_name(url: URL, resolver: "_CheckedResolver") -> None:
    """Check what a name resolves to here; if it does not, leave it to the proxy, and check the
    port only."""
    try:
        await resolver.resolve(url.host or "", url.port or 0, socket.AF_UNSPEC)
    except OSError:
        resolver.check_port(url.host or "", url.port or 0)


def _session(settings: FetchSettings, resolver: AbstractResolver) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=settings.concurrency, resolver=resolver),
        headers={"User-Agent": settings.user_agent, "Accept": ACCEPT},
        timeout=aiohttp.ClientTimeout(
            total=None, sock_connect=settings.connect_timeout, sock_read=settings.read_timeout
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,  # else aiohttp would send the logins in ~/.netrc
    )


def _proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """The values of http_proxy, https_proxy and no_proxy, in lower or upper case."""
    found: dict[str, str] = {}
    for kind in ("http", "https", "no"):
        for name in (f"{kind}_proxy", f"{kind}_proxy".upper()):
            if value := environment.get(name, "").strip():
                lacks_scheme = kind != "no" and "://" not in value
                found.setdefault(kind, f"http://{value}" if lacks_scheme else value)
    return found


def _check_proxy(address: str) -> None:
    """Raise FetchBlocked for an unusable proxy. The message omits the login it may contain."""
    try:
        url = URL(address)
    except ValueError:
        url = URL()
    if url.scheme != "http" or not url.host:
        raise FetchBlocked(
            FailureKind.PROXY,
            "The proxy in the environment cannot be used; it must be http://host:port.",
        )


class _CheckedResolver(AbstractResolver):
    """Resolves names, and keeps only allowed addresses.

    aiohttp connects to exactly the addresses that this returns, so a name that resolves differently
    the next time (DNS rebinding) cannot get around the check.
    """

    def __init__(self, allowed: Sequence[IpNetwork], ports: Collection[int]) -> None:
        self._allowed = allowed
        self._ports = ports
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        addresses = [ipaddress.ip_address(row["host"]) for row in found]
        kept = self.check_addresses(host, addresses, port)
        return [row for row in found if ipaddress.ip_address(row["host"]) in kept]

    def check_addresses(self, host: str, addresses: list[IpAddress], port: int) -> list[IpAddress]:
        """The addresses that may be fetched. Raises FetchBlocked if none may."""
        allowed = self._allowed
        kept = [address for address in addresses if is_allowed_address(address, allowed)]
        if addresses and not kept:
            raise FetchBlocked(
                FailureKind.BLOCKED_ADDRESS,
                f"{host} is on a private network, so it is not fetched; if the source's own feed "
                "is on that network, list the network in [fetch] allow_private, and the feed's "
                "host too if it has a public name.",
            )
        private = [a for a in kept if any(a in network for network in allowed)]
        if addresses and not private:
            self.check_port(host, port)
        return kept if port in self._ports else private

    def check_port(self, host: str, port: int) -> None:
        """Raise FetchBlocked for a port that is not allowed on public hosts."""
        if port not in self._ports:
            raise FetchBlocked(
                FailureKind.BLOCKED_ADDRESS,
                f"Port {port} of {host} is not allowed; to allow it, list it in [fetch] ports.",
            )

    async def close(self) -> None:
        await self._resolver.close()
