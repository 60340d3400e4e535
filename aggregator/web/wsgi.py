"""create_app(config, store) -> Flask."""

import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from flask import Blueprint, Flask, Response, jsonify, redirect, request
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Response as BaseResponse

from aggregator.config import Config
from aggregator.errors import BadRequest, StoreError
from aggregator.render.public_urls import FEED_MEDIA_TYPES
from aggregator.site import Document, PublicSite, parse_query_string
from aggregator.site.cache import DocumentCache
from aggregator.store import Store
from aggregator.web.http import ClientHeaders, HttpPolicy, HttpResponse, text_error, uncacheable
from aggregator.web.hub_views import hub_blueprint
from aggregator.web.subscriber_views import subscriber_blueprint
from aggregator.websub.topics import FeedTopics

__all__ = ["create_app"]

PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "If-None-Match, If-Modified-Since",
    "Access-Control-Max-Age": "86400",
}


def create_app(config: Config, store: Store) -> Flask:
    """The public site as a WSGI application."""
    app = Flask(__name__, static_folder=None)
    edition = PublicSite(config, store)
    root = unquote(urlsplit(config.site.url).path)
    changed = min(config.changed, datetime.now(UTC))  # a file may claim to be of tomorrow
    shelf = DocumentCache(edition)
    rules = HttpPolicy(config.publish.max_age_seconds, changed)
    for blueprint in _blueprints(config, store, edition):
        app.register_blueprint(blueprint)
        if root:  # a server in front may keep the site's folder
            app.register_blueprint(blueprint, url_prefix=root, name=f"{blueprint.name}_in_folder")

    @app.get("/healthz")
    def healthz() -> Response:
        """For machines: is the database readable, and which sources fail?"""
        listed = {source.id for source in config.sources}
        health = [h for h in store.health() if h.source in listed]
        failing = [h.source for h in health if h.failing_since]
        answer = jsonify(status="ok", sources=len(listed), failing=sorted(failing))
        answer.cache_control.no_store = True
        return answer

    @app.get("/", defaults={"path": ""}, provide_automatic_options=False)
    @app.get("/<path:path>", provide_automatic_options=False)
    def document(path: str) -> Response | BaseResponse:
        """Whatever stands at the path."""
        path = f"/{path}"
        # behind a server that keeps the site's folder in the path, or takes it away
        if root and f"{path}/".startswith(f"{root}/") and not edition.exists(path):
            path = path.removeprefix(root) or "/"
        if path != "/" and path.endswith("/") and edition.exists(path.rstrip("/")):
            query = quote(request.query_string, safe=string.printable)
            asked = f"?{query}" if query else ""
            return redirect(f"{root}{path.rstrip('/')}{asked}", 301)  # as file servers write it
        is_navigation = _is_navigation(request.environ, path)
        if is_navigation:
            path += ".html"
        text = request.query_string.decode("ascii", "replace")
        place = edition.find(path, edition.parse_params(path, parse_query_string(text)))
        kept = shelf.get(place, _request_key(request.environ)) if place else None
        if kept is None:
            return _flask_response(uncacheable(edition.made.not_found(path)))
        if kept.document.redirect_to:
            return _redirect(kept.document, root, config.publish.max_age_seconds)
        answer = rules.respond(
            kept, ClientHeaders.from_environ(request.environ), is_private=is_navigation
        )
        return _flask_response(answer)

    @app.route("/<path:path>", methods=["OPTIONS"])
    def preflight(path: str) -> Response:  # noqa: ARG001 - the same for all
        """A page of another site may ask for a feed if it has changed (CORS)."""
        return Response(status=204, headers=PREFLIGHT_HEADERS)

    @app.errorhandler(BadRequest)
    def wrong(error: BadRequest) -> Response:
        """What may be asked: as a page for people, as a sentence for readers."""
        path = request.path.removeprefix(root)
        is_feed = request.method != "GET" or path.rpartition(".")[2] in (*FEED_MEDIA_TYPES, "js")
        if is_feed and not _is_navigation(request.environ, path):
            return _flask_response(text_error(str(error)))
        return _flask_response(
            uncacheable(edition.made.bad_request(path, request.args.get("q", ""), str(error)))
        )

    @app.errorhandler(StoreError)
    def unavailable(error: StoreError) -> Response:
        """The database cannot be read just now; the log has the reason, the world need not."""
        app.logger.error("store unavailable: %s", error)
        answer = text_error("The news cannot be read just now. Try again in a minute.", 503)
        answer.headers.append(("Retry-After", "60"))
        return _flask_response(answer)

    app.wsgi_app = _CacheFirst(app.wsgi_app, shelf, rules)  # type: ignore[method-assign, assignment]  # as Flask has it
    return app


def _redirect(document: Document, root: str, max_age: int) -> BaseResponse:
    """To where the document stands now; for `max_age` seconds, since that may be undone. Nobody is
    led to the page for people, for a cache may hand that on to readers."""
    leads_to = document.redirect_to.replace(".html", "", 1)
    moved = redirect(f"{root}{leads_to}", 301 if document.is_permanent else 302)
    moved.cache_control.max_age = max_age
    moved.vary.add("Sec-Fetch-Dest")
    moved.access_control_allow_origin = "*"
    return moved


def _blueprints(config: Config, store: Store, edition: PublicSite) -> Iterator[Blueprint]:
    yield subscriber_blueprint(config, store)
    if config.publish.hub:
        yield hub_blueprint(config, store, FeedTopics(edition))


class _CacheFirst:
    """Answers what was asked before without asking Flask, if it has not changed since."""

    def __init__(
        self, app: Callable[..., Iterable[bytes]], shelf: DocumentCache, rules: HttpPolicy
    ) -> None:
        self._app = app
        self._shelf = shelf
        self._rules = rules

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            question = _request_key(environ)
            try:
                kept = self._shelf.recall(question)
            except StoreError:
                kept = None  # the application says so, and logs it
            if kept is not None and not kept.document.redirect_to:
                answer = self._rules.respond(
                    kept, ClientHeaders.from_environ(environ), is_private=question[2]
                )
                start(_STATUS[answer.status], [*answer.headers])  # a server may change the list
                return (answer.body,)
        return self._app(environ, start)


def _request_key(environ: Mapping[str, str]) -> tuple[str, str, bool]:
    """What is asked, as it was asked."""
    path = environ.get("PATH_INFO", "")
    return path, environ.get("QUERY_STRING", ""), _is_navigation(environ, path)


def _is_navigation(environ: Mapping[str, str], path: str) -> bool:
    """True if a person has opened the address of a feed in a browser. A reader does not say so,
    nor does a page that fetches it (Fetch Metadata)."""
    return (
        environ.get("HTTP_SEC_FETCH_DEST") == "document"
        and path.rpartition(".")[2] in FEED_MEDIA_TYPES
    )


def _flask_response(answer: HttpResponse) -> Response:
    response = Response(answer.body, answer.status)
    response.headers.clear()
    response.headers.extend(answer.headers)
    return response


_STATUS = {code: f"{code} {phrase}" for code, phrase in HTTP_STATUS_CODES.items()}
