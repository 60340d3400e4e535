"""Let in only who may, whatever view is added; what every response carries."""

from collections.abc import Mapping
from urllib.parse import quote

from flask import Blueprint, Response, abort, g, jsonify, request
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from aggregator.errors import AggregatorError, StoreError
from aggregator.model import DeskSession, TokenScope
from aggregator.web.desk.access import (
    COOKIE,
    hash_token,
    is_csrf_token,
    is_local_request,
    is_own_origin,
    session_of,
)
from aggregator.web.desk.page import SECURITY_HEADERS, Desk
from aggregator.web.desk.sign_in import session_by_proxy, with_cookie

__all__ = ["PUBLIC_ENDPOINTS", "TOKEN_SCOPES", "add_guard"]

PUBLIC_ENDPOINTS = frozenset(
    ("login", "submit_login", "enter", "static", "passkey_login", "passkey_login_options")
)
"""Endpoints that answer without a session."""
TOKEN_SCOPES: Mapping[str, TokenScope] = {"api_post": "stories", "alerts_feed": "alerts"}
"""Endpoints for programs, which show a token in place of a session -> its scope."""
SECTION_OF = {
    "source": "sources", "edit_source": "sources", "save_source": "sources",
    "new_source": "sources", "add_source": "sources", "topic": "topics", "save_topic": "topics",
    "new_topic": "topics", "add_topic": "topics", "story": "stories", "save_file": "file",
    "add_operator": "operators", "tokens": "operators", "add_token": "operators",
    "passkeys": "operators",
    "post_form": "stories", "post": "stories",
}  # fmt: skip
"""Endpoint -> the section of the bar that it belongs to."""


def add_guard(blueprint: Blueprint, desk: Desk) -> None:
    """Guard every view of the blueprint."""

    @blueprint.before_request
    def check() -> Response | None:
        return _check_access(desk)

    @blueprint.after_request
    def secure(response: Response) -> Response:
        own_policy = response.headers.get("Content-Security-Policy")  # that of a mail is stricter
        response.headers.update(SECURITY_HEADERS)
        if own_policy:
            response.headers["Content-Security-Policy"] = own_policy
        if token := g.get("desk_cookie"):
            with_cookie(desk, response, token)
        return response

    @blueprint.context_processor
    def helpers() -> dict[str, object]:
        session = g.get("desk_session")
        endpoint = (request.endpoint or "").rpartition(".")[2]
        field = Markup('<input type="hidden" name="csrf" value="{}">').format(
            session.csrf_token if session else ""
        )
        failing, held = desk.store.sources.count_urgent() if session else (0, 0)
        return {
            "csrf": lambda: field,
            "current": SECTION_OF.get(endpoint, endpoint),
            "bar": {"urgent": failing, "held": held},
        }

    @blueprint.errorhandler(AggregatorError)
    def failed(error: AggregatorError) -> Response:
        if isinstance(error, StoreError) and g.get("desk_session") is None:
            raise error
        return desk.page("error.html", 400, heading="That did not work", sentence=str(error))

    @blueprint.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        code = error.code or 500
        if g.get("desk_session") is None:
            return Response(f"{code} {error.name}\n", code, mimetype="text/plain")
        sentence = SENTENCES.get(
            code, "The desk could not do this; the log of the program says why."
        )
        return desk.page(
            "error.html", code, heading=HEADINGS.get(code, "That did not work"), sentence=sentence
        )


def _check_access(desk: Desk) -> Response | None:
    g.desk_session = None
    endpoint = (request.endpoint or "").rpartition(".")[2]
    has_operators = bool(desk.store.operators.all())
    if not has_operators and not is_local_request(request.environ):
        abort(404)
    if endpoint in TOKEN_SCOPES:
        return _check_token(desk, TOKEN_SCOPES[endpoint])
    token = request.cookies.get(COOKIE, "")
    session = session_of(desk.store, token, request.environ, desk.now)
    g.desk_session = session_by_proxy(desk, session)
    is_change = request.method not in ("GET", "HEAD")
    if is_change and not is_own_origin(request.environ):
        abort(403)
    if endpoint in PUBLIC_ENDPOINTS:
        return None
    if g.desk_session is None:
        if not has_operators:
            abort(404)
        path = request.full_path.rstrip("?") if not is_change else ""
        return desk.to(f"/login?next={quote(path)}")
    if is_change and not is_csrf_token(g.desk_session, request.form.get("csrf", "")):
        abort(403)
    return None


def _check_token(desk: Desk, scope: TokenScope) -> Response | None:
    """Let in a program with a token for this: in a header (RFC 6750), or for a feed, whose reader
    sends none, in its address. What it does counts as done by its operator."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    given = token.strip() if kind.lower() == "bearer" else ""
    if scope == "alerts":
        given = given or request.args.get("token", "")
    found = desk.store.operators.use_token(hash_token(given), desk.now) if given else None
    if found is None or found.scope != scope:
        status, sentence = (
            (401, "A valid token is required.")
            if found is None
            else (403, "This token is for something else.")
        )
        response = jsonify({"error": sentence, "status": status})
        response.status_code = status
        if found is None:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response
    g.desk_session = DeskSession(
        token_hash="", operator=found.operator, csrf_token="", created_at=desk.now,
        last_seen_at=desk.now,
    )  # fmt: skip
    return None


HEADINGS = {403: "Not allowed", 404: "Not found", 405: "Not found", 413: "Too large"}
SENTENCES = {
    400: "This form is not complete; go back, reload the page and try again.",
    403: "This form is too old, or you may not do this; go back, reload the page and try again.",
    404: "There is nothing at this address.",
    405: "There is nothing at this address.",
    413: "This is too large.",
}
"""Status -> what it means at the desk."""
