"""The WSGI application."""

import os
import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeAlias
from urllib.parse import quote, unquote, urlsplit

import structlog
from flask import Blueprint, Flask, Response, redirect, request
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Response as BaseResponse

from aggregator.config import Config
from aggregator.errors import BadRequest, Overloaded, RefusedRequest, StoreError
from aggregator.render.formats import is_feed_path
from aggregator.render.jsonfeed import with_unknown_parameters
from aggregator.render.page_pictures import permitted_origins
from aggregator.site import Document, PublicSite, parse_query_string
from aggregator.site.cache import DocumentCache
from aggregator.store.base import Store
from aggregator.web.desk import desk_blueprint
from aggregator.web.health import health_blueprint
from aggregator.web.http import (
    ClientHeaders,
    HttpPolicy,
    HttpResponse,
    text_error,
    wants_json,
)
from aggregator.web.hub_views import hub_blueprint
from aggregator.web.metrics import metrics_blueprint
from aggregator.web.sign_up_views import digest_blueprint
from aggregator.web.subscriber_views import subscriber_blueprint
from aggregator.websub.topic_urls import FeedTopics

__all__ = ["CacheFirst", "WsgiApp", "create_app"]


class WsgiApp(Flask):
    """The public site; `cache_first` is its WSGI callable."""

    cache_first: "CacheFirst"


PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "If-None-Match, If-Modified-Since",
    "Access-Control-Max-Age": "86400",
}
NOT_FOUND = "There is no feed or page at this address."
GONE = "This story or feed has been removed."
UNAVAILABLE_RETRY_SECONDS = 60
OVERLOADED_RETRY_SECONDS = 10
log = structlog.get_logger()
RequestKey: TypeAlias = tuple[str, str, bool]
"""Path, query string, browser navigation or not."""


def create_app(
    config: Config,
    store: Store,
    site: PublicSite,
    topics: FeedTopics,
    reload: Callable[[], None] = lambda: None,
) -> WsgiApp:
    """The public site and the desk as a WSGI application; `reload` puts a saved feeds.toml in
    force."""
    app = WsgiApp(__name__, static_folder=None)
    prefix = unquote(urlsplit(config.site.url).path)
    max_age = config.publish.max_age_seconds
    changed_at = min(config.changed_at, datetime.now(UTC))  # a file's time may be in the future
    cache = DocumentCache(site)
    sources = {**store.sources.by_id(), **{each.id: each for each in config.all_sources}}
    policy = HttpPolicy(max_age, changed_at, permitted_origins(sources.values()))
    app.register_blueprint(health_blueprint(config, store))
    app.register_blueprint(metrics_blueprint(config, store))
    desk = desk_blueprint(config, store, os.environ, reload, prefix)
    app.register_blueprint(desk)
    if prefix:
        app.register_blueprint(desk, url_prefix=f"{prefix}/desk", name="desk_in_folder")
    forms = [digest_blueprint(config, store, site, policy)] if config.digest else []
    for blueprint in (*_websub_blueprints(config, store, topics), *forms):
        app.register_blueprint(blueprint)
        if prefix:  # a reverse proxy may keep the site's folder in the path
            name = f"{blueprint.name}_in_folder"
            app.register_blueprint(blueprint, url_prefix=prefix, name=name)

    views = _PublicViews(site, cache, policy, prefix, max_age)
    app.get("/", defaults={"path": ""}, provide_automatic_options=False)(views.document)
    app.get("/<path:path>", provide_automatic_options=False)(views.document)
    app.route("/<path:path>", methods=["OPTIONS"])(_preflight)
    app.register_error_handler(BadRequest, views.bad_request)
    app.register_error_handler(Overloaded, views.overloaded)
    app.register_error_handler(MethodNotAllowed, views.wrong_method)
    app.register_error_handler(StoreError, _unavailable)
    app.cache_first = CacheFirst(app.wsgi_app, cache, policy)
    app.wsgi_app = app.cache_first  # type: ignore[method-assign, assignment]  # as Flask's documentation has it
    return app


