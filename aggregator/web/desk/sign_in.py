"""The end of every way in: a session with its cookie, and the page that was asked for."""

from urllib.parse import urlsplit

from flask import Response, abort, g, request

from aggregator.model import DeskSession
from aggregator.site.turns import CURRENT_CLIENT
from aggregator.web.desk.access import (
    COOKIE,
    SESSION_AGE,
    is_local_request,
    new_session,
    user_of_proxy,
)
from aggregator.web.desk.page import Desk

__all__ = ["client_name", "next_path", "session_by_proxy", "sign_in", "with_cookie"]


def session_by_proxy(desk: Desk, session: DeskSession | None) -> DeskSession | None:
    """The session of the operator that a trusted proxy names: the present one, or a new one, whose
    cookie is set on the response. Aborts with 403 if no operator has this name."""
    trusted = desk.config.publish.trusted_proxies
    name = user_of_proxy(desk.config.desk.user_header, trusted, request.environ)
    if not name or (session and session.operator == name):
        return session
    operator = desk.store.operators.by_name(name)
    if operator is None:
        abort(403)
    agent = request.headers.get("User-Agent", "")
    named, g.desk_cookie = new_session(desk.store, operator.name, client_name(), agent, desk.now)
    return named


def sign_in(desk: Desk, operator: str, path: str | None = None, done: str = "") -> Response:
    """A redirect with a new session of an operator, to a path or to the page that was asked for."""
    agent = request.headers.get("User-Agent", "")
    g.desk_session, token = new_session(desk.store, operator, client_name(), agent, desk.now)
    return with_cookie(desk, desk.to(next_path(desk) if path is None else path, done), token)


def client_name() -> str:
    """The address of whoever sends the request."""
    return CURRENT_CLIENT.get("") or request.remote_addr or ""


def next_path(desk: Desk) -> str:
    """The page that was asked for before the login, if it is one of the desk."""
    path = request.form.get("next", "")
    parts = urlsplit(path)
    is_own = not parts.scheme and not parts.netloc and path.startswith(f"{desk.base}/")
    return path.removeprefix(desk.base) if is_own and "\\" not in path else "/"


def with_cookie(desk: Desk, response: Response, token: str) -> Response:
    """The response with the cookie of a session."""
    is_secure = request.is_secure or desk.config.site.url.startswith("https://")
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(SESSION_AGE.total_seconds()),
        path=desk.base,
        secure=is_secure and not is_local_request(request.environ),
        httponly=True,
        samesite="Lax",
    )
    return response
