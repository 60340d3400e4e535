"""Who may use the desk.

    request -> its session, by the cookie        while there are operators
            -> its session, by the one-time link  while there is none, from this machine only
            -> a new one, for the operator that a trusted proxy names, if [desk] user_header is set
            -> the login page, or 404

A session is a row of the store; its cookie is a random token of which only the hash is kept. What
changes something is a POST with the session's CSRF token, from our own pages.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from urllib.parse import urlsplit

from aggregator.model import DeskSession, Operator
from aggregator.store.base import Store
from aggregator.web.clients import is_loopback, is_proxied, is_trusted
from aggregator.web.desk.passwords import is_password

__all__ = [
    "COOKIE", "SESSION_AGE", "LoginResult", "hash_token", "is_csrf_token", "is_local_request",
    "is_own_origin", "log_in", "new_link", "new_session", "session_of", "user_of_proxy",
]  # fmt: skip

COOKIE = "aggregator_desk"
SESSION_AGE = timedelta(days=14)
"""A session that is not used for this long ends."""
FREE_FAILURES = 3
"""Wrong passwords in a row without a delay."""
MAX_DELAY = timedelta(minutes=15)
_LOCAL_NAMES = frozenset(("localhost", "127.0.0.1", "[::1]", "::1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginResult:
    """Whose name and password they are, or how long to wait before the next try; neither after a
    wrong name or password."""

    operator: Operator | None = None
    wait: timedelta = timedelta()


def hash_token(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_local_request(environ: Mapping[str, str]) -> bool:
    """True if a request comes from a browser on this machine, not through a proxy: the peer is on
    loopback, no header of a proxy is there, and the host is a name of loopback, so that no page of
    another site can lead here (DNS rebinding)."""
    is_local = is_loopback(environ.get("REMOTE_ADDR", "")) and not is_proxied(environ)
    return is_local and _host_name(environ) in _LOCAL_NAMES


def _host_name(environ: Mapping[str, str]) -> str:
    host = environ.get("HTTP_HOST", "")
    name, _, port = host.rpartition(":")
    return (name if port.isdigit() and name else host).lower()


def is_own_origin(environ: Mapping[str, str]) -> bool:
    """True if a request that changes something comes from a page of this site, as far as browsers
    say (Fetch Metadata; RFC 6454)."""
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site is not None:
        return site in ("same-origin", "none")
    origin = environ.get("HTTP_ORIGIN")
    return origin is None or urlsplit(origin).netloc == environ.get("HTTP_HOST")


def user_of_proxy(header: str | None, trusted: Sequence[str], environ: Mapping[str, str]) -> str:
    """The operator that a trusted proxy names in a header; empty if there is no such header, or
    another peer has sent it."""
    if not header:
        return ""
    networks = [ip_network(each) for each in trusted]
    if not is_trusted(environ.get("REMOTE_ADDR", ""), networks):
        return ""
    given = environ.get(f"HTTP_{header.upper().replace('-', '_')}", "")
    return given.encode("latin-1", "replace").decode("utf-8", "replace").strip()  # PEP 3333


# ---- sessions


def new_session(
    store: Store, operator: str, client: str, user_agent: str, now: datetime
) -> tuple[DeskSession, str]:
    """A new session of an operator, and the token for its cookie."""
    token = secrets.token_urlsafe(32)
    session = DeskSession(
        token_hash=hash_token(token),
        operator=operator,
        csrf_token=secrets.token_urlsafe(32),
        created_at=now,
        last_seen_at=now,
        client=client[:100],
        user_agent=user_agent[:200],
    )
    store.operators.add_session(session)
    return session, token


def session_of(
    store: Store, token: str, environ: Mapping[str, str], now: datetime
) -> DeskSession | None:
    """The session of a cookie. One by the one-time link counts on this machine only, and while
    there is no operator."""
    if not token:
        return None
    session = store.operators.session(hash_token(token), now - SESSION_AGE, now)
    if session is None:
        return None
    if session.operator:
        return session if store.operators.by_name(session.operator) else None
    is_allowed = is_local_request(environ) and not store.operators.all()
    return session if is_allowed else None


def new_link(store: Store, now: datetime) -> str:
    """The key of a new one-time link; the previous link no longer works."""
    key = secrets.token_urlsafe(24)
    store.operators.add_link(hash_token(key), now)
    return key


def log_in(store: Store, name: str, password: str, client: str, now: datetime) -> LoginResult:
    """Try a name and a password.

    After a few wrong ones in a row, for this name or from this client, each next try must wait
    twice as long; the wait says nothing about whether the name exists.
    """
    subjects = (f"name {name.casefold()[:100]}", f"client {client[:100]}")
    wait = max(_wait(store, subject, now) for subject in subjects)
    if wait > timedelta():
        return LoginResult(wait=wait)
    operator = store.operators.by_name(name)
    is_right = is_password(password, operator.password_hash if operator else "")
    if not (operator and is_right):
        for subject in subjects:
            store.operators.record_failure(subject, now)
        return LoginResult()
    for subject in subjects:
        store.operators.clear_failures(subject)
    return LoginResult(operator=operator)


def _wait(store: Store, subject: str, now: datetime) -> timedelta:
    count, last = store.operators.failures(subject)
    if count < FREE_FAILURES or last is None:
        return timedelta()
    delay = min(timedelta(seconds=2.0 ** min(count - FREE_FAILURES, 20)), MAX_DELAY)
    return max(last + delay - now, timedelta())


def is_csrf_token(session: DeskSession, token: str) -> bool:
    """True if a form has the token of its session."""
    return hmac.compare_digest(session.csrf_token.encode(), token.encode())