@dataclass(frozen=True, slots=True)
class _PublicViews:
    """Views of everything in the table of routes, and of invalid requests. `prefix` is the folder
    of the site's URL, `max_age` is in seconds."""

    site: PublicSite
    cache: DocumentCache
    policy: HttpPolicy
    prefix: str
    max_age: int

    def document(self, path: str) -> Response | BaseResponse:
        """The document at a path."""
        path, prefix, site = f"/{path}", self.prefix, self.site
        # a reverse proxy may keep the site's folder in the path, or remove it
        if prefix and f"{path}/".startswith(f"{prefix}/") and not site.exists(path):
            path = path.removeprefix(prefix) or "/"
        if path != "/" and path.endswith("/") and site.exists(path.rstrip("/")):
            query = quote(request.query_string, safe=string.printable)
            suffix = f"?{query}" if query else ""
            return redirect(f"{prefix}{path.rstrip('/')}{suffix}", 301)  # as file servers do
        is_navigation = _is_navigation(request.environ, path)
        if is_navigation:
            path += ".html"
        text = request.query_string.decode("ascii", "replace")
        given = parse_query_string(text)
        unknown = site.unknown_params(path, given) if path.endswith(".json") else []
        resource = site.find(path, site.parse_params(path, given))
        key = None if unknown else _request_key(request.environ)
        cached = self.cache.get(resource, key) if resource else None
        wants = wants_json(path, request.headers.get("Accept", ""))
        if cached is None:
            if wants or (is_feed_path(path) and not is_navigation):
                return _flask_response(text_error(NOT_FOUND, 404, as_json=wants))
            return _flask_response(self.policy.uncacheable(site.builder.not_found(path)))
        if wants and cached.document.status >= 400:
            return _flask_response(text_error(GONE, cached.document.status, as_json=True))
        if cached.document.redirect_to:
            return _redirect(cached.document, prefix, self.max_age)
        if unknown:
            body = with_unknown_parameters(cached.document.body, unknown)
            cached = cached.with_document(replace(cached.document, body=body))
        client = ClientHeaders.from_environ(request.environ)
        return _flask_response(self.policy.respond(cached, client, is_private=is_navigation))

    def bad_request(self, error: BadRequest) -> Response:
        """Respond to an invalid request."""
        return self._refuse(error, 400)

    def wrong_method(self, error: MethodNotAllowed) -> Response:
        """Respond to a method that the URL does not support (RFC 9110, section 15.5.6)."""
        methods = ", ".join(sorted(error.valid_methods or ()))
        wants = wants_json(request.path, request.headers.get("Accept", ""))
        reason = f"This address accepts only these methods: {methods}."
        response = _flask_response(text_error(reason, 405, as_json=wants))
        response.headers["Allow"] = methods
        return response

    def overloaded(self, error: Overloaded) -> Response:
        """Respond to a request that costs too much right now."""
        response = self._refuse(error, 503)
        response.headers["Retry-After"] = str(OVERLOADED_RETRY_SECONDS)
        return response

    def _refuse(self, error: RefusedRequest, status: int) -> Response:
        """Refuse a request: with a page for people, with a sentence for programs."""
        path = request.path.removeprefix(self.prefix)
        wants = wants_json(path, request.headers.get("Accept", ""))
        is_for_programs = (
            wants or request.method != "GET" or is_feed_path(path) or path.endswith(".js")
        )
        if is_for_programs and not _is_navigation(request.environ, path):
            return _flask_response(text_error(str(error), status, as_json=wants))
        q = request.args.get("q", "")
        page = self.site.builder.refusal(path, q, error, status)
        return _flask_response(self.policy.uncacheable(page))


def _preflight(path: str) -> Response:  # noqa: ARG001 - the same for all
    """Allow pages of other sites to make conditional requests for feeds (CORS)."""
    return Response(status=204, headers=PREFLIGHT_HEADERS)


def _unavailable(error: StoreError) -> Response:
    """Respond if the database cannot be read; the reason goes to the log only."""
    log.error("store_unavailable", error=str(error))
    response = text_error("The news cannot be read right now. Try again in a minute.", 503)
    response.headers.append(("Retry-After", str(UNAVAILABLE_RETRY_SECONDS)))
    return _flask_response(response)


def _redirect(document: Document, prefix: str, max_age: int) -> BaseResponse:
    """Redirect to the current URL of a document. It is cached briefly, since it may be undone.

    The target is never the page of a feed, since a cache might pass that on to feed readers.
    """
    target = document.redirect_to.replace(".html", "", 1)
    response = redirect(f"{prefix}{target}", 301 if document.is_permanent else 302)
    response.cache_control.max_age = max_age
    response.vary.add("Sec-Fetch-Dest")
    response.access_control_allow_origin = "*"
    return response


def _websub_blueprints(config: Config, store: Store, topics: FeedTopics) -> Iterator[Blueprint]:
    enabled = {source.id for source in config.sources}
    yield subscriber_blueprint(store, enabled, config.fetch.max_bytes)
    if config.publish.hub:
        yield hub_blueprint(store, topics, config.site.title)


class CacheFirst:
    """WSGI middleware that responds to a repeated request from the cache, without Flask, if nothing
    has changed since."""

    def __init__(
        self, app: Callable[..., Iterable[bytes]], cache: DocumentCache, policy: HttpPolicy
    ) -> None:
        self._app = app
        self._cache = cache
        self._policy = policy

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        response = self.recall(environ)
        if response is None:
            return self._app(environ, start)
        start(
            _STATUS_LINES[response.status], [*response.headers]
        )  # a copy, since a server may change it
        return (response.body,)

    def recall(
        self, environ: Mapping[str, Any], *, only_quick: bool = False
    ) -> HttpResponse | None:
        """The response to a repeated request, or None. It costs one query for a revision; unless
        only a quick one is asked for, the document may have to be compressed."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return None
        key = _request_key(environ)
        try:
            cached = self._cache.recall(key)
        except StoreError:
            return None  # the application handles and logs it
        if cached is None or cached.document.redirect_to:
            return None
        client = ClientHeaders.from_environ(environ)
        if only_quick and not self._policy.is_quick(cached, client):
            return None
        return self._policy.respond(cached, client, is_private=key[2])


def _request_key(environ: Mapping[str, str]) -> RequestKey:
    """Cache key: path, query string, browser navigation or not."""
    path = environ.get("PATH_INFO", "")
    return path, environ.get("QUERY_STRING", ""), _is_navigation(environ, path)


def _is_navigation(environ: Mapping[str, str], path: str) -> bool:
    """True if a person opened the URL of a feed in a browser. Feed readers do not send this header,
    and pages that fetch the feed send another value (Fetch Metadata)."""
    return environ.get("HTTP_SEC_FETCH_DEST") == "document" and is_feed_path(path)


def _flask_response(response: HttpResponse) -> Response:
    converted = Response(response.body, response.status)
    converted.headers.clear()
    converted.headers.extend(response.headers)
    return converted


_STATUS_LINES = {code: f"{code} {phrase}" for code, phrase in HTTP_STATUS_CODES.items()}
