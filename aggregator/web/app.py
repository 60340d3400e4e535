"""create_app(config, store) -> Flask."""

import re
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

from flask import Flask, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from aggregator.config import Config
from aggregator.edition import Edition
from aggregator.errors import StoreError
from aggregator.store import Store
from aggregator.web.push import callbacks
from aggregator.web.shelf import Kept, Shelf

__all__ = ["create_app"]

_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src https: http:; media-src https: http:; "
    "base-uri 'none'; form-action 'none'"
)


_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}", re.ASCII)


def create_app(config: Config, store: Store) -> Flask:
    """The public site as a WSGI application."""
    app = Flask(__name__, static_folder=None)
    edition = Edition(config, store)
    root = unquote(urlsplit(config.site.url).path)
    changed = min(config.changed, datetime.now(UTC))  # a file may claim to be of tomorrow
    shelf = Shelf(edition)
    app.register_blueprint(callbacks(config, store))
    if root:  # a server in front may keep the site's folder
        app.register_blueprint(callbacks(config, store), url_prefix=root, name="push_in_folder")

    @app.get("/healthz")
    def healthz() -> Response:
        """For machines: is the database readable, and which sources fail?"""
        listed = {source.id for source in config.sources}
        health = [h for h in store.health() if h.source in listed]
        failing = [h.source for h in health if h.failing_since]
        answer = jsonify(status="ok", sources=len(listed), failing=sorted(failing))
        answer.cache_control.no_store = True
        return answer

    @app.get("/", defaults={"path": ""})
    @app.get("/<path:path>")
    def document(path: str) -> Response | BaseResponse:
        """Whatever stands at the path."""
        # behind a server that keeps the site's folder in the path, or takes it away
        path = f"/{path}"
        if root and f"{path}/".startswith(f"{root}/") and not edition.find(path):
            path = path.removeprefix(root) or "/"
        if path != "/" and path.endswith("/") and edition.find(path.rstrip("/")):
            asked = f"?{request.query_string.decode()}" if request.query_string else ""
            return redirect(f"{root}{path.rstrip('/')}{asked}", 301)  # as file servers write it
        language = request.args.get("lang", "").lower() if edition.is_list(path) else ""
        if language and not _LANGUAGE.fullmatch(language):
            return _refused('lang must be the tag of a language, such as "es" or "pt-br".')
        place = edition.find(path, language)
        kept = shelf.get(place) if place else None
        if kept is None:
            missing = edition.not_found()
            answer = Response(missing.body, 404)
            _say_what_it_is(answer, missing.media_type)
            return answer
        if leads_to := kept.document.leads_to:
            moved = redirect(f"{root}{leads_to}", 301)
            moved.cache_control.max_age = config.publish.max_age_seconds  # it may be undone
            return moved
        # what feeds.toml says stands in every document, so its own change counts as one
        return _answer(kept, max(kept.changed, changed), config.publish.max_age_seconds)

    @app.errorhandler(StoreError)
    def unavailable(error: StoreError) -> tuple[Response, int]:
        """The database cannot be read just now; the log has the reason, the world need not."""
        app.logger.error("store unavailable: %s", error)
        answer = Response("The news cannot be read just now. Try again in a minute.\n")
        answer.headers["Retry-After"] = "60"
        answer.mimetype = "text/plain"
        return answer, 503

    return app


def _refused(why: str) -> Response:
    answer = Response(f"{why}\n", 400)
    answer.mimetype = "text/plain"
    return answer


def _answer(kept: Kept, changed: datetime, max_age: int) -> Response:
    is_zipped = kept.zipped is not None and request.accept_encodings.quality("gzip") > 0
    answer = Response(kept.zipped if is_zipped else kept.document.body)
    _say_what_it_is(answer, kept.document.media_type)
    answer.set_etag(f"{kept.etag}-gzip" if is_zipped else kept.etag)
    if is_zipped:
        answer.content_encoding = "gzip"
    answer.vary.add("Accept-Encoding")
    answer.last_modified = changed
    answer.cache_control.public = True
    answer.cache_control.max_age = max_age
    # either form satisfies a reader that has the other one, and a proxy may have weakened both
    if any(request.if_none_match.contains_weak(etag) for etag in (kept.etag, f"{kept.etag}-gzip")):
        return _not_modified(answer)
    answer.make_conditional(request)
    return answer


def _say_what_it_is(answer: Response, media_type: str) -> None:
    """A page runs no scripts; a feed may be read by the pages of other sites."""
    answer.content_type = media_type
    answer.headers["X-Content-Type-Options"] = "nosniff"
    if media_type.startswith("text/html"):
        answer.headers["Content-Security-Policy"] = _PAGE_POLICY
        answer.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    else:
        answer.access_control_allow_origin = "*"


def _not_modified(answer: Response) -> Response:
    answer.status_code = 304
    answer.set_data(b"")
    for name in ("Content-Type", "Content-Length", "Content-Encoding"):
        answer.headers.pop(name, None)
    return answer
